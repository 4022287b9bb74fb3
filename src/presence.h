// The presence of a user or of a device, and its names in frames. How it changes is in
// handlers/presence.cpp and state/user.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace user_session {

// Presence as a device has said it. The numbers are stored in attachments and must not change.
enum class Presence : std::uint8_t { kOffline = 0, kAway = 1, kOnline = 2 };

// Returns the name of `presence` in a frame.
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

// Returns the presence that `name` stands for, or nullopt if it is no such name.
constexpr std::optional<Presence> presence_from_name(std::string_view name) {
  for (const Presence presence : {Presence::kOffline, Presence::kAway, Presence::kOnline}) {
    if (name == presence_name(presence)) return presence;
  }
  return std::nullopt;
}

}  // namespace user_session
