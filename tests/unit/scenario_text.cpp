#include "scenario_text.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace user_session {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Returns the text that `<inner>` stands for if `inner` is `T*N`.
std::optional<std::string> repetition(std::string_view inner) {
  const std::size_t star = inner.rfind('*');
  if (star == std::string_view::npos || star + 1 == inner.size()) return std::nullopt;
  const std::string_view digits = inner.substr(star + 1);
  if (!std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
  std::string out;
  for (auto left = number_of<std::size_t>(digits); left > 0; --left) out += inner.substr(0, star);
  return out;
}

std::string expand(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of("<>", 1);
    if (text.front() == '<' && end != std::string_view::npos && text[end] == '>') {
      if (const auto repeated = repetition(text.substr(1, end - 1))) {
        out += *repeated;
        text.remove_prefix(end + 1);
        continue;
      }
    }
    const std::size_t plain = std::min(end, text.size());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
  }
  return out;
}

// `\xNN` is a byte; any other escape is left to JSON.
std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] != '\\' || i + 1 == text.size()) continue;
    if (text[i + 1] == 'x' && i + 3 < text.size() && is_hex(text[i + 2]) && is_hex(text[i + 3])) {
      out.back() = static_cast<char>(number_of<unsigned>(text.substr(i + 2, 2), 16));
      i += 3;
    } else {
      out += text[++i];
    }
  }
  return out;
}

std::string escaped(std::string_view bytes, bool is_binary) {
  std::string out;
  for (const char byte : bytes) {
    const auto c = static_cast<unsigned char>(byte);
    if (c >= 0x20 && c < 0x7f && (!is_binary || c != '\\')) {
      out += byte;
    } else {
      out += {'\\', 'x', kHexDigits[c >> 4], kHexDigits[c & 0xf]};
    }
  }
  // Editors like to remove it.
  if (out.ends_with(' ')) out.replace(out.size() - 1, 1, "\\x20");
  return out;
}

bool is_effect_line(std::string_view line) { return line.starts_with("  "); }

bool is_command_line(std::string_view line) {
  return !line.empty() && line.front() != '#' && !is_effect_line(line);
}

}  // namespace

std::vector<ScenarioStep> parse_scenario(std::string_view text) {
  std::vector<ScenarioStep> steps;
  int number = 0;
  for (const std::string& line : split(text, "\n")) {
    ++number;
    if (is_command_line(line)) {
      steps.push_back({.line = number, .command = line, .expected = {}});
    } else if (is_effect_line(line) && !steps.empty()) {
      steps.back().expected.push_back(line.substr(2));
    }
  }
  return steps;
}

std::string rewrite_scenario(std::string_view text,
                             const std::vector<std::vector<std::string>>& actual) {
  std::string out;
  auto effects = actual.begin();
  for (const std::string& line : split(text, "\n")) {
    if (is_effect_line(line)) continue;
    out += line + '\n';
    if (!is_command_line(line)) continue;
    for (const std::string& effect : *effects) out += "  " + effect + '\n';
    ++effects;
  }
  out.pop_back();
  return out;
}

std::string bytes_of(std::string_view text) { return decode(expand(text)); }

std::string ends_of(std::string_view bytes, bool is_binary, const Ends& ends) {
  if (bytes.size() <= ends.whole_max) return escaped(bytes, is_binary);
  return escaped(bytes.substr(0, ends.head), is_binary) + " ... " +
         escaped(bytes.substr(bytes.size() - ends.tail), is_binary) + " (" +
         std::to_string(bytes.size()) + " bytes)";
}

std::string shown(std::string_view text) {
  const std::string line = ends_of(text, false, kTextEnds);
  return text.size() <= kTextEnds.whole_max ? line : line + ' ' + hash_mark(text);
}

std::string hash_mark(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  std::string mark = "#";
  for (int shift = 28; shift >= 0; shift -= 4) mark += kHexDigits[hash >> shift & 0xf];
  return mark;
}

std::vector<std::string> split(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  std::size_t end = 0;
  while ((end = text.find(separator)) != std::string_view::npos) {
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end + separator.size());
  }
  parts.emplace_back(text);
  return parts;
}

}  // namespace user_session
