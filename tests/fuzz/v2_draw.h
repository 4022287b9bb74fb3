// A source of choices for v2_fuzz.cpp: bytes go in and small numbers come out. What is chosen is
// decided in v2_world.h.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "event.h"

namespace user_session {

// Times that may pass, in milliseconds, around the limits that src/limits.h has.
inline constexpr std::array<TimeMs, 8> kTimes = {1,      500,     1'000,   20'000,
                                                 59'999, 131'000, 500'000, 600'001};

// Each choice takes a byte, and is 0 when there are no more.
class Draw {
 public:
  explicit Draw(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool is_done() const { return rest_.empty(); }

  unsigned below(unsigned end) {
    if (rest_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value % end;
  }

  bool one_of(unsigned count) { return below(count) == count - 1; }

 private:
  std::string_view rest_;
};

}  // namespace user_session
