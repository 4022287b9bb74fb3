// The games that a user is in, in the order in which they were joined, each once. What devices are
// told of a change is in handlers/games.cpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace user_session {

// The list of games, and its JSON.
class Games {
 public:
  [[nodiscard]] bool has(std::string_view game_id) const;
  // Returns true if there are kActiveGamesMax games.
  [[nodiscard]] bool is_full() const;

  // Adds a game, which must not be there yet, to the end.
  void add(std::string_view game_id);
  // Removes the game at `place`, which must be below size().
  void remove(std::size_t place);
  // Returns the index of a game, or size() if it is not there.
  [[nodiscard]] std::size_t place_of(std::string_view game_id) const;
  // Replaces the list by what is stored, or by an empty one. It counts as stored.
  void restore(std::vector<std::string> games);

  [[nodiscard]] std::size_t size() const { return list_.size(); }
  [[nodiscard]] const std::vector<std::string>& list() const { return list_; }
  // Returns the list as a JSON array. It is kept, since it is sent much more often than it changes.
  [[nodiscard]] const std::string& json() const { return json_; }

  // True if the list has changed since it was stored or restored.
  [[nodiscard]] bool is_unstored() const { return is_unstored_; }
  void note_stored() { is_unstored_ = false; }

 private:
  void changed();

  std::vector<std::string> list_;
  std::string json_ = "[]";
  bool is_unstored_ = false;
};

}  // namespace user_session
