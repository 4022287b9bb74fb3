// When rows and attachments are written, and with what. The reading is in restore.cpp, and commit.h
// defines the words. A flag `is_unstored` means that a change is in no row yet, `is_unsaved` that
// it is in no row and no attachment.
#include "commit.h"

#include <algorithm>

#include "check.h"
#include "format/hash.h"
#include "limits.h"

namespace user_session {

void Persistence::commit(User& user, Step& step) {
  const bool is_anyone_here = user.connections.count() > 0;
  if (!is_anyone_here) {
    carrier_ = kNoConnection;
    attached_last_active_ = 0;
  }
  store_rows(user, step);
  const bool is_any_attached = attach_behind(user, step);
  // While the sequence runs each frame to all devices writes an attachment, and recording metrics
  // each time would cost too much.
  const bool is_due = !user.sequence.is_running() || user.meter.is_due(step.now);
  const bool has_last_left = !is_anyone_here && step.open_before > 0;
  if (has_last_left || (is_any_attached && is_due)) record_metrics(user, step);
}

// Rows

void Persistence::store_rows(User& user, Step& step) {
  if (user.access.is_unstored()) {
    bytes_.clear();
    encode_logout(user.access.logout(), bytes_);
    step.effects.store_logout(bytes_);
    user.meter.add(Counter::kRowsWritten);
    user.access.note_stored();
  }
  if (is_row_behind(user, step)) store(user, step);
  if (user.kept.is_unstored()) {
    bytes_.clear();
    user.kept.encode(bytes_);
    step.effects.store_kept(bytes_);
    user.meter.add(Counter::kRowsWritten);
    user.kept.note_stored();
  }
}

bool Persistence::is_row_behind(const User& user, const Step& step) const {
  if (is_row_due_ || user.games.is_unstored() || user.devices.is_unstored() ||
      user.sequence.is_unstored()) {
    return true;
  }
  if (user.connections.count() > 0) return false;
  const TimeMs lag_max = step.is_logout_of_all ? 0 : kLastActiveLagMs - 1;
  return user.sequence.is_row_behind() || user.idempotency.is_unstored() ||
         user.last_active - stored_last_active_ > lag_max;
}

void Persistence::store(User& user, Step& step) {
  const bool is_anyone_here = user.connections.count() > 0;
  stored_last_active_ = user.last_active;
  if (!is_anyone_here) user.sequence.complete_row();
  if (user.sequence.head().epoch != 0) {
    write_extension(user, step.now, stored_extension_);
    user.sequence.note_stored();
    user.devices.note_stored();
    user.idempotency.note_stored();
  }
  bytes_.clear();
  encode_snapshot(user.games.list(), stored_last_active_, stored_extension_, bytes_);
  step.effects.store(bytes_);
  user.meter.add(Counter::kRowsWritten);
  user.games.note_stored();
  is_row_due_ = false;
}

void Persistence::forget_row(User& user) {
  // If the row had a newer `lastActive` than any attachment, a device may have been told it, and it
  // is now in no row. Without a carrier this step attaches it (is_user_behind).
  if (stored_last_active_ > attached_last_active_) carrier_ = kNoConnection;
  stored_last_active_ = 0;
  stored_extension_.clear();
  // Each attachment may hold frames that are to be forgotten, so all are written anew.
  if (user.sequence.head().epoch != 0) user.connections.detach_all();
}

// Attachments

bool Persistence::attach_behind(User& user, Step& step) {
  bool is_any_attached = false;
  const auto attach_if_behind = [&](ConnectionId id, const Connection& connection) {
    if (!is_behind(connection, user)) return;
    attach(id, user, step);
    is_any_attached = true;
  };
  const bool is_sender_here = user.connections.is_open(step.sender);
  const ConnectionId carrier = is_sender_here ? step.sender : user.connections.any();
  if (user.connections.is_any_changed()) {
    user.connections.each(attach_if_behind);
    user.connections.note_attached();
  } else if (is_sender_here) {
    attach_if_behind(carrier, user.connections[carrier]);
  }
  if (is_any_attached || carrier == kNoConnection) return is_any_attached;
  // The step that wakes the instance does not ask whether the attachment is old, since the event
  // that has woken it follows at once and asks.
  const bool is_old = !step.is_waking && is_stale(user, step.now);
  if (!is_old && !is_user_behind(user)) return false;
  attach(carrier, user, step);
  return true;
}

bool Persistence::is_behind(const Connection& connection, const User& user) {
  if (!connection.is_attached || connection.is_attached_late()) return true;
  return user.sequence.is_running() && connection.presence != connection.attached_presence;
}

bool Persistence::is_user_behind(const User& user) const {
  return !user.connections.is_open(carrier_) || user.presence != attached_presence_ ||
         user.idempotency.is_unsaved() || user.sequence.is_unsaved();
}

bool Persistence::is_stale(const User& user, TimeMs now) const {
  // The clock may have been set back, so the distance counts and not its sign.
  const auto [earlier, later] = std::minmax(now, clock_at_attaching_);
  return std::max(later - earlier, user.last_active - surviving_last_active()) >= kAttachmentLagMs;
}

void Persistence::attach(ConnectionId id, User& user, Step& step) {
  Connection& connection = user.connections[id];
  const TimeMs attached_at = std::max(step.now, user.last_active);
  user.meter.note_awake_until(attached_at);
  shared_.clear();
  if (user.sequence.is_running()) {
    const std::size_t room = room_for_shared(connection.device_id, connection.tab_id);
    write_shared(user, connection.device_id, step.now);
    if (shared_.size() > room) {
      // The remembered requests of many devices do not fit. The row takes them, and what is in the
      // row need not be in the attachment.
      store(user, step);
      write_shared(user, connection.device_id, step.now);
    }
    USER_SESSION_CHECK(shared_.size() <= room);
    user.sequence.note_attached();
    user.idempotency.note_attached(connection.device_id);
  }
  bytes_.clear();
  encode_attachment({.order = ++order_,
                     .last_active = user.last_active,
                     .presence = user.presence,
                     .credential = connection.credential,
                     .device_id = connection.device_id,
                     .attached_at = attached_at,
                     .counted_since = user.meter.since(),
                     .metrics = user.meter.metrics(),
                     .version = connection.version,
                     .tab_id = connection.tab_id,
                     .device_presence = connection.presence,
                     .connected_at = connection.connected_at,
                     .seen_at = connection.seen_at,
                     .shared = shared_},
                    bytes_);
  step.effects.set_attachment(id, bytes_);
  carrier_ = id;
  attached_presence_ = user.presence;
  attached_last_active_ = user.last_active;
  clock_at_attaching_ = step.now;
  connection.is_attached = true;
  connection.attached_presence = connection.presence;
  connection.attached_seen_at = connection.seen_at;
}

void Persistence::write_shared(const User& user, std::string_view device_id, TimeMs now) {
  shared_.clear();
  user.sequence.encode_attached(now, shared_);
  user.idempotency.encode(device_id, now, shared_);
}

TimeMs Persistence::surviving_last_active() const {
  return std::max(stored_last_active_, attached_last_active_);
}

TimeMs Persistence::told_last_active(const User& user) const {
  const TimeMs surviving = surviving_last_active();
  const bool is_attached_now =
      !user.connections.is_open(carrier_) || user.last_active - surviving >= kAttachmentLagMs;
  return is_attached_now ? user.last_active : surviving;
}

void Persistence::record_metrics(User& user, Step& step) {
  if (!user.meter.is_collected()) return;
  write_metrics_point(bytes_, user.meter.collect(step.now));
  step.effects.record_metrics(bytes_);
}

}  // namespace user_session
