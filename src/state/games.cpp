// The list of games; see games.h.
#include "state/games.h"

#include <algorithm>
#include <utility>

#include "json/frame.h"
#include "limits.h"

namespace user_session {

bool Games::has(std::string_view game_id) const { return place_of(game_id) < list_.size(); }

bool Games::is_full() const { return list_.size() >= kActiveGamesMax; }

void Games::add(std::string_view game_id) {
  list_.emplace_back(game_id);
  changed();
}

void Games::remove(std::size_t place) {
  list_.erase(list_.begin() + static_cast<std::ptrdiff_t>(place));
  changed();
}

std::size_t Games::place_of(std::string_view game_id) const {
  return static_cast<std::size_t>(std::find(list_.begin(), list_.end(), game_id) - list_.begin());
}

void Games::restore(std::vector<std::string> games) {
  list_ = std::move(games);
  changed();
  is_unstored_ = false;
}

void Games::changed() {
  write_games(json_, list_);
  is_unstored_ = true;
}

}  // namespace user_session
