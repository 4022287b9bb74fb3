// What of a session survives its instance: the row that is stored and the sockets' attachments.
#include <algorithm>

#include "attachment.h"
#include "limits.h"
#include "session.h"
#include "snapshot.h"

namespace user_session {

void Session::store(EffectList& effects) {
  stored_.last_active = last_active_;
  out_.clear();
  encode_snapshot(stored_, out_);
  effects.store(out_);
}

void Session::store_logout(std::int64_t at_s, EffectList& effects) {
  logout_at_s_ = std::max(logout_at_s_, at_s);
  out_.clear();
  encode_logout(logout_at_s_, out_);
  effects.store_logout(out_);
}

void Session::attach(ConnectionId connection, EffectList& effects) {
  carrier_ = connection;
  attached_last_active_ = last_active_;
  out_.clear();
  encode_attachment({.order = ++attachment_order_,
                     .last_active = last_active_,
                     .presence = presence_,
                     .credential = connections_[connection].credential,
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
  return std::max(stored_.last_active, attached_last_active_);
}

}  // namespace user_session
