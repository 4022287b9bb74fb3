// The metrics: what a user's session has done, so that its operator can see whether it really
// sleeps. Who counts what is in state/meter.h and the handlers.
//
// Counting costs no row: the counts ride in a socket's attachment through hibernation. So they lose
// what came in the last second before a sleep, and begin anew when no device is connected.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "event.h"
#include "format/bytes.h"

namespace user_session {

// The counters. Their order is that of the stored bytes, so a new one goes to the end.
enum class Counter : std::uint8_t {
  // Number of instances that have started: after a hibernation, a deploy, a crash, or for the first
  // device.
  kWakes,
  // Milliseconds from an attachment to the waking that found it. Some ten seconds of each are the
  // platform's wait before it lets the object hibernate.
  kAsleepMs,
  // Number of sockets on which a heartbeat was answered between an attachment and the waking that
  // found it. The platform tells only the last heartbeat of each, so there may have been many more.
  kHeartbeatsAsleep,
  // Milliseconds from a waking to the last event before the next sleep.
  kAwakeMs,
  // Number of connections that were let in.
  kConnects,
  // Number of requests and calls of servers and of the user's own page.
  kRequests,
  // Numbers of frames by the type of their message. Each message names its counter in
  // json/message.h; some have none.
  kJoinGame,
  kLeaveGame,
  kUpdatePresence,
  kSyncState,
  // Number of pings that reached the session. The platform answers the usual ones itself.
  kPing,
  kLogoutAll,
  kBroadcast,
  // Number of frames that were answered by an error.
  kRefused,
  // Number of frames sent, each once for every connection, and their bytes of UTF-8.
  kFramesSent,
  kBytesSent,
  // Bytes of UTF-8 of the frames that devices have sent.
  kBytesReceived,
  // Number of rows written.
  kRowsWritten,
  // Number of counters.
  kCount,
};
// A data point of the collector has room for 20 numbers (worker/object/metrics.js).
static_assert(static_cast<int>(Counter::kCount) <= 20);

// One count for each Counter.
class Metrics {
 public:
  static constexpr std::size_t kCount = static_cast<std::size_t>(Counter::kCount);
  // Largest number of bytes that append_to writes: a varint for each counter.
  static constexpr std::size_t kBytesMax = kVarintBytesMax * kCount;

  void add(Counter counter, std::int64_t amount = 1) {
    counts_[static_cast<std::size_t>(counter)] += amount;
  }
  [[nodiscard]] std::int64_t at(Counter counter) const {
    return counts_[static_cast<std::size_t>(counter)];
  }

  // Returns what has been added since `earlier`.
  [[nodiscard]] Metrics since(const Metrics& earlier) const;

  // Appends the counts. One above kSafeIntegerMax, which could not be read again, is written as
  // that.
  void append_to(std::string& out) const;
  // Reads counts. Those that the bytes do not have are 0, since an earlier release may have written
  // them; those of a later release are left to be read.
  static Metrics read_from(ByteReader& reader);
  // Reads counts as release 0.1.0 wrote them, with their number in front.
  static Metrics read_counted(ByteReader& reader);

  bool operator==(const Metrics&) const = default;

 private:
  std::array<std::int64_t, kCount> counts_{};
};

// Returns the name of a counter in the answer to a request for metrics.
std::string_view counter_name(Counter counter);

}  // namespace user_session
