// Texts that are joined at compile time, so that a refusal's message derives from the table of what
// there is. They lie in the module as literals do.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace user_session {

// A literal as a template's argument.
template <std::size_t Size>
struct Literal {
  // NOLINTNEXTLINE(google-explicit-constructor,modernize-avoid-c-arrays): a literal is an array.
  consteval Literal(const char (&text)[Size]) { std::copy_n(text, Size, chars.begin()); }
  consteval explicit Literal(const std::array<char, Size>& text) : chars(text) {}

  [[nodiscard]] constexpr std::string_view view() const { return {chars.data(), Size - 1}; }

  std::array<char, Size> chars{};
};

// The text of all parts, one after the other.
template <Literal... Parts>
struct Joined {
  static constexpr auto kChars = [] {
    std::array<char, (Parts.view().size() + ...)> chars{};
    auto at = chars.begin();
    ((at = std::copy_n(Parts.view().begin(), Parts.view().size(), at)), ...);
    return chars;
  }();
  static constexpr std::string_view kText{kChars.data(), kChars.size()};
};

}  // namespace user_session
