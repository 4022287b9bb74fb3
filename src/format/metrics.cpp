// The counters' names, and their stored form.
#include "format/metrics.h"

#include <algorithm>

namespace user_session {
namespace {

// A counter and its name in an answer.
struct CounterName {
  Counter counter;
  std::string_view name;
};

constexpr std::array<CounterName, Metrics::kCount> kNames = {{
    {Counter::kWakes, "wakes"},
    {Counter::kAsleepMs, "asleepMs"},
    {Counter::kHeartbeatsAsleep, "heartbeatsAsleep"},
    {Counter::kAwakeMs, "awakeMs"},
    {Counter::kConnects, "connects"},
    {Counter::kRequests, "requests"},
    {Counter::kJoinGame, "join_game"},
    {Counter::kLeaveGame, "leave_game"},
    {Counter::kUpdatePresence, "update_presence"},
    {Counter::kSyncState, "sync_state"},
    {Counter::kPing, "ping"},
    {Counter::kLogoutAll, "logout_all"},
    {Counter::kBroadcast, "broadcast"},
    {Counter::kRefused, "refused"},
    {Counter::kFramesSent, "framesSent"},
    {Counter::kBytesSent, "bytesSent"},
    {Counter::kBytesReceived, "bytesReceived"},
    {Counter::kRowsWritten, "rowsWritten"},
}};

// Returns true if each counter has a name and stands in its own place.
constexpr bool are_all_named() {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames.at(i).counter != static_cast<Counter>(i) || kNames.at(i).name.empty()) return false;
  }
  return true;
}
static_assert(are_all_named());

}  // namespace

Metrics Metrics::since(const Metrics& earlier) const {
  Metrics difference;
  for (std::size_t i = 0; i < kCount; ++i) difference.counts_[i] = counts_[i] - earlier.counts_[i];
  return difference;
}

void Metrics::append_to(std::string& out) const {
  for (const std::int64_t count : counts_) {
    append_varint(out, static_cast<std::uint64_t>(std::min(count, kSafeIntegerMax)));
  }
}

Metrics Metrics::read_from(ByteReader& reader) {
  Metrics metrics;
  for (std::int64_t& count : metrics.counts_) {
    if (reader.has_more()) count = static_cast<std::int64_t>(reader.varint());
  }
  return metrics;
}

Metrics Metrics::read_counted(ByteReader& reader) {
  Metrics metrics;
  const std::uint32_t count = reader.count(1);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto value = static_cast<std::int64_t>(reader.varint());
    if (i < kCount) metrics.counts_[i] = value;
  }
  return metrics;
}

std::string_view counter_name(Counter counter) {
  return kNames.at(static_cast<std::size_t>(counter)).name;
}

}  // namespace user_session
