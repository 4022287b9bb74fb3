// The receivers of a frame: all connections, those of one version, or whoever made the request.
// The words of a frame are in json/frame.h.
#include "session.h"

namespace user_session {

void Session::send_to_all(std::string_view frame, std::string_view v2_frame, Step& step) {
  numbered_.clear();
  if (user_.connections.v2_count() > 0) {
    numbered_ = v2_frame;
    user_.sequence.stamp(numbered_);
  }
  send_by_version(frame, numbered_, step);
}

void Session::send_by_version(std::string_view frame, std::string_view v2_frame, Step& step) {
  const std::size_t v2_count = user_.connections.v2_count();
  if (v2_count == 0) return step.effects.send_to_all(frame);
  if (v2_count == user_.connections.count()) return step.effects.send_to_all(v2_frame);
  send_to(ProtocolVersion::kVersion1, frame, step);
  send_to(ProtocolVersion::kVersion2, v2_frame, step);
}

void Session::send_to(ProtocolVersion version, std::string_view frame, Step& step,
                      ConnectionId except) {
  user_.connections.each([&](ConnectionId id, const Connection& connection) {
    if (connection.version == version && id != except) step.effects.send(id, frame);
  });
}

void Session::answer_refusal(const TurnedAway& turned_away, Step& step) {
  write_error_answer(out_, turned_away.refusal);
  step.effects.answer(turned_away.status, out_);
}

StateView Session::state_view(TimeMs last_active) const {
  return {.user_id = user_.id,
          .games_json = user_.games.json(),
          .presence = user_.presence,
          .last_active = last_active};
}

}  // namespace user_session
