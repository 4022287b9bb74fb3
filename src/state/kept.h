// Kept pushes, which wait for devices that are away, and the ids by which a repeated push is
// recognized. Both have a row of their own. Who is sent a kept push is decided in
// handlers/push.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event.h"
#include "format/bytes.h"

namespace user_session {

struct KeptPush {
  // Counts the kept pushes of the user.
  std::int64_t number = 0;
  // Where it stands among the frames to all.
  Position position;
  TimeMs expires_at = 0;
  // As it was pushed.
  std::string body;
};

class KeptPushes {
 public:
  // Remembers the id of a push. False if it is known: the push is a repetition.
  bool remember(std::string_view push_id);

  // Keeps a push, and forgets the oldest ones if there are too many. Returns how many.
  std::size_t add(std::string_view body, Position position, TimeMs expires_at);

  // Forgets those that have expired. False if there was none.
  bool expire(TimeMs now);

  // The newest one that a device has got which comes from an epoch, 0 if it comes from none; 0 for
  // no push. What it was given with the first frame of a later epoch it has not got.
  [[nodiscard]] std::int64_t given(std::string_view device_id, std::int64_t since_epoch) const;
  // Notes that a device which came from an epoch has been given all there are in another. False if
  // it had them.
  bool give_all(std::string_view device_id, std::int64_t since_epoch, std::int64_t epoch);

  void forget() { *this = KeptPushes(); }

  [[nodiscard]] const std::vector<KeptPush>& all() const { return pushes_; }
  [[nodiscard]] std::size_t push_id_count() const { return push_ids_.size(); }
  // Something has changed since they were stored last.
  [[nodiscard]] bool is_unstored() const { return is_unstored_; }
  void note_stored() { is_unstored_ = false; }

  void encode(std::string& out) const;
  // False if the bytes are damaged: nothing is known then.
  bool restore(std::string_view bytes);

 private:
  struct Given {
    std::uint64_t device = 0;
    std::int64_t number = 0;
    // In which epoch it was given that, and what it had before.
    std::int64_t epoch = 0;
    std::int64_t before = 0;
  };

  std::int64_t last_number_ = 0;
  std::vector<KeptPush> pushes_;
  std::vector<Given> given_;
  // By their hashes, the oldest first.
  std::vector<std::uint64_t> push_ids_;
  bool is_unstored_ = false;
};

}  // namespace user_session
