// A session that sleeps at any points does what one does that never sleeps: the same frames,
// closings and answers, the same games and logout stored. Who has expired is closed at a waking, as
// at any event; `lastActive` alone may be a second older,
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
    const bool is_own_affair =
        effect.kind == EffectKind::kStore || effect.kind == EffectKind::kStoreLogout ||
        effect.kind == EffectKind::kSetAttachment || effect.kind == EffectKind::kRecordMetrics ||
        (has_counts && effect.kind == EffectKind::kAnswer);
    if (is_own_affair) continue;
    seen.text += std::to_string(static_cast<int>(effect.kind)) + ' ' +
                 std::to_string(effect.connection) + ' ' + std::to_string(effect.number) + ' ';
    append_frame(seen, host.text(effect));
  }
  return seen;
}

std::vector<std::string> games_of(const Host& host) {
  return host.stored ? decode_snapshot(*host.stored)->active_games : std::vector<std::string>{};
}

// What the stored logout refuses. The second that it also has of what was shown is an instance's
// own.
Logout logout_of(const Host& host) {
  auto logout = host.stored_logout ? decode_logout(*host.stored_logout) : Logout{};
  require(logout.has_value(), "the stored logout can be read");
  logout->shown_at_s = 0;
  return *logout;
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
    const Seen closed = seen_in(sleeper_, false);
    if (closed.text.empty()) return;
    // Any event closes those who have expired.
    awake_.request(DevicesRequested{.now = awake_.now});
    const Seen expected = seen_in(awake_, true);
    require(closed.text == expected.text, "a waking closes whom an event closes", closed.text);
  }

  void compare(bool has_counts) const {
    const Seen expected = seen_in(awake_, has_counts);
    const Seen actual = seen_in(sleeper_, has_counts);
    if (expected.text != actual.text) {
      require(false, "sleep changes nothing that is seen",
              "awake:\n" + expected.text + "slept:\n" + actual.text);
    }
    require(games_of(awake_) == games_of(sleeper_), "sleep changes no games");
    require(logout_of(awake_) == logout_of(sleeper_), "sleep changes no logout");
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

  // A logout also ends what was issued in our future. If our clock has gone back behind a second in
  // which something was shown, an instance knows it from the row or an open socket alone.
  [[nodiscard]] bool is_beyond_an_instance(const Operation& operation) const {
    const bool is_logout =
        operation.kind == Kind::kLogout ||
        (operation.kind == Kind::kFrame && operation.says == Operation::Says::kLogout);
    if (!is_logout || shown_s_ <= awake_.now / kMsPerSecond) return false;
    const auto logout = sleeper_.stored_logout ? decode_logout(*sleeper_.stored_logout) : Logout{};
    if (logout && logout->shown_at_s >= shown_s_) return false;
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
