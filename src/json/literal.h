// Texts that are joined at compile time, so that a refusal's message derives from the table of what
// there is. They lie in the module as literals do.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace user_session {

// A literal as a template's argument.
template <std::size_t kSize>
struct Literal {
  // NOLINTNEXTLINE(google-explicit-constructor): so that a literal can stand where one is expected.
  consteval Literal(const char (&text)[kSize]) { std::copy_n(text, kSize, chars.begin()); }
  consteval explicit Literal(const std::array<char, kSize>& text) : chars(text) {}

  [[nodiscard]] constexpr std::string_view view() const { return {chars.data(), kSize - 1}; }

  std::array<char, kSize> chars{};
};

// The text of all parts, one after the other.
template <Literal... kParts>
struct Joined {
  static constexpr auto kChars = [] {
    std::array<char, (kParts.view().size() + ...)> chars{};
    auto at = chars.begin();
    ((at = std::copy_n(kParts.view().begin(), kParts.view().size(), at)), ...);
    return chars;
  }();
  static constexpr std::string_view kText{kChars.data(), kChars.size()};
};

}  // namespace user_session
