// When rows and attachments are written, and with what. The reading is in restore.cpp, and commit.h
// defines the words. A flag `is_unstored` means that a change is in no row yet, `is_unattached`
// that it is not in the carrier's attachment.
#include "commit.h"

#include <algorithm>

#include "check.h"
#include "format/bytes.h"
#include "limits.h"

namespace user_session {
namespace {

// Returns true if there is anything that only version 2 needs.
bool has_extension(const User& user) {
  return user.sequence.is_known() || user.runs.size() > 0 || !user.devices.all().empty() ||
         user.values.last_version() > 0;
}

}  // namespace

void Persistence::commit(User& user, Step& step) {
  const bool is_anyone_here = user.connections.count() > 0;
  if (!is_anyone_here) {
    carrier_ = kNoConnection;
    attached_last_active_ = 0;
  }
  user.sequence.finish_step(is_anyone_here, step.open_before > 0);
  user.runs.trim([&](std::string_view run) { return user.connections.has_run(run); });
  store_rows(user, step);
  const bool is_any_attached = attach_behind(user, step);
  // While the sequence runs each frame to all devices writes an attachment, and recording metrics
  // each time would cost too much.
  const bool is_due = !user.sequence.is_known() || user.meter.is_due(step.now);
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
  if (user.values.is_unstored()) store_value(user, step);
  if (user.inbox.is_unstored()) {
    const std::size_t rows = user.inbox.store(step.effects, bytes_);
    user.meter.add(Counter::kRowsWritten, static_cast<std::int64_t>(rows));
  }
}

bool Persistence::is_row_behind(const User& user, const Step& step) const {
  if (is_row_due_ || user.games.is_unstored() || user.devices.is_unstored()) return true;
  const bool is_in_value = user.values.is_unstored() && user.sequence.is_head_enough();
  if (user.sequence.is_unstored() && !is_in_value) return true;
  if (user.connections.count() > 0) return false;
  const TimeMs lag_max = step.is_logout_of_all ? 0 : kLastActiveLagMs - 1;
  return user.last_active - stored_last_active_ > lag_max;
}

void Persistence::store(User& user, Step& step) {
  stored_last_active_ = user.last_active;
  if (has_extension_ || has_extension(user)) write_extension(user);
  user.sequence.note_stored();
  user.devices.note_stored();
  bytes_.clear();
  encode_snapshot(user.games.list(), stored_last_active_, stored_extension_, snapshot_rest_,
                  bytes_);
  step.effects.store(bytes_);
  user.meter.add(Counter::kRowsWritten);
  user.games.note_stored();
  is_row_due_ = false;
}

void Persistence::store_value(User& user, Step& step) {
  shared_.clear();
  user.sequence.encode_head(shared_);
  user.sequence.note_head_stored();
  bytes_.clear();
  user.values.encode_changed(shared_, step.request, bytes_);
  step.effects.store_value(user.values.changed_slot(), bytes_);
  user.values.note_stored();
  user.meter.add(Counter::kRowsWritten);
}

void Persistence::forget_row(User& user) {
  // A device may have been told the `lastActive` of the row, which is now in no row. Without a
  // carrier this step attaches the newest (is_user_behind).
  carrier_ = kNoConnection;
  stored_last_active_ = 0;
  stored_extension_.clear();
  has_extension_ = false;
  // An attachment may hold frames that are to be forgotten, so all are written anew.
  if (has_extension(user)) user.connections.detach_all();
  // Requests and the last version stay known, and only rows survive a crash.
  is_row_due_ = user.runs.size() > 0 || user.values.last_version() > 0;
}

// Attachments

bool Persistence::attach_behind(User& user, Step& step) {
  const bool is_shared = user.has_shared();
  const bool is_sender_here = user.connections.is_open(step.sender);
  ConnectionId carrier = is_sender_here ? step.sender : user.connections.any();
  if (is_shared && user.connections.is_open(carrier_)) carrier = carrier_;
  bool is_any_attached = false;
  bool is_carrier_due = false;
  const auto attach_if_behind = [&](ConnectionId id, const Connection& connection) {
    if (!is_behind(connection, user)) return;
    if (is_shared && id == carrier) {
      is_carrier_due = true;
    } else {
      attach(id, false, user, step);
      is_any_attached = true;
    }
  };
  if (user.connections.is_any_changed()) {
    user.connections.each(attach_if_behind);
    user.connections.note_attached();
  } else if (is_sender_here) {
    attach_if_behind(step.sender, user.connections[step.sender]);
  }
  if (carrier == kNoConnection) return false;
  if (is_any_attached && !is_shared) return true;
  // The step that wakes the instance does not ask whether the attachment is old, since the event
  // that has woken it follows at once and asks.
  const bool is_old = !step.is_waking && is_stale(user, step.now);
  if (!is_any_attached && !is_carrier_due && !is_old && !is_user_behind(user)) return false;
  attach(carrier, is_shared, user, step);
  return true;
}

bool Persistence::is_behind(const Connection& connection, const User& user) {
  if (!connection.is_attached || connection.is_attached_late()) return true;
  return user.sequence.is_known() && connection.presence != connection.attached_presence;
}

bool Persistence::is_user_behind(const User& user) const {
  return !user.connections.is_open(carrier_) || user.presence != attached_presence_ ||
         user.runs.is_unattached() || user.sequence.is_unattached();
}

bool Persistence::is_stale(const User& user, TimeMs now) const {
  // The clock may have been set back, so the distance counts and not its sign.
  const auto [earlier, later] = std::minmax(now, clock_at_attaching_);
  return std::max(later - earlier, user.last_active - surviving_last_active()) >= kAttachmentLagMs;
}

void Persistence::attach(ConnectionId id, bool is_shared, User& user, Step& step) {
  Connection& connection = user.connections[id];
  const TimeMs attached_at = std::max(step.now, user.last_active);
  user.meter.note_awake_until(attached_at);
  Attachment attachment = {.order = ++order_,
                           .last_active = user.last_active,
                           .presence = user.presence,
                           .credential = connection.credential,
                           .device_id = connection.device_id,
                           .attached_at = attached_at,
                           .counted_since = user.meter.since(),
                           .metrics = user.meter.metrics(),
                           .metrics_rest = metrics_rest_,
                           .user_rest = user_rest_,
                           .version = connection.version,
                           .tab_id = connection.tab_id,
                           .run = connection.run,
                           .device_presence = connection.presence,
                           .connected_at = connection.connected_at,
                           .seen_at = connection.seen_at,
                           .rest = connection.rest};
  if (is_shared) {
    write_shared(user, room_for_shared(attachment), step.now);
    attachment.shared = shared_;
  } else if (!user.has_shared()) {
    user.sequence.note_attached();
    user.runs.note_attached();
  }
  bytes_.clear();
  encode_attachment(attachment, bytes_);
  step.effects.set_attachment(id, bytes_);
  carrier_ = id;
  attached_presence_ = user.presence;
  attached_last_active_ = user.last_active;
  clock_at_attaching_ = step.now;
  connection.is_attached = true;
  connection.attached_presence = connection.presence;
  connection.attached_seen_at = connection.seen_at;
}

void Persistence::write_shared(User& user, std::size_t room, TimeMs now) {
  const auto write = [&] {
    runs_.clear();
    append_record(runs_, [&] { user.runs.encode(runs_); });
    // The length of the first record has to fit, too.
    const std::size_t used = sizeof(std::uint32_t) + runs_.size() + rest_size(shared_rest_);
    shared_.clear();
    append_record(shared_, [&] {
      user.sequence.encode_attached(now, room > used ? room - used : 0, shared_);
    });
    shared_.append(runs_);
    append_rest(shared_, shared_rest_);
  };
  for (write(); shared_.size() > room && user.runs.size() > 0; write()) user.runs.forget_oldest();
  USER_SESSION_CHECK(shared_.size() <= room);
  user.sequence.note_attached();
  user.runs.note_attached();
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
