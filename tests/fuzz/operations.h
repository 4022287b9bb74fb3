// Stories: what can happen to a user's devices, drawn from bytes. The same bytes are always the
// same operations, and each operation is a command of a scenario file, too. What must come of them
// is in model.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host.h"

namespace user_session {

// One thing that happens. Its `kind` says which of the members count.
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
  // Message of a frame or a push.
  enum class Says {
    kJoin,
    kLeave,
    kPresence,
    kSync,
    kPing,
    kBroadcast,
    kLogout,
    // Something that is refused; `error` is the code of the refusal.
    kNothing,
  };

  Kind kind = Kind::kSleep;
  // True if the module traps at it: nothing of it happens, and another instance wakes.
  bool is_trapped = false;
  ConnectionId connection = 0;
  Says says = Says::kNothing;
  // Device id, game id, name of an event or presence.
  std::string name;
  // Data of a broadcast.
  std::string data;
  std::string error;
  // Whole frame or body, and its size in bytes.
  std::string text;
  std::size_t size = 0;
  // Milliseconds that pass; below 0 the clock is set back.
  TimeMs after = 0;
  // Issue and expiry of a credential, in seconds and milliseconds from now. Without them it is
  // trusted and never expires.
  std::optional<std::int64_t> issued_after_s;
  std::optional<TimeMs> ends_after;
};

// A user, and what happens to them.
struct Story {
  std::uint32_t devices_max = 128;
  bool is_measured = false;
  // Games that are stored when the story begins.
  std::vector<std::string> games;
  std::vector<Operation> operations;
};

// Time when every story begins.
inline constexpr TimeMs kStoryBegins = 1'700'000'000'000;

// Returns the story that the bytes tell (operations.cpp); the other functions are in perform.cpp.
Story story_of(std::string_view bytes);

// Returns true if the world allows the operation: only a closed socket connects, only an open one
// has a heartbeat.
bool is_possible(const Host& host, const Operation& operation);

// Carries out a possible operation. The host then has its effects; if it traps, those of the
// waking.
void perform(Host& host, const Operation& operation);

// Returns a text as scenario files have it: long runs are folded, and only plain ASCII is left as
// it is.
std::string in_scenario(std::string_view text);

// Returns the operation as a command of a scenario file, in this state of the world.
std::string command_of(const Host& host, const Operation& operation);

// Return a story's first commands, and a host that has carried them out.
std::vector<std::string> opening_of(const Story& story);
Host begin(const Story& story);

}  // namespace user_session
