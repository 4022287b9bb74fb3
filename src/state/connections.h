// The table of a user's open sockets. state/access.h says what a device may do, state/devices.h
// remembers devices that have gone, and handlers/devices.cpp tells other devices of this one.
//
// The caller chooses the id of a connection and may use it again once the connection is closed. An
// id means nothing after a sleep: Woken brings new ones for the sockets that are open.
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

// One open socket. A slot of the table whose `is_open` is false is free.
struct Connection {
  bool is_open = false;
  ProtocolVersion version = ProtocolVersion::kVersion1;
  // Id that the device has given itself, and the name of its tab; the latter is empty if it has
  // none.
  std::string device_id;
  std::string tab_id;
  // Run of the client program (state/runs.h); empty if it has not said.
  std::string run;
  // Bytes of a later release in its attachment (format/bytes.h).
  std::string rest;
  // Credential by which the connection was let in.
  Credential credential;
  // Presence of the device. All its tabs have the same, the last that any of them said.
  Presence presence = Presence::kOnline;
  TimeMs connected_at = 0;
  // Time of its last frame, or of connecting.
  TimeMs seen_at = 0;
  // Time of its last heartbeat as far as it is known; 0 if there was none.
  TimeMs heartbeat_at = 0;
  // True unless an attachment must be written in this step. The next two fields are what the
  // present attachment (commit.h) says.
  bool is_attached = false;
  Presence attached_presence = Presence::kOnline;
  TimeMs attached_seen_at = 0;
  // Tokens for its own frames.
  TokenBucket frames;
  // Tokens for its frames when the other connections have used up the rate that all share.
  TokenBucket reserve;
  // Tokens for refusals with `rate_limited`. A connection that has none left is closed.
  TokenBucket refusals;

  // Returns true if `attached_seen_at` lags by kAttachmentLagMs or more, so that this step must
  // write the attachment.
  [[nodiscard]] bool is_attached_late() const {
    return seen_at - attached_seen_at >= kAttachmentLagMs;
  }

  // Returns the time of its last frame as other devices are told it. It is the time that survives
  // this step, so after a sleep nobody is told an earlier one.
  [[nodiscard]] TimeMs told_seen_at() const {
    return is_attached_late() ? seen_at : attached_seen_at;
  }
};

// All open connections of the user. A reference to a connection is valid until the next `open`;
// after `close` it refers to an empty slot.
class Connections {
 public:
  // Opens the connection `id`, which must not be open, and returns it.
  Connection& open(ConnectionId id, std::string_view device_id, ProtocolVersion version);
  // Closes an open connection: its slot is empty afterwards.
  void close(ConnectionId id);
  // Notes the credential by which a connection is let in. each_expired finds the connection when
  // the credential expires.
  void grant(Connection& connection, const Credential& credential);
  // Sets the presence of one device, for all its connections. The user's own is in User.
  void set_presence(std::string_view device_id, Presence presence);
  // Marks every attachment to be written anew in this step. The connections stay open.
  void detach_all();

  // Returns true if this step has changed more of a connection than the time of the sender's last
  // frame. If not, commit looks at the sender alone.
  [[nodiscard]] bool is_any_changed() const { return is_any_changed_; }
  void note_attached() { is_any_changed_ = false; }

  // Returns an open connection; the caller has checked that it is open.
  [[nodiscard]] Connection& operator[](ConnectionId id) { return table_[id]; }
  [[nodiscard]] const Connection& operator[](ConnectionId id) const { return table_[id]; }

  [[nodiscard]] bool is_open(ConnectionId id) const {
    return id < table_.size() && table_[id].is_open;
  }
  // Number of open connections, and of those of version 2.
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::size_t v2_count() const { return v2_count_; }
  // Returns any open connection, or kNoConnection if there is none.
  [[nodiscard]] ConnectionId any() const;
  // Returns true if a device of this id has an open connection, in either version.
  [[nodiscard]] bool has_device(std::string_view device_id) const;
  // Returns true if an open connection is of this run.
  [[nodiscard]] bool has_run(std::string_view run) const;

  // Calls `work(id, connection)` for each open connection. `work` may close that connection.
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

  // Calls `work(id)` for each connection whose credential has expired by `now`. `work` must close
  // it.
  template <typename Work>
  void each_expired(TimeMs now, Work work);

 private:
  static constexpr TimeMs kNever = std::numeric_limits<TimeMs>::max();

  // Table of all slots, indexed by ConnectionId.
  std::vector<Connection> table_;
  std::size_t count_ = 0;
  std::size_t v2_count_ = 0;
  // Time before which no credential expires, so that most steps need not look. It may be too early
  // after a connection has closed.
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
