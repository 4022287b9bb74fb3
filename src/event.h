// What can happen to a session: past-tense facts. Each carries all that the session may know of the
// outside, the time included, so that the same events always give the same effects.
//
// Text is borrowed: it must stay valid until the `step` that takes the event has returned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace user_session {

// Names one open socket while this instance lives. Small numbers: they index a table, and one is
// given out again when its socket has gone.
using ConnectionId = std::uint32_t;

// The connection of an event that no device caused: a call from a server.
inline constexpr ConnectionId kNoConnection = 0xffff'ffff;

// Milliseconds since the Unix epoch; 0 is "never".
using TimeMs = std::int64_t;

// Text from outside, or only its size when it is longer than kFrameBytesMax: nobody copies a
// megabyte to have it refused.
struct Payload {
  std::string_view text;
  std::size_t size_bytes = 0;
};

// A socket that was open when the session woke.
struct WokenConnection {
  ConnectionId connection = 0;
  // What the last SetAttachment for it said; empty if there was none.
  std::string_view attachment;
  // When the platform last answered this device's ping while the session slept.
  TimeMs heartbeat = 0;
};

// The first event of every instance: after a start, a hibernation or a crash.
struct Woken {
  std::string_view user_id;
  bool has_snapshot = false;
  // What the last Store said.
  std::string_view snapshot;
  // State left by the server this one replaces; read only while there is no snapshot.
  bool has_legacy = false;
  std::vector<std::string_view> legacy_games;
  TimeMs legacy_last_active = 0;
  std::vector<WokenConnection> connections;
};

// A device asks to be let in. An Answer among the effects refuses it, and it is not connected then.
struct Connected {
  ConnectionId connection = 0;
  TimeMs now = 0;
  std::string_view device_id;
};

struct FrameReceived {
  ConnectionId connection = 0;
  TimeMs now = 0;
  bool is_text = true;
  Payload payload;
};

// The socket of `connection` is closed, by whatever side; leaving is not an activity, but the last
// heartbeat before it was one.
struct Disconnected {
  ConnectionId connection = 0;
  TimeMs heartbeat = 0;
};

// A server or the user's own page asked for the state. Carries the newest heartbeat of all devices.
struct StateRequested {
  TimeMs heartbeat = 0;
};

struct ClearRequested {};

struct PushRequested {
  Payload payload;
};

struct GameJoinRequested {
  std::string_view game_id;
};

struct GameLeaveRequested {
  std::string_view game_id;
};

struct LogoutRequested {};

using Event =
    std::variant<Woken, Connected, FrameReceived, Disconnected, StateRequested, ClearRequested,
                 PushRequested, GameJoinRequested, GameLeaveRequested, LogoutRequested>;

}  // namespace user_session
