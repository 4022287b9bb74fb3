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
  end_until(now_ / kMsPerSecond);
  effects.log("the stored logout is damaged: it is taken to have been now");
}

void Session::end_until(std::int64_t at_s) {
  logout_.at_s = std::max(logout_.at_s, at_s);
  is_logout_due_ = true;
}

void Session::restore_stored(const Woken& event, EffectList& effects) {
  if (event.has_snapshot) {
    if (auto snapshot = decode_snapshot(event.snapshot)) {
      stored_ = std::move(*snapshot);
      last_active_ = stored_.last_active;
      if (stored_.logout_at_s > logout_.at_s) end_until(stored_.logout_at_s);
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
  is_row_due_ = true;
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
    connection.is_attached = true;
    connection.attached_presence = connection.presence;
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
    attached_presence_ = presence_;
    touch(attachment->last_active);
  }
  restore_count();
  if (is_any_lost) effects.log("the attachment of a connection is damaged: it is closed");
  // The lost attachment may have been the one that knew the count.
  if (is_any_lost && journal_.is_running()) stop_count();
  if (v2_count_ > 0 && !journal_.is_running()) return expel_uncounted(effects);
  // What only its attachment knew.
  if (is_any_ended && journal_.is_running()) carrier_ = kNoConnection;
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

}  // namespace user_session
