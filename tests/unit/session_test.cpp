// What scenarios can't say well: our own mistakes, and what holds after any sequence of events.
#include "session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "host.h"
#include "limits.h"
#include "scenario.h"

namespace user_session {
namespace {

TEST(SessionDeathTest, ASecondWakingTrapsInsteadOfMixingTwoUsers) {
  Session session;
  EffectList effects;
  Woken woken;
  woken.connections.emplace_back();
  session.step(woken, effects);
  EXPECT_DEATH(session.step(Woken{}, effects), "");
}

TEST(SessionDeathTest, AnOpenConnectionsNumberIsNotGivenToASecondDevice) {
  Session session;
  EffectList effects;
  session.step(Woken{}, effects);
  session.step(Connected{.connection = 3, .now = 1, .device_id = "phone", .credential = {}},
               effects);
  effects.clear();
  EXPECT_DEATH(
      session.step(Connected{.connection = 3, .now = 2, .device_id = "laptop", .credential = {}},
                   effects),
      "");
}

TEST(SessionTest, EffectsAreAppendedSoThatTheCallerDecidesWhenToForgetThem) {
  Session session;
  EffectList effects;
  session.step(Woken{}, effects);
  session.step(Connected{.connection = 0, .now = 1, .device_id = "phone", .credential = {}},
               effects);
  ASSERT_EQ(effects.list().size(), 3U);
  session.step(
      FrameReceived{
          .connection = 0, .now = 2, .payload = {.text = R"({"type":"ping"})", .size_bytes = 15}},
      effects);
  ASSERT_EQ(effects.list().size(), 4U);
  EXPECT_EQ(effects.text(effects.list().back()), R"({"type":"pong"})");
}

TEST(SessionTest, ConnectionNumbersMayBeFarApart) {
  Host host;
  host.wake();
  host.connect(5'000, "phone");
  host.connect(0, "laptop");
  host.disconnect(5'000);
  host.request_state();
  EXPECT_NE(host.effects().texts().find(R"("connectedDevices":1)"), std::string::npos);
}

// The answer to "what is the state?".
std::string state_of(Host host) {
  host.request_state();
  return std::string(host.effects().text(host.effects().list().back()));
}

// The state as an instance would know it that woke now.
std::string state_after_waking(Host host) {
  host.wake();
  return state_of(std::move(host));
}

TimeMs last_active_of(std::string_view json) {
  constexpr std::string_view kKey = "\"lastActive\":";
  const std::size_t at = json.find(kKey);
  if (at == std::string_view::npos) return 0;
  TimeMs time = 0;
  std::from_chars(json.data() + at + kKey.size(), json.data() + json.size(), time);
  return time;
}

std::string without_last_active(std::string json) {
  const std::size_t at = json.find(",\"lastActive\":");
  const std::size_t end = json.find(',', at + 1);
  return json.erase(at, end - at);
}

// Draws commands of scenarios.
class Storm {
 public:
  explicit Storm(unsigned seed) : random_(seed) {}

  std::string next() {
    const std::string connection = std::to_string(below(4));
    switch (below(12)) {
      case 0:
        return "connect " + connection + " device " + connection;
      case 1:
        return "disconnect " + connection;
      case 2:
        return "heartbeat " + connection;
      case 3:
        return pick({"sleep", "state", "clear", R"(push {"type":"x"})", "logout"});
      case 4:
        return pick({"join a", "join b", "leave a", "join ", "leave c"});
      case 5:
        return "binary " + connection + ' ' + pick({"1", "70000", "1048577"});
      case 6:
        return "after " + pick({"1000", "59000", "61000", "-5000", "-86400000", "31536000000000"});
      default:
        return "frame " + connection + ' ' +
               pick({R"({"type":"join_game","gameId":"a"})",
                     R"({"type":"leave_game","gameId":"a"})",
                     R"({"type":"update_presence","presence":"away"})",
                     R"({"type":"update_presence","presence":"online"})",
                     R"({"type":"sync_state"})", R"({"type":"ping"})", R"({"type":"nope"})",
                     R"({"type":"broadcast","event":"e"})", R"({"type":"logout_all"})", "{",
                     "<x*70000>"});
    }
  }

 private:
  unsigned below(unsigned end) {
    return std::uniform_int_distribution<unsigned>(0, end - 1)(random_);
  }
  std::string pick(const std::vector<std::string>& choices) {
    return choices[below(static_cast<unsigned>(choices.size()))];
  }

  std::mt19937 random_;
};

// Commands that a real platform can't bring about in this state.
bool is_possible(const Host& host, const std::string& command) {
  const bool needs_closed = command.starts_with("connect");
  const bool needs_open = command.starts_with("heartbeat");
  if (!needs_closed && !needs_open) return true;
  const auto connection = static_cast<ConnectionId>(command[command.find(' ') + 1] - '0');
  return host.sockets.contains(connection) == needs_open;
}

TimeMs newest_told(const EffectList& effects) {
  TimeMs told = 0;
  for (const Effect& effect : effects.list()) {
    if (effect.kind != EffectKind::kSend && effect.kind != EffectKind::kSendToAll) continue;
    told = std::max(told, last_active_of(effects.text(effect)));
  }
  return told;
}

// Lets an instance vanish after every step of a storm and compares it with its successor.
void expect_nothing_lost(unsigned seed) {
  Storm storm(seed);
  Host host;
  host.now = 1'000'000;
  run_command(host, "wake alice");
  TimeMs told = 0;
  for (int i = 0; i < 150; ++i) {
    const std::string command = storm.next();
    if (!is_possible(host, command)) continue;
    run_command(host, command);
    const std::string now = state_of(host);
    const std::string later = state_after_waking(host);
    SCOPED_TRACE("seed " + std::to_string(seed) + ", step " + std::to_string(i) + ": " + command);
    ASSERT_EQ(without_last_active(now), without_last_active(later));
    ASSERT_LT(last_active_of(now) - last_active_of(later), kLastActiveLagMs);
    // Without a device only the stored value is left, which may lag.
    told = host.sockets.empty() ? 0 : std::max(told, newest_told(host.effects()));
    ASSERT_GE(last_active_of(later), told);
  }
}

TEST(SessionTest, AnInstanceMayVanishAfterAnyStepAndNothingToldIsLost) {
  for (unsigned seed = 0; seed < 40 && !HasFatalFailure(); ++seed) expect_nothing_lost(seed);
}

TEST(SessionTest, TheSameEventsAlwaysGiveTheSameEffects) {
  std::array<std::string, 2> logs;
  for (std::string& log : logs) {
    Storm storm(7);
    Host host;
    run_command(host, "wake alice");
    for (int i = 0; i < 300; ++i) {
      const std::string command = storm.next();
      if (!is_possible(host, command)) continue;
      for (const std::string& line : run_command(host, command)) log += line + '\n';
    }
  }
  EXPECT_EQ(logs[0], logs[1]);
  EXPECT_GT(logs[0].size(), 1'000U);
}

}  // namespace
}  // namespace user_session
