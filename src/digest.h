// SHA-256, by which texts of outsiders are told apart where the text itself would take too much
// room: nobody can make two texts with one hash.
#pragma once

#include <array>
#include <string_view>

namespace user_session {

// The first 128 bits of a hash, which are enough to tell texts apart. All zeros stand for no text.
using Digest = std::array<char, 16>;

inline constexpr Digest kNoDigest{};

// Returns the beginning of the SHA-256 hash of `text` (FIPS 180-4, section 6.2).
Digest digest_of(std::string_view text);

}  // namespace user_session
