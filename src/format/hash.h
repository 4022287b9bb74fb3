// A hash of texts that is the same everywhere and at all times, since it is stored and attached. It
// is not for secrets: anyone can find a text for a hash.
#pragma once

#include <cstdint>
#include <string_view>

namespace user_session {

// Returns the FNV-1a hash of 64 bits (datatracker.ietf.org/doc/html/rfc9923). `hash` is the hash of
// the text before it, to hash several in a row.
constexpr std::uint64_t hash_of(std::string_view text, std::uint64_t hash = 0xcbf29ce484222325) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

}  // namespace user_session
