// What is stored of a user, and its bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event.h"

namespace user_session {

// All that outlives the last device. Presence is not in it: a user without a device is offline.
struct Snapshot {
  // In the order in which they were joined, each once.
  std::vector<std::string> active_games;
  TimeMs last_active = 0;
  // What a later version adds goes here. This one keeps it as it is and writes it back, so that a
  // deploy can be rolled back and forward again.
  std::string extension;
  // From the time when the logout was stored with the rest; 0 if there was none.
  std::int64_t logout_at_s = 0;

  bool operator==(const Snapshot&) const = default;
};

// Appends the bytes of a snapshot: a version, then its fields. `logout_at_s` is not among them: it
// has its own bytes.
void encode_snapshot(const std::vector<std::string>& active_games, TimeMs last_active,
                     std::string_view extension, std::string& out);

// The snapshot that `bytes` hold, or nothing when they are of a version this code does not know,
// cut short, too long or damaged.
std::optional<Snapshot> decode_snapshot(std::string_view bytes);

// What has been ended, and must not be let in again.
struct Logout {
  // What was issued in this second or before is no credential any more; 0 if there was no logout of
  // all devices.
  std::int64_t at_s = 0;
  // The credentials that single devices were ended with.
  std::vector<std::uint64_t> credential_ids;

  bool operator==(const Logout&) const = default;
};

// Appends the bytes of a logout.
void encode_logout(const Logout& logout, std::string& out);

// The logout that `bytes` hold, or nothing when they are cut short or damaged.
std::optional<Logout> decode_logout(std::string_view bytes);

}  // namespace user_session
