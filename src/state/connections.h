// The sockets of a user that are open now. What a device may do and what it is told does not belong
// here, nor what is known of devices that have gone (devices.h).
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "event.h"
#include "limits.h"
#include "presence.h"
#include "state/token_bucket.h"

namespace user_session {

struct Connection {
  bool is_open = false;
  ProtocolVersion version = ProtocolVersion::kVersion1;
  std::string device_id;
  std::string tab_id;
  Credential credential;
  // What the device itself said last.
  Presence presence = Presence::kOnline;
  TimeMs connected_at = 0;
  // When its last frame came, and its last heartbeat as far as it was read.
  TimeMs seen_at = 0;
  TimeMs heartbeat_at = 0;
  // What its attachment says; it has none yet, or none that may stay, if `is_attached` is false.
  bool is_attached = false;
  Presence attached_presence = Presence::kOnline;
  TimeMs attached_seen_at = 0;
  TokenBucket frames;
  // Its own part of what the user's connections share, for when the others have used that up.
  TokenBucket reserve;
  // How often it may be told that these were too many before it is closed.
  TokenBucket refusals;

  // Whether its attachment has to be written before the step ends, for it to lag by less than
  // kAttachmentLagMs.
  [[nodiscard]] bool is_attached_late() const {
    return seen_at - attached_seen_at >= kAttachmentLagMs;
  }

  // When its last frame came, as others are told: what survives the step, so that nobody is told an
  // earlier time after a sleep.
  [[nodiscard]] TimeMs told_seen_at() const {
    return is_attached_late() ? seen_at : attached_seen_at;
  }
};

class Connections {
 public:
  // The connection `id`, which must not be open.
  Connection& open(ConnectionId id, std::string_view device_id, ProtocolVersion version);
  // Takes an open connection out of the table.
  void close(ConnectionId id);
  // Lets a connection in by a credential, with which it ends.
  void grant(Connection& connection, const Credential& credential);
  // Changes what a device itself has said last, for all its connections.
  void set_presence(std::string_view device_id, Presence presence);
  // Has all attachments replaced.
  void detach_all();

  // Attachments may have to be written for more connections than the one whose frame is handled.
  // Only that one's time changes in a step, so commit need not look at all of them for a frame.
  [[nodiscard]] bool is_any_changed() const { return is_any_changed_; }
  void note_attached() { is_any_changed_ = false; }

  // An open connection.
  [[nodiscard]] Connection& operator[](ConnectionId id) { return table_[id]; }
  [[nodiscard]] const Connection& operator[](ConnectionId id) const { return table_[id]; }

  [[nodiscard]] bool is_open(ConnectionId id) const {
    return id < table_.size() && table_[id].is_open;
  }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::size_t v2_count() const { return v2_count_; }
  // One of them, kNoConnection if there is none.
  [[nodiscard]] ConnectionId any() const;
  [[nodiscard]] bool has_device(std::string_view device_id) const;
  // The connection of version 2 that has this device and this tab, kNoConnection if there is none.
  [[nodiscard]] ConnectionId find_tab(std::string_view device_id, std::string_view tab_id) const;

  // Calls `work` with the id of each open connection and the connection. It may close that one.
  template <typename Work>
  void each(Work work) {
    for (ConnectionId id = 0; id < table_.size(); ++id) {
      if (table_[id].is_open) work(id, table_[id]);
    }
  }
  template <typename Work>
  void each(Work work) const {
    for (ConnectionId id = 0; id < table_.size(); ++id) {
      if (table_[id].is_open) work(id, table_[id]);
    }
  }

  // Calls `work` with the id of each connection whose credential has ended at `now`. It closes it.
  template <typename Work>
  void each_expired(TimeMs now, Work work);

 private:
  static constexpr TimeMs kNever = std::numeric_limits<TimeMs>::max();

  // Indexed by ConnectionId.
  std::vector<Connection> table_;
  std::size_t count_ = 0;
  std::size_t v2_count_ = 0;
  // None of the credentials ends before.
  TimeMs next_expiry_ = kNever;
  bool is_any_changed_ = false;
};

template <typename Work>
void Connections::each_expired(TimeMs now, Work work) {
  if (now < next_expiry_) return;
  next_expiry_ = kNever;
  each([&](ConnectionId id, const Connection& connection) {
    const TimeMs expires_at = connection.credential.expires_at;
    if (expires_at == 0) return;
    if (expires_at > now) {
      next_expiry_ = std::min(next_expiry_, expires_at);
    } else {
      work(id);
    }
  });
}

}  // namespace user_session
