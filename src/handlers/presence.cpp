// Messages about presence, and the two that only ask: for the state and for a pong. Requests of
// servers for the state are in state.cpp.
#include "session.h"

namespace user_session {
Session::Refused Session::handle(const UpdatePresence& message, Step& step) {
  if (message.presence != user_.presence) {
    user_.presence = message.presence;
    user_.sequence.count_state(step.now, user_.connections);
    write_presence_updated(out_, user_.presence);
    send_to_all(out_, step);
  }
  // A device that sets the user's presence sets its own, too, in all its tabs.
  const Connection& sender = user_.connections[step.sender];
  if (sender.presence == message.presence) return std::nullopt;
  user_.connections.set_presence(sender.device_id, message.presence);
  tell_device(sender.device_id, false, kNoConnection, step);
  return std::nullopt;
}

Session::Refused Session::handle(const SyncState& /*message*/, Step& step) {
  write_state(out_, state_view(persistence_.told_last_active(user_)));
  step.effects.send(step.sender, out_);
  return std::nullopt;
}

Session::Refused Session::handle(const Ping& /*message*/, Step& step) {
  step.effects.send(step.sender, kPongFrame);
  return std::nullopt;
}

}  // namespace user_session
