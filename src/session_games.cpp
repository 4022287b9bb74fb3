// The games a user is in: joined and left by devices and by servers, stored before they are told.
#include <algorithm>

#include "limits.h"
#include "session.h"

namespace user_session {
namespace {

constexpr Refusal kTooManyGames = {ErrorCode::kLimitReached,
                                   "activeGames is full: expected at most 256 games"};
static_assert(kActiveGamesMax == 256, "the refusal names the limit");

}  // namespace

std::optional<Refusal> Session::handle(const JoinGame& message, ConnectionId sender,
                                       EffectList& effects) {
  return join_game(message.game_id, sender, effects);
}

std::optional<Refusal> Session::handle(const LeaveGame& message, ConnectionId sender,
                                       EffectList& effects) {
  leave_game(message.game_id, sender, effects);
  return std::nullopt;
}

void Session::on(const GameJoinRequested& event, EffectList& effects) {
  auto refusal = check_game_id(event.game_id);
  if (!refusal) refusal = join_game(event.game_id, kNoConnection, effects);
  if (refusal) return answer_refusal(kStatusBadRequest, *refusal, effects);
  write_games_answer(out_, games_json_);
  effects.answer(kStatusOk, out_);
}

void Session::on(const GameLeaveRequested& event, EffectList& effects) {
  if (const auto refusal = check_game_id(event.game_id)) {
    return answer_refusal(kStatusBadRequest, *refusal, effects);
  }
  leave_game(event.game_id, kNoConnection, effects);
  write_games_answer(out_, games_json_);
  effects.answer(kStatusOk, out_);
}

std::optional<Refusal> Session::join_game(std::string_view game_id, ConnectionId sender,
                                          EffectList& effects) {
  auto& games = stored_.active_games;
  const bool is_new = !is_active(game_id);
  if (is_new && games.size() >= kActiveGamesMax) return kTooManyGames;
  if (!is_new) {
    note_done(sender);
    return std::nullopt;
  }
  games.emplace_back(game_id);
  write_games(games_json_, games);
  write_game_joined(out_, game_id, games_json_);
  if (continue_count()) journal_.add_joined(game_id, out_.size());
  note_done(sender);
  is_row_due_ = true;
  send_to_all(out_, effects);
  return std::nullopt;
}

void Session::leave_game(std::string_view game_id, ConnectionId sender, EffectList& effects) {
  auto& games = stored_.active_games;
  const auto game = std::find(games.begin(), games.end(), game_id);
  if (game == games.end()) {
    write_game_left(out_, game_id, games_json_);
    count_frame(out_);
    note_done(sender);
  } else {
    const auto place = static_cast<std::size_t>(game - games.begin());
    games.erase(game);
    write_games(games_json_, games);
    write_game_left(out_, game_id, games_json_);
    if (continue_count()) journal_.add_left(game_id, place, out_.size());
    note_done(sender);
    is_row_due_ = true;
  }
  send_to_all(out_, effects);
}

bool Session::is_active(std::string_view game_id) const {
  const auto& games = stored_.active_games;
  return std::find(games.begin(), games.end(), game_id) != games.end();
}

}  // namespace user_session
