// The requests of devices of version 2 that are done, so that one which comes again, because its
// answer was lost with a connection, is answered again but not done again. What an answer says is
// in handlers/frames.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event.h"
#include "format/bytes.h"

namespace user_session {

struct DoneRequest {
  // Of its id: two that a device chooses at random don't meet by chance, and one that chooses badly
  // fools only itself.
  std::uint64_t hash = 0;
  // The number that it was answered with.
  std::int64_t seq = 0;
  TimeMs done_at = 0;
  // It was to end a credential by which a device has come that stays.
  bool is_credential_shared = false;
};

// Those of one device: the newest kRequestsMax of the last kRequestsKeptMs.
class DoneRequests {
 public:
  // nullptr if it is not remembered.
  [[nodiscard]] const DoneRequest* find(std::string_view id, TimeMs now) const;

  void add(std::string_view id, std::int64_t seq, bool is_credential_shared, TimeMs now);

  // Whether a repetition could still come.
  [[nodiscard]] bool is_empty(TimeMs now) const;

  [[nodiscard]] std::size_t size() const { return done_.size(); }

  void encode(TimeMs now, std::string& out) const;

  // Adds what `reader` holds and is not known yet. False if it is damaged.
  bool restore(ByteReader& reader);

 private:
  void put(const DoneRequest& request, bool is_new);

  std::vector<DoneRequest> done_;
};

// Those of all devices of version 2, and what of them survives.
//
// What a device has asked for rides in the attachment of one of its own sockets. What rides in none
// of these, since the socket that had it is gone, rides in every attachment that is written, so
// that the newest has all of it, until a row has it.
class Idempotency {
 public:
  struct Device {
    std::string id;
    std::size_t open_count = 0;
    DoneRequests done = {};
    // The row knows them all, and so does the attachment of a socket of its own.
    bool is_stored = true;
    bool is_carried = true;
  };

  // A connection of the device has come, or gone.
  void opened(std::string_view device_id) { ++of(device_id).open_count; }
  void closed(std::string_view device_id, TimeMs now);

  // nullptr if the request is not remembered.
  [[nodiscard]] const DoneRequest* find(std::string_view device_id, std::string_view id,
                                        TimeMs now) const;
  void add(std::string_view device_id, std::string_view id, std::int64_t seq,
           bool is_credential_shared, TimeMs now);

  // Forgets what was done; who is connected it still knows.
  void forget(TimeMs now);

  // Something is known that would not survive with the sockets, and that no row knows.
  [[nodiscard]] bool is_unsaved() const { return is_unsaved_; }
  [[nodiscard]] bool is_unstored() const;

  // Stands for a row in the place of a device whose socket has the attachment.
  static constexpr std::string_view kRow;

  // Writes what the attachment of a device's socket tells; a row tells everything.
  void encode(std::string_view place, TimeMs now, std::string& out) const;
  // The attachment, or the row, has been written.
  void note_stored();
  void note_attached(std::string_view device_id);
  // Adds what an attachment or a row has. False if it is damaged.
  bool restore(std::string_view place, ByteReader& reader);

  [[nodiscard]] const std::vector<Device>& all() const { return devices_; }

 private:
  Device& of(std::string_view device_id);
  void forget_old(TimeMs now);
  void mark_unsaved(Device& device);

  std::vector<Device> devices_;
  bool is_unsaved_ = false;
};

}  // namespace user_session
