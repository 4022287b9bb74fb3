// The games that a user is in, in the order in which they were joined, each once.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace user_session {

class Games {
 public:
  [[nodiscard]] bool has(std::string_view game_id) const;
  [[nodiscard]] bool is_full() const;

  // Adds a game that is not there to the end.
  void add(std::string_view game_id);
  // Removes the game at `place`.
  void remove(std::size_t place);
  // Where a game stands; `size()` if it is not there.
  [[nodiscard]] std::size_t place_of(std::string_view game_id) const;
  // Takes over what is stored, or nothing at all.
  void restore(std::vector<std::string> games);

  [[nodiscard]] std::size_t size() const { return list_.size(); }
  [[nodiscard]] const std::vector<std::string>& list() const { return list_; }
  // The same as a JSON array: written at each change, sent much more often.
  [[nodiscard]] const std::string& json() const { return json_; }

  // They have changed since they were stored or restored last.
  [[nodiscard]] bool is_unstored() const { return is_unstored_; }
  void note_stored() { is_unstored_ = false; }

 private:
  void changed();

  std::vector<std::string> list_;
  std::string json_ = "[]";
  bool is_unstored_ = false;
};

}  // namespace user_session
