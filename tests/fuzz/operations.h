// What can happen to a user's devices, drawn from bytes: the same bytes are always the same
// operations, and each is a command of a scenario file too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host.h"

namespace user_session {

struct Operation {
  enum class Kind {
    kConnect,
    kFrame,
    kBinary,
    kDisconnect,
    kHeartbeat,
    kState,
    kClear,
    kPush,
    kJoin,
    kLeave,
    kLogout,
    kMetrics,
    kSleep,
    kAfter,
    kCredential,
  };
  // What a frame or a push says.
  enum class Says {
    kJoin,
    kLeave,
    kPresence,
    kSync,
    kPing,
    kBroadcast,
    kLogout,
    // Something that is not done; `error` is the code of the refusal.
    kNothing,
  };

  Kind kind = Kind::kSleep;
  // The module traps at it: nothing of it happens, and another instance wakes.
  bool is_trapped = false;
  ConnectionId connection = 0;
  Says says = Says::kNothing;
  // The device id, game id, name of an event or presence.
  std::string name;
  // Of a broadcast.
  std::string data;
  std::string error;
  // The whole frame or body.
  std::string text;
  std::size_t size = 0;
  TimeMs after = 0;
  // Of a credential: seconds and milliseconds from now. Without them it is trusted and has no end.
  std::optional<std::int64_t> issued_after_s;
  std::optional<TimeMs> ends_after;
};

struct Story {
  std::uint32_t devices_max = 128;
  bool is_measured = false;
  // Those that are stored when it begins.
  std::vector<std::string> games;
  std::vector<Operation> operations;
};

// When every story begins.
inline constexpr TimeMs kStoryBegins = 1'700'000'000'000;

// The story that any bytes tell (operations.cpp); the rest is in perform.cpp.
Story story_of(std::string_view bytes);

// Whether the world allows it: only a closed socket connects, only an open one has a heartbeat.
bool is_possible(const Host& host, const Operation& operation);

// Carries out a possible operation; the host then has its effects, those of the waking if it traps.
void perform(Host& host, const Operation& operation);

// The same as a command of a scenario file, in this state of the world.
std::string command_of(const Host& host, const Operation& operation);

// What a story's first commands are, and a host that has carried them out.
std::vector<std::string> opening_of(const Story& story);
Host begin(const Story& story);

}  // namespace user_session
