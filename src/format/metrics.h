// What a user's session has done, so that its operator can see whether it really sleeps.
//
// Counting costs no row: the counts ride with a socket's attachment through hibernation. So they
// lose what came in the last second before a sleep, and begin anew when no device is connected.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "event.h"
#include "format/bytes.h"

namespace user_session {

// The order is the order of the stored bytes: new ones go to the end.
enum class Counter : std::uint8_t {
  // Instances that have started: after a hibernation, a deploy, a crash, or for the first device.
  kWakes,
  // Time from an attachment to the waking that found it. Some ten seconds of each are the
  // platform's
  // waiting before it lets the object hibernate.
  kAsleepMs,
  // Sockets on which a heartbeat was answered between an attachment and the waking that found it.
  // The platform tells only the last heartbeat of each, so there may have been many more.
  kHeartbeatsAsleep,
  // Time from a waking to the last event before the next sleep.
  kAwakeMs,
  kConnects,
  // Requests and calls of servers and of the user's own pages.
  kRequests,
  // Frames that were done, by type, in the order of Message.
  kJoinGame,
  kLeaveGame,
  kUpdatePresence,
  kSyncState,
  // Those that the platform answers itself are not among them.
  kPing,
  kLogoutAll,
  kBroadcast,
  // Frames that were answered by an error.
  kRefused,
  // To each device, and in bytes of UTF-8.
  kFramesSent,
  kBytesSent,
  kBytesReceived,
  kRowsWritten,
  kCount,
};
// Whoever collects them has room for so many numbers (bindings/metrics.js).
static_assert(static_cast<int>(Counter::kCount) <= 20);

class Metrics {
 public:
  static constexpr std::size_t kCount = static_cast<std::size_t>(Counter::kCount);
  // A count of the counters, and what each may take.
  static constexpr std::size_t kBytesMax = 4 + (kVarintBytesMax * kCount);

  void add(Counter counter, std::int64_t amount = 1) {
    counts_[static_cast<std::size_t>(counter)] += amount;
  }
  [[nodiscard]] std::int64_t at(Counter counter) const {
    return counts_[static_cast<std::size_t>(counter)];
  }

  // What has been added since `earlier`.
  [[nodiscard]] Metrics since(const Metrics& earlier) const;

  // A count that could not be read again is written as the largest that can.
  void append_to(std::string& out) const;
  // Counters that this code does not know are left out, and those that the bytes do not have are 0.
  static Metrics read_from(ByteReader& reader);

  bool operator==(const Metrics&) const = default;

 private:
  std::array<std::int64_t, kCount> counts_{};
};

// What a counter is called in an answer.
std::string_view counter_name(Counter counter);

}  // namespace user_session
