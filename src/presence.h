// Whether a user is there, as the devices say and everyone sees.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace user_session {

// The numbers are part of the attachment's format.
enum class Presence : std::uint8_t { kOffline = 0, kAway = 1, kOnline = 2 };

// The word that stands for `presence` in a frame.
constexpr std::string_view presence_name(Presence presence) {
  switch (presence) {
    case Presence::kOffline:
      return "offline";
    case Presence::kAway:
      return "away";
    case Presence::kOnline:
      return "online";
  }
  return "offline";
}

// The presence that `name` stands for, or nothing when it is no such word.
constexpr std::optional<Presence> presence_from_name(std::string_view name) {
  for (const Presence presence : {Presence::kOffline, Presence::kAway, Presence::kOnline}) {
    if (name == presence_name(presence)) return presence;
  }
  return std::nullopt;
}

}  // namespace user_session
