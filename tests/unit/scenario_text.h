// The text of scenario files: how they are divided into steps, and how bytes are written in them.
// tests/scenarios/README.md describes it; tests/wasm/scenario-text.mjs is the same in JavaScript.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace user_session {

struct ScenarioStep {
  int line = 0;
  std::string command;
  std::vector<std::string> expected;
};

// The commands of a scenario file. `text` is the whole file.
std::vector<ScenarioStep> parse_scenario(std::string_view text);

// The file's text with the effects of each step in the place of the expected ones.
std::string rewrite_scenario(std::string_view text,
                             const std::vector<std::vector<std::string>>& actual);

// The bytes that a text in a command stands for: `<T*N>` is T written N times, `\xNN` a byte.
std::string bytes_of(std::string_view text);

// A text that is longer than `whole_max` bytes is shown by so many at its ends.
struct Ends {
  std::size_t whole_max = 0;
  std::size_t head = 0;
  std::size_t tail = 0;
};

// These ends leave all texts whole but those that a scenario sends for their size.
inline constexpr Ends kTextEnds = {.whole_max = 2048, .head = 120, .tail = 80};

// The text in printable ASCII: whole, or its two ends and its size. The backslash is escaped as
// well if the text is binary.
std::string ends_of(std::string_view bytes, bool is_binary, const Ends& ends);

// A frame, a reason or an answer in a line of effects: whole unless it is huge, and then with the
// hash of all of it.
std::string shown(std::string_view text);

// The FNV-1a hash of bytes (datatracker.ietf.org/doc/html/rfc9923). It is shown by its lower half,
// because JavaScript can compute that without the upper one.
std::string hash_mark(std::string_view bytes);

// The parts between the separators, one at least.
std::vector<std::string> split(std::string_view text, std::string_view separator);

// The number that `digits` begins with; 0 if it begins with none.
template <typename Number>
Number number_of(std::string_view digits, int base = 10) {
  Number value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  return value;
}

}  // namespace user_session
