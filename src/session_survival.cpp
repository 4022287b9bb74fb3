// What of a session survives its instance: the row that is stored and the sockets' attachments.
#include <algorithm>

#include "attachment.h"
#include "check.h"
#include "limits.h"
#include "session.h"
#include "snapshot.h"

namespace user_session {
void Session::on(const Woken& event, EffectList& effects) {
  USER_SESSION_CHECK(!is_awake_);
  is_awake_ = true;
  user_id_ = event.user_id;
  rate_limits_ = event.rate_limits;
  is_measured_ = event.is_measured;
  restore_logout(event, effects);
  restore_stored(event, effects);
  restore_kept(event, effects);
  restore_connections(event, effects);
  restore_metrics(event);
}

void Session::restore_logout(const Woken& event, EffectList& effects) {
  if (!event.has_logout) return;
  if (auto logout = decode_logout(event.logout)) {
    logout_ = std::move(*logout);
    return;
  }
  store_logout(now_ / kMsPerSecond, effects);
  effects.log("the stored logout is damaged: it is taken to have been now");
}

void Session::restore_stored(const Woken& event, EffectList& effects) {
  if (event.has_snapshot) {
    if (auto snapshot = decode_snapshot(event.snapshot)) {
      stored_ = std::move(*snapshot);
      last_active_ = stored_.last_active;
      if (stored_.logout_at_s > logout_.at_s) store_logout(stored_.logout_at_s, effects);
      restore_extension(effects);
      write_games(games_json_, stored_.active_games);
      return;
    }
    effects.quarantine();
    effects.log(
        "the stored session is damaged or of an unknown version: it is kept aside, and the session "
        "starts empty");
    return;
  }
  if (!event.has_legacy) return;
  for (const std::string_view game : event.legacy_games) {
    if (!game.empty() && !is_active(game)) stored_.active_games.emplace_back(game);
  }
  touch(event.legacy_last_active);
  write_games(games_json_, stored_.active_games);
  effects.erase();
  store(effects);
}

void Session::restore_connections(const Woken& event, EffectList& effects) {
  bool is_any_lost = false;
  bool is_any_ended = false;
  for (const WokenConnection& woken : event.connections) {
    touch(woken.heartbeat);
    const auto attachment = decode_attachment(woken.attachment);
    if (!attachment || !restore_shared(*attachment)) {
      // Nobody knows any more what it may do.
      effects.expel(woken.connection, kTryAgainCode, "connect again");
      is_any_lost = true;
      continue;
    }
    if (is_ended_by_logout(attachment->credential)) {
      effects.expel(woken.connection, kLogoutCode, kLogoutReason);
      is_any_ended = true;
      continue;
    }
    Connection& connection =
        open_connection(woken.connection, attachment->device_id, attachment->version);
    connection.tab_id = attachment->tab_id;
    connection.presence = attachment->device_presence;
    connection.connected_at = attachment->connected_at;
    connection.seen_at = attachment->seen_at;
    connection.attached_seen_at = attachment->seen_at;
    connection.heartbeat_at = woken.heartbeat;
    grant(connection, attachment->credential);
    if (attachment->order <= attachment_order_) continue;
    attachment_order_ = attachment->order;
    carrier_ = woken.connection;
    attached_last_active_ = attachment->last_active;
    attached_at_ = attachment->attached_at;
    clock_at_attaching_ = attached_at_;
    counted_since_ = attachment->counted_since;
    metrics_ = attachment->metrics;
    presence_ = attachment->presence;
    touch(attachment->last_active);
  }
  restore_count();
  if (is_any_lost) effects.log("the attachment of a connection is damaged: it is closed");
  // The lost attachment may have been the one that knew the count.
  if (is_any_lost && journal_.is_running()) stop_count(effects);
  if (v2_count_ > 0 && !journal_.is_running()) return expel_uncounted(effects);
  // What only its attachment knew.
  if (is_any_ended && journal_.is_running() && open_count_ > 0) {
    attach(any_open_connection(), effects);
  }
}

void Session::expel_uncounted(EffectList& effects) {
  for (ConnectionId id = 0; id < connections_.size(); ++id) {
    if (!is_open(id) || connections_[id].version != ProtocolVersion::kVersion2) continue;
    expel(id, kTryAgainCode, "connect again", effects);
  }
  after_removals(effects);
}

void Session::restore_metrics(const Woken& event) {
  measured_ = metrics_;
  awake_until_ = std::max(now_, last_active_);
  metrics_.add(Counter::kWakes);
  if (carrier_ == kNoConnection) {
    counted_since_ = now_;
    return;
  }
  metrics_.add(Counter::kAsleepMs, std::max<TimeMs>(0, now_ - attached_at_));
  const auto& sockets = event.connections;
  metrics_.add(Counter::kHeartbeatsAsleep,
               std::count_if(sockets.begin(), sockets.end(), [&](const WokenConnection& woken) {
                 return woken.heartbeat > attached_at_;
               }));
}

void Session::measure(EffectList& effects) {
  if (!is_measured_) return;
  // Not into what is being written for others: attaching measures, too.
  write_metrics_point(bytes_, metrics_.since(measured_));
  effects.record_metrics(bytes_);
  measured_ = metrics_;
  measured_at_ = now_;
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
}

void Session::store_logout(std::int64_t at_s, EffectList& effects) {
  logout_.at_s = std::max(logout_.at_s, at_s);
  bytes_.clear();
  encode_logout(logout_, bytes_);
  effects.store_logout(bytes_);
}

void Session::attach(ConnectionId connection, EffectList& effects) {
  carrier_ = connection;
  attached_last_active_ = last_active_;
  attached_at_ = std::max(now_, last_active_);
  clock_at_attaching_ = now_;
  metrics_.add(Counter::kAwakeMs, std::max<TimeMs>(0, attached_at_ - awake_until_));
  awake_until_ = std::max(awake_until_, attached_at_);
  // With version 2 each frame to all attaches, and a point for each would be dear.
  const bool is_due = now_ < measured_at_ || now_ - measured_at_ >= kAttachmentLagMs;
  if (is_due || !journal_.is_running()) measure(effects);
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

void Session::save(ConnectionId connection, EffectList& effects) {
  if (connection == kNoConnection) return;
  const bool is_count_unsaved = journal_.is_running() && journal_.head().seq > surviving_seq_;
  if (is_count_unsaved || idempotency_.is_unsaved()) return attach(connection, effects);
  attach_if_stale(connection, effects);
}

void Session::attach_if_stale(ConnectionId connection, EffectList& effects) {
  if (connection == kNoConnection) return;
  // A clock that was set back has gone on, too.
  const auto [earlier, later] = std::minmax(now_, clock_at_attaching_);
  TimeMs lag = std::max(later - earlier, last_active_ - surviving_last_active());
  const Connection& carrier = connections_[connection];
  // Of a device that may vanish, or that others see, its own time counts, too.
  if (carrier.heartbeat_at > 0 || carrier.version == ProtocolVersion::kVersion2) {
    lag = std::max(lag, carrier.seen_at - carrier.attached_seen_at);
  }
  if (lag >= kAttachmentLagMs) attach(connection, effects);
}

void Session::attach_before_telling(ConnectionId connection, EffectList& effects) {
  if (connection == kNoConnection) return;
  if (last_active_ > surviving_last_active()) attach(connection, effects);
}

TimeMs Session::surviving_last_active() const {
  return std::max(stored_.last_active, attached_last_active_);
}

}  // namespace user_session
