// What of a session survives its instance: the row that is stored and the sockets' attachments.
#include <algorithm>

#include "attachment.h"
#include "limits.h"
#include "session.h"
#include "snapshot.h"

namespace user_session {

void Session::store(EffectList& effects) {
  stored_last_active_ = last_active_;
  out_.clear();
  encode_snapshot(active_games_, last_active_, logout_at_s_, out_);
  effects.store(out_);
}

void Session::store_nothing_but_the_logout(EffectList& effects) {
  out_.clear();
  encode_snapshot({}, 0, logout_at_s_, out_);
  effects.store(out_);
}

void Session::attach(ConnectionId connection, EffectList& effects) {
  carrier_ = connection;
  attached_last_active_ = last_active_;
  out_.clear();
  encode_attachment({.order = ++attachment_order_,
                     .last_active = last_active_,
                     .presence = presence_,
                     .expires_at = connections_[connection].expires_at,
                     .device_id = connections_[connection].device_id},
                    out_);
  effects.set_attachment(connection, out_);
}

void Session::attach_if_stale(ConnectionId connection, EffectList& effects) {
  if (connection == kNoConnection) return;
  if (last_active_ - surviving_last_active() >= kLastActiveLagMs) attach(connection, effects);
}

void Session::attach_before_telling(ConnectionId connection, EffectList& effects) {
  if (connection == kNoConnection) return;
  if (last_active_ > surviving_last_active()) attach(connection, effects);
}

TimeMs Session::surviving_last_active() const {
  return std::max(stored_last_active_, attached_last_active_);
}

}  // namespace user_session
