// Games as devices and servers join and leave them. What a game change looks like on the wire is in
// json/frame.h, the list itself in state/games.h.
#include "limits.h"
#include "session.h"

namespace user_session {
namespace {

constexpr Refusal kTooManyGames = {ErrorCode::kLimitReached,
                                   "activeGames is full: expected at most 256 games"};
static_assert(kActiveGamesMax == 256, "the refusal names the limit");

}  // namespace

Session::Refused Session::handle(const JoinGame& message, Step& step) {
  return join_game(message.game_id, step);
}

Session::Refused Session::handle(const LeaveGame& message, Step& step) {
  leave_game(message.game_id, step);
  return std::nullopt;
}

void Session::on(const GameJoinRequested& event, Step& step) {
  auto refusal = check_game_id(event.game_id);
  if (!refusal) refusal = join_game(event.game_id, step);
  if (refusal) return answer_refusal({kStatusBadRequest, *refusal}, step);
  write_games_answer(out_, user_.games.json());
  step.effects.answer(kStatusOk, out_);
}

void Session::on(const GameLeaveRequested& event, Step& step) {
  if (const auto refusal = check_game_id(event.game_id)) {
    return answer_refusal({kStatusBadRequest, *refusal}, step);
  }
  leave_game(event.game_id, step);
  write_games_answer(out_, user_.games.json());
  step.effects.answer(kStatusOk, out_);
}

Session::Refused Session::join_game(std::string_view game_id, Step& step) {
  const bool is_new = !user_.games.has(game_id);
  if (is_new && user_.games.is_full()) return kTooManyGames;
  if (is_new) {
    user_.games.add(game_id);
    write_game_joined(out_, game_id, user_.games.json());
    user_.sequence.count_joined(game_id, out_.size(), step.now, user_.connections);
    send_to_all(out_, step);
  }
  return std::nullopt;
}

void Session::leave_game(std::string_view game_id, Step& step) {
  const std::size_t place = user_.games.place_of(game_id);
  const bool is_there = place < user_.games.size();
  if (is_there) user_.games.remove(place);
  write_game_left(out_, game_id, user_.games.json());
  if (is_there) {
    user_.sequence.count_left(game_id, place, out_.size(), step.now, user_.connections);
  } else {
    user_.sequence.count_frame(out_, step.now, user_.connections);
  }
  send_to_all(out_, step);
}

}  // namespace user_session
