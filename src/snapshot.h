// What is stored of a user, and its bytes.
#pragma once

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
  // The second of the last logout: what was issued in it or before is no credential any more. 0 if
  // there was none. Outlives `clear`.
  std::int64_t logout_at_s = 0;

  bool operator==(const Snapshot&) const = default;
};

// Appends the bytes of a snapshot: a version, then its fields.
void encode_snapshot(const std::vector<std::string>& active_games, TimeMs last_active,
                     std::int64_t logout_at_s, std::string& out);

// The snapshot that `bytes` hold, or nothing when they are of a version this code does not know,
// cut short, too long or damaged.
std::optional<Snapshot> decode_snapshot(std::string_view bytes);

}  // namespace user_session
