// What has to be written at the end of a step: the one place that stores and attaches.
//
// Handlers decide and change what is known. `commit` compares it with what survives, in the rows
// and in the sockets' attachments, and writes what has fallen behind. It runs after the frames of
// the step are known, and what it writes is carried out before they go out.
#include <algorithm>

#include "attachment.h"
#include "check.h"
#include "limits.h"
#include "session.h"
#include "snapshot.h"

namespace user_session {

void Session::commit(ConnectionId carrier, bool is_waking, EffectList& effects) {
  if (is_logout_due_) store_logout(effects);
  if (is_row_behind()) store(effects);
  if (is_kept_due_) store_kept(effects);
  const bool is_any_attached = attach_behind(carrier, is_waking, effects);
  // With version 2 each frame to all attaches, and a point for each would be dear.
  const bool is_due =
      !journal_.is_running() || now_ < measured_at_ || now_ - measured_at_ >= kAttachmentLagMs;
  const bool has_last_left = open_count_ == 0 && open_before_ > 0;
  if (has_last_left || (is_any_attached && is_due)) measure(effects);
}

// Rows

bool Session::is_row_behind() const {
  if (is_row_due_ || is_device_unstored_) return true;
  if (open_count_ > 0) return false;
  const bool is_count_behind =
      journal_.is_running() && (!is_count_stored_ || stored_position_ != journal_.head());
  return is_count_behind || idempotency_.is_unstored() ||
         last_active_ - stored_.last_active >= kLastActiveLagMs;
}

void Session::store(EffectList& effects) {
  stored_.last_active = last_active_;
  if (open_count_ == 0) is_count_stored_ = true;
  if (journal_.head().epoch != 0) {
    stored_.extension.clear();
    write_extension(stored_.extension);
    stored_position_ = journal_.head();
    surviving_seq_ = stored_position_.seq;
    is_device_unstored_ = false;
    idempotency_.note_stored();
  }
  bytes_.clear();
  encode_snapshot(stored_, bytes_);
  effects.store(bytes_);
  metrics_.add(Counter::kRowsWritten);
  is_row_due_ = false;
}

void Session::store_logout(EffectList& effects) {
  bytes_.clear();
  encode_logout(logout_, bytes_);
  effects.store_logout(bytes_);
  metrics_.add(Counter::kRowsWritten);
  is_logout_due_ = false;
}

void Session::store_kept(EffectList& effects) {
  bytes_.clear();
  kept_.encode(bytes_);
  effects.store_kept(bytes_);
  metrics_.add(Counter::kRowsWritten);
  is_kept_due_ = false;
}

// Attachments

bool Session::attach_behind(ConnectionId carrier, bool is_waking, EffectList& effects) {
  bool is_any_attached = false;
  for (ConnectionId id = 0; id < connections_.size(); ++id) {
    if (!connections_[id].is_open || !is_attachment_behind(connections_[id])) continue;
    attach(id, effects);
    is_any_attached = true;
  }
  if (is_any_attached || carrier == kNoConnection) return is_any_attached;
  // The event for which the session has woken follows, and finds what is old.
  if (!is_user_behind() && (is_waking || !is_stale())) return false;
  attach(carrier, effects);
  return true;
}

bool Session::is_attachment_behind(const Connection& connection) const {
  if (!connection.is_attached) return true;
  if (connection.seen_at - connection.attached_seen_at >= kAttachmentLagMs) return true;
  return journal_.is_running() && connection.presence != connection.attached_presence;
}

bool Session::is_user_behind() const {
  if (!is_open(carrier_) || presence_ != attached_presence_ || idempotency_.is_unsaved())
    return true;
  return journal_.is_running() && journal_.head().seq > surviving_seq_;
}

bool Session::is_stale() const {
  // A clock that was set back has gone on, too.
  const auto [earlier, later] = std::minmax(now_, clock_at_attaching_);
  return std::max(later - earlier, last_active_ - surviving_last_active()) >= kAttachmentLagMs;
}

TimeMs Session::surviving_last_active() const {
  return std::max(stored_.last_active, attached_last_active_);
}

// Told

TimeMs Session::told_last_active() const {
  const TimeMs surviving = surviving_last_active();
  const bool is_attached_now =
      !is_open(carrier_) || last_active_ - surviving >= kAttachmentLagMs;
  return is_attached_now ? last_active_ : surviving;
}

TimeMs Session::told_seen_at(const Connection& connection) {
  const bool is_attached_late = connection.seen_at - connection.attached_seen_at < kAttachmentLagMs;
  return is_attached_late ? connection.attached_seen_at : connection.seen_at;
}

void Session::attach(ConnectionId connection, EffectList& effects) {
  carrier_ = connection;
  attached_last_active_ = last_active_;
  attached_at_ = std::max(now_, last_active_);
  clock_at_attaching_ = now_;
  metrics_.add(Counter::kAwakeMs, std::max<TimeMs>(0, attached_at_ - awake_until_));
  awake_until_ = std::max(awake_until_, attached_at_);
  Connection& carrier = connections_[connection];
  shared_.clear();
  if (journal_.is_running()) {
    const std::size_t room = room_for_shared(carrier.device_id, carrier.tab_id);
    write_shared(connection, shared_);
    if (shared_.size() > room) {
      // Then what many devices have asked for is in the row.
      store(effects);
      shared_.clear();
      write_shared(connection, shared_);
    }
    USER_SESSION_CHECK(shared_.size() <= room);
    surviving_seq_ = journal_.head().seq;
    idempotency_.note_attached(carrier.device_id);
  }
  attached_presence_ = presence_;
  carrier.is_attached = true;
  carrier.attached_presence = carrier.presence;
  carrier.attached_seen_at = carrier.seen_at;
  bytes_.clear();
  encode_attachment({.order = ++attachment_order_,
                     .last_active = last_active_,
                     .presence = presence_,
                     .credential = carrier.credential,
                     .device_id = carrier.device_id,
                     .attached_at = attached_at_,
                     .counted_since = counted_since_,
                     .metrics = metrics_,
                     .version = carrier.version,
                     .tab_id = carrier.tab_id,
                     .device_presence = carrier.presence,
                     .connected_at = carrier.connected_at,
                     .seen_at = carrier.seen_at,
                     .shared = shared_},
                    bytes_);
  effects.set_attachment(connection, bytes_);
}

void Session::measure(EffectList& effects) {
  if (!is_measured_) return;
  write_metrics_point(bytes_, metrics_.since(measured_));
  effects.record_metrics(bytes_);
  measured_ = metrics_;
  measured_at_ = now_;
}

}  // namespace user_session
