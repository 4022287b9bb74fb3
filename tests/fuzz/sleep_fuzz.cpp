// A session that sleeps at any points does what one does that never sleeps: the same frames,
// closings and answers, the same games and logout stored; `lastActive` alone may be a second older,
// or a minute when no device is connected, and knows of heartbeats that nobody has asked for.
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "checks.h"
#include "format/attachment.h"
#include "format/snapshot.h"
#include "limits.h"
#include "operations.h"

namespace user_session {
namespace {

using Kind = Operation::Kind;

// What devices and servers see of a step.
struct Seen {
  // Without the numbers of lastActive.
  std::string text;
  std::vector<TimeMs> last_active;
};

void append_frame(Seen& seen, std::string_view frame) {
  constexpr std::string_view kName = "\"lastActive\":";
  for (std::size_t at = 0; (at = frame.find(kName)) != std::string_view::npos;) {
    const char* digits = frame.data() + at + kName.size();
    const char* end = frame.data() + frame.size();
    const char* rest = std::from_chars(digits, end, seen.last_active.emplace_back()).ptr;
    seen.text += frame.substr(0, at + kName.size());
    frame = std::string_view(rest, static_cast<std::size_t>(end - rest));
  }
  seen.text += frame;
  seen.text += '\n';
}

Seen seen_in(const Host& host, bool has_counts) {
  Seen seen;
  for (const Effect& effect : host.effects().list()) {
    const bool is_own_affair = effect.kind == EffectKind::kStore ||
                               effect.kind == EffectKind::kSetAttachment ||
                               effect.kind == EffectKind::kRecordMetrics ||
                               (has_counts && effect.kind == EffectKind::kAnswer);
    if (is_own_affair) continue;
    seen.text += std::to_string(static_cast<int>(effect.kind)) + ' ' +
                 std::to_string(effect.connection) + ' ' + std::to_string(effect.number) + ' ';
    append_frame(seen, host.effects().text(effect));
  }
  return seen;
}

std::vector<std::string> games_of(const Host& host) {
  return host.stored ? decode_snapshot(*host.stored)->active_games : std::vector<std::string>{};
}

class Pair {
 public:
  Pair(const Story& story, bool is_restless)
      : awake_(begin(story)), sleeper_(begin(story)), is_restless_(is_restless) {}

  void go_on(const Operation& operation) {
    if (!is_possible(awake_, operation) || is_beyond_an_instance(operation)) return;
    if (is_restless_ || operation.kind == Kind::kSleep || operation.is_trapped) sleep();
    if (operation.kind == Kind::kSleep || operation.is_trapped) return;
    perform(awake_, operation);
    perform(sleeper_, operation);
    if (operation.kind == Kind::kAfter && operation.after < 0) has_clock_jumped_ = true;
    if (operation.kind == Kind::kHeartbeat) heartbeat_ = std::max(heartbeat_, awake_.now);
    if (operation.kind == Kind::kCredential) {
      shown_s_ = std::max(shown_s_, awake_.credential.issued_at_s);
    }
    const bool is_event = operation.kind != Kind::kAfter && operation.kind != Kind::kHeartbeat &&
                          operation.kind != Kind::kCredential;
    if (is_event) compare(operation.kind == Kind::kMetrics);
  }

 private:
  void sleep() {
    sleeper_.wake();
    require(sleeper_.effects().list().empty(), "a waking from what is sound has no effects");
  }

  void compare(bool has_counts) const {
    const Seen expected = seen_in(awake_, has_counts);
    const Seen actual = seen_in(sleeper_, has_counts);
    if (expected.text != actual.text) {
      require(false, "sleep changes nothing that is seen",
              "awake:\n" + expected.text + "slept:\n" + actual.text);
    }
    require(games_of(awake_) == games_of(sleeper_), "sleep changes no games");
    require(awake_.stored_logout == sleeper_.stored_logout, "sleep changes no logout");
    require(awake_.sockets.size() == sleeper_.sockets.size(), "sleep closes nothing");
    for (std::size_t i = 0; i < expected.last_active.size(); ++i) {
      compare_times(expected.last_active[i], actual.last_active[i]);
    }
  }

  void compare_times(TimeMs expected, TimeMs actual) const {
    const bool is_sure = !awake_.sockets.empty() && !has_clock_jumped_;
    const TimeMs lag = kAttachmentLagMs + (is_sure ? 0 : kLastActiveLagMs);
    const std::string both = std::to_string(expected) + " and " + std::to_string(actual);
    require(actual <= std::max(expected, heartbeat_), "sleep makes no lastActive newer", both);
    require(expected - actual < lag, "sleep takes little of lastActive", both);
  }

  // A logout also ends what an issuer whose clock is ahead has issued so far, if this instance has
  // seen it or its socket is open: of what was shown before a sleep nobody knows.
  [[nodiscard]] bool is_beyond_an_instance(const Operation& operation) const {
    const bool is_logout =
        operation.kind == Kind::kLogout ||
        (operation.kind == Kind::kFrame && operation.says == Operation::Says::kLogout);
    if (!is_logout || shown_s_ <= awake_.now / kMsPerSecond) return false;
    return std::none_of(awake_.sockets.begin(), awake_.sockets.end(), [&](const auto& entry) {
      const auto attachment = decode_attachment(entry.second.attachment);
      return attachment && attachment->credential.issued_at_s >= shown_s_;
    });
  }

  Host awake_;
  Host sleeper_;
  // Sleeps before every operation.
  bool is_restless_;
  bool has_clock_jumped_ = false;
  TimeMs heartbeat_ = 0;
  // When the newest credential was issued that anybody has shown.
  std::int64_t shown_s_ = 0;
};

}  // namespace
}  // namespace user_session

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace user_session;
  const Story story = story_of(std::string(data, data + size));
  for (const bool is_restless : {false, true}) {
    Pair pair(story, is_restless);
    for (const Operation& operation : story.operations) pair.go_on(operation);
  }
  return 0;
}
