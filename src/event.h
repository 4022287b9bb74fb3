// What can happen to a session: past-tense facts. Each carries all that the session may know of the
// outside, the time included, so that the same events always give the same effects.
//
// Text is borrowed: it must stay valid until the `step` that takes the event has returned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace user_session {

// Milliseconds since the Unix epoch; 0 is "never".
using TimeMs = std::int64_t;

// `count` times in `per_ms` milliseconds, and `burst` times at once. A `count` of 0 is no limit.
struct Rate {
  std::int64_t count = 0;
  std::int64_t per_ms = 1000;
  std::int64_t burst = 0;
};

// Names one open socket while this instance lives. Small numbers: they index a table, and one is
// given out again when its socket has gone.
using ConnectionId = std::uint32_t;

// The connection of an event that no device caused: a call from a server.
inline constexpr ConnectionId kNoConnection = 0xffff'ffff;

// Text from outside, or only its size when it is longer than kFrameBytesMax: nobody copies a
// megabyte to have it refused.
struct Payload {
  std::string_view text;
  std::size_t size_bytes = 0;
};

// A text that whoever makes an event has left out.
inline constexpr std::string_view kNoText;

// What a device speaks. The numbers are part of the attachment's format and of the boundary's.
enum class ProtocolVersion : std::uint8_t { kVersion1 = 1, kVersion2 = 2 };

// A place in the count of the frames that go to all (see journal.h), as a device that comes back
// says it.
struct Position {
  std::int64_t epoch = 0;
  std::int64_t seq = 0;

  bool operator==(const Position&) const = default;
};

// What whoever asks has proved, as far as the session needs to know.
struct Credential {
  // When it was issued, in seconds since the epoch, or kTrusted. A logout ends what was issued in
  // its second or before.
  std::int64_t issued_at_s = kTrusted;
  // When it ends; 0 for never.
  TimeMs expires_at = 0;
  // Names it, so that it can be ended alone; 0 if it has no name. A hash (hash.h) of what the
  // caller was known by.
  std::uint64_t id = 0;

  // The caller is beyond a logout: a server of the app's own, or anyone where nobody is checked.
  static constexpr std::int64_t kTrusted = -1;

  bool operator==(const Credential&) const = default;
};

// A socket that was open when the session woke.
struct WokenConnection {
  ConnectionId connection = 0;
  // What the last SetAttachment for it said; empty if there was none.
  std::string_view attachment;
  // When the platform last answered this device's ping while the session slept.
  TimeMs heartbeat = 0;
};

// How much one user may ask for; src/limits.h has what is not configurable.
struct RateLimits {
  Rate frames;
  // For all connections of the user together.
  Rate user_frames;
  // Not counted here when `count` is 0: somebody before us does.
  Rate connects;
  std::uint32_t devices_max = 128;
};

// The state that the server which this one replaces has left.
struct Legacy {
  std::vector<std::string_view> games;
  TimeMs last_active = 0;
};

// The first event of every instance: after a start, a hibernation or a crash.
struct Woken {
  std::string_view user_id;
  TimeMs now = 0;
  // The text of the last Store, StoreLogout and StoreKept; nothing if there was none.
  std::optional<std::string_view> snapshot;
  std::optional<std::string_view> logout;
  std::optional<std::string_view> kept;
  // Read only while there is no snapshot.
  std::optional<Legacy> legacy;
  std::vector<WokenConnection> connections;
  RateLimits rate_limits;
  // Somebody collects what is counted.
  bool is_measured = false;
};

// A device asks to be let in. An Accept among the effects lets it in; otherwise an Answer says why
// not.
struct Connected {
  ConnectionId connection = 0;
  TimeMs now = 0;
  std::string_view device_id;
  Credential credential;
  ProtocolVersion version = ProtocolVersion::kVersion1;
  // The tab or process of the installation that `device_id` names, in version 2; empty if it does
  // not say.
  std::string_view tab_id = kNoText;
  // Up to where the device has seen all; an epoch of 0 if it does not say.
  Position since = {};
};

struct FrameReceived {
  ConnectionId connection = 0;
  TimeMs now = 0;
  bool is_text = true;
  Payload payload;
};

// What the platform knows of the devices' heartbeats. Told before whatever shows devices, and now
// and then while the session is awake.
struct HeartbeatsRead {
  struct Heartbeat {
    ConnectionId connection = 0;
    // 0 if there was none yet.
    TimeMs at = 0;
  };
  TimeMs now = 0;
  std::vector<Heartbeat> heartbeats;
};

// The socket of `connection` is closed, by whatever side; leaving is not an activity, but the last
// heartbeat before it was one.
struct Disconnected {
  ConnectionId connection = 0;
  TimeMs heartbeat = 0;
};

// A server or the user's own page asked for the state. Carries the newest heartbeat of all devices.
struct StateRequested {
  TimeMs now = 0;
  Credential credential;
  TimeMs heartbeat = 0;
};

struct ClearRequested {
  TimeMs now = 0;
  Credential credential;
};

// A server asked what has been counted.
struct MetricsRequested {
  TimeMs now = 0;
};

// Devices, by their ids, that something goes to: all if `to` is empty, but those of `except`.
struct Audience {
  std::vector<std::string_view> to;
  std::vector<std::string_view> except;
};

struct PushRequested {
  TimeMs now = 0;
  Payload payload;
  // How long it is kept for devices that are not here, in seconds; 0 for not at all.
  std::int64_t keep_s = 0;
  // A push of the same id before was the same push; empty if it has none.
  std::string_view push_id = kNoText;
  Audience audience = {};
};

struct GameJoinRequested {
  TimeMs now = 0;
  std::string_view game_id;
};

struct GameLeaveRequested {
  TimeMs now = 0;
  std::string_view game_id;
};

struct LogoutRequested {
  TimeMs now = 0;
  // Of one device; empty for all.
  std::string_view device_id = kNoText;
};

// A server asked which devices there are.
struct DevicesRequested {
  TimeMs now = 0;
};

// A server or the user asked for all that is known about them.
struct ExportRequested {
  TimeMs now = 0;
  Credential credential;
};

using Event =
    std::variant<Woken, Connected, FrameReceived, Disconnected, StateRequested, ClearRequested,
                 PushRequested, GameJoinRequested, GameLeaveRequested, LogoutRequested,
                 MetricsRequested, HeartbeatsRead, DevicesRequested, ExportRequested>;

}  // namespace user_session
