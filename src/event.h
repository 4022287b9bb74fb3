// The events: what can happen to a session, as past-tense facts. Each carries all that the session
// may know of the outside, the time included, so that the same events always give the same effects.
// The handling of each is in handlers/.
//
// The texts are borrowed: they must stay valid until the `step` that takes the event has returned.
// bindings/wire.h has the format in which JavaScript writes an event.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "credential.h"

namespace user_session {

// Milliseconds since the Unix epoch; 0 means never.
using TimeMs = std::int64_t;

// A rate limit: `count` times in `per_ms` milliseconds, and up to `burst` times at once. A `count`
// of 0 means no limit. TokenBucket (state/token_bucket.h) enforces it.
struct Rate {
  std::int64_t count = 0;
  std::int64_t per_ms = 1000;
  std::int64_t burst = 0;
};

// Number of one open socket while this instance lives. It is small, since it indexes a table, and
// is given out again when its socket has gone.
using ConnectionId = std::uint32_t;

// ConnectionId of an event that no device caused, such as a call from a server.
inline constexpr ConnectionId kNoConnection = 0xffff'ffff;

// A frame or a pushed body. `text` is empty if the frame is binary or longer than kFrameBytesMax,
// since the session refuses both: nobody copies a megabyte to have it refused. `size_bytes` is the
// size in bytes of UTF-8; of a text over 1 MiB it may be too small, but is still over 1 MiB.
struct Payload {
  std::string_view text;
  std::size_t size_bytes = 0;
};

// Value of a text that the maker of an event has left out.
inline constexpr std::string_view kNoText;

// The version of the protocol that a device speaks. The numbers are part of the attachment's format
// and of the boundary's (bindings/wire.js), and must not change.
enum class ProtocolVersion : std::uint8_t { kVersion1 = 1, kVersion2 = 2 };

// A place in the sequence of the frames to all devices (state/sequence.h). A device that comes back
// says up to which place it has seen all.
struct Position {
  // Name of an epoch (state/sequence.h). 0 means no place, and kUnknown one that can't be read.
  std::int64_t epoch = 0;
  // Number of a frame in that epoch. The first has 1.
  std::int64_t seq = 0;

  static constexpr std::int64_t kUnknown = -1;

  bool operator==(const Position&) const = default;
};

// A socket that was open when the instance woke.
struct WokenConnection {
  ConnectionId connection = 0;
  // Bytes of the last SetAttachment for this socket; empty if there was none.
  std::string_view attachment;
  // Time when the platform last answered a ping of this socket by itself, without waking the
  // session; 0 if it never did.
  TimeMs heartbeat = 0;
};

// A row that StoreMessage wrote.
struct WokenMessage {
  std::uint32_t slot = 0;
  std::string_view bytes;
};

// A row that StoreValue wrote, without the text of the value.
struct WokenValue {
  std::uint32_t slot = 0;
  std::string_view header;
  std::uint32_t text_size = 0;
};

// How much one user may ask for, as the owner of the deployment has set it. What nobody can set is
// in limits.h.
struct RateLimits {
  // Rate of frames of one connection.
  Rate frames;
  // Rate of frames of all connections of the user together.
  Rate user_frames;
  // Rate of new connections of the user. A `count` of 0 means that something in front of the
  // session limits them.
  Rate connects;
  // Number of connections that one user may have open.
  std::uint32_t devices_max = 128;
};

// The state that the server which this one replaces has stored, in a format of its own.
struct Legacy {
  std::vector<std::string_view> games;
  TimeMs last_active = 0;
};

// The first event of every instance: after a start, a hibernation or a crash.
struct Woken {
  // Id of the user, at most 1,024 bytes of UTF-8 (worker/common/limits.js).
  std::string_view user_id;
  TimeMs now = 0;
  // Bytes of the rows, as the last Store, StoreLogout and StoreInbox wrote them; nullopt for a row
  // that does not exist.
  std::optional<std::string_view> snapshot;
  std::optional<std::string_view> logout;
  std::optional<std::string_view> inbox;
  // Bytes of the row in which release 0.1.0 had pushes that wait; nullopt once StoreInbox has
  // replaced it.
  std::optional<std::string_view> kept;
  // Rows of messages, as StoreMessage wrote them.
  std::vector<WokenMessage> messages;
  std::vector<WokenValue> values;
  // State of the server which this one replaces. It is read only while there is no snapshot.
  std::optional<Legacy> legacy;
  // All sockets that are open.
  std::vector<WokenConnection> connections;
  RateLimits rate_limits;
  // Second before which no credential of any user may have been issued, as the owner has set it; 0
  // if any may.
  std::int64_t not_before_s = 0;
  // Seconds by which an issuer's clock may be ahead of ours, as the owner has set it.
  std::int64_t clock_skew_s = 0;
  // True if the owner lets in everybody without a credential.
  bool is_nobody_checked = false;
  // True if the metrics are collected, so that RecordMetrics effects are wanted.
  bool is_measured = false;
  // True if a connection has gone whose leaving failed twice, so that no session was told of it.
  bool is_any_lost = false;
  // A random number that JavaScript has exactly. Epochs are named by it (state/sequence.h).
  std::int64_t randomness = 0;
};

// A device asks to be let in. An Accept effect lets it in; otherwise an Answer effect says why not.
struct Connected {
  ConnectionId connection = 0;
  TimeMs now = 0;
  std::string_view device_id;
  Credential credential;
  ProtocolVersion version = ProtocolVersion::kVersion1;
  // Name of the tab or process within the device, in version 2; empty if the device has none.
  std::string_view tab_id = kNoText;
  // Run of the client program, in version 2; empty if it does not say.
  std::string_view run = kNoText;
  // Place up to which the device has seen all, in version 2; its epoch is 0 if the device does not
  // say.
  Position since = {};
  // Number of the message up to which it has all of the inbox, in version 2; kNoPlace if it does
  // not say.
  std::int64_t inbox = kNoPlace;

  static constexpr std::int64_t kNoPlace = -1;
};

// A device has sent a frame. It may come from a connection that is closed already.
struct FrameReceived {
  ConnectionId connection = 0;
  TimeMs now = 0;
  bool is_text = true;
  Payload payload;
  // Reason why the message does not fit the app's own definition (worker/object/message-check.js);
  // empty if it fits. It counts only where the message would otherwise be handled.
  std::string_view misfit = kNoText;
};

// The platform's knowledge of the heartbeats, which it answers itself. The caller sends it before a
// connection or a request that is shown devices, and at most every 30 seconds while frames come, so
// that vanished devices are noticed.
struct HeartbeatsRead {
  struct Heartbeat {
    ConnectionId connection = 0;
    // Time of the newest heartbeat; 0 if there was none yet.
    TimeMs at = 0;
  };
  TimeMs now = 0;
  std::vector<Heartbeat> heartbeats;
};

// The socket of `connection` has closed, from either side. `heartbeat` is the time of its last
// heartbeat, 0 if there was none. It counts as activity of the user; leaving does not.
struct Disconnected {
  ConnectionId connection = 0;
  TimeMs now = 0;
  TimeMs heartbeat = 0;
};

// A server or the user's own page has asked for the state. `heartbeat` is the newest heartbeat of
// all devices, or 0 if the caller has sent HeartbeatsRead instead.
struct StateRequested {
  TimeMs now = 0;
  Credential credential;
  TimeMs heartbeat = 0;
};

// A server or the user's own page has asked to erase the user's data.
struct ClearRequested {
  TimeMs now = 0;
  Credential credential;
};

// A server has asked for the user's metrics.
struct MetricsRequested {
  TimeMs now = 0;
};

// The devices to which an event or a push is limited: those with an id in `to`, or all if `to` is
// empty, except those with an id in `except`.
struct Audience {
  std::vector<std::string_view> to;
  std::vector<std::string_view> except;
};

// A server has pushed a message to the user's devices.
struct PushRequested {
  TimeMs now = 0;
  Payload payload;
  // Number of seconds for which the push waits for devices that are away; 0 means not at all.
  std::int64_t keep_s = 0;
  // Id by which a repetition of the same push is recognized; empty if it has none.
  std::string_view push_id = kNoText;
  Audience audience = {};
  // As in FrameReceived. It counts only where the push would otherwise be delivered.
  std::string_view misfit = kNoText;
};

// A server has asked that the user join a game.
struct GameJoinRequested {
  TimeMs now = 0;
  std::string_view game_id;
};

// A server has asked that the user leave a game.
struct GameLeaveRequested {
  TimeMs now = 0;
  std::string_view game_id;
};

// The part of the user's credentials and devices that a logout ends (state/access.h). The numbers
// are the boundary's (bindings/wire.js).
enum class LogoutScope : std::uint8_t {
  kAll = 1,
  // All but one credential.
  kOthers = 2,
  // A device, and the credentials by which it came.
  kDevice = 3,
  // A single credential.
  kCredential = 4,
  // The session at an issuer that says that it has ended it, or everything that was issued until
  // then if that session was never seen.
  kIssuerSession = 5,
};

// A server, the user's own page or an issuer has asked to log the user out.
struct LogoutRequested {
  TimeMs now = 0;
  LogoutScope scope = LogoutScope::kAll;
  // Credential of who asks: a page's own is spared where others are ended.
  Credential credential;
  // Id of the device or of the credential that the scope names: the one to spare for kOthers, which
  // may be empty, as it may be for kIssuerSession.
  std::string_view id = kNoText;
  // Second in which an issuer has said it, for kIssuerSession.
  std::int64_t ended_at_s = 0;
};

// The user's own page has asked for a ticket, by which a socket is let in
// (worker/object/tickets.js). The answer says whether the credential may have one.
struct TicketRequested {
  TimeMs now = 0;
  Credential credential;
};

// A server has asked for the list of the user's devices.
struct DevicesRequested {
  TimeMs now = 0;
};

// A server or the user's own page has asked for all data that is known about the user.
struct ExportRequested {
  TimeMs now = 0;
  Credential credential;
};

// A server or the user's own page has asked for the values.
struct ValuesRequested {
  TimeMs now = 0;
  Credential credential;
  // Key of the only value that is wanted; empty for all.
  std::string_view key = kNoText;
};

// A server or the user's own page has asked to set or delete a value.
struct ValueChangeRequested {
  TimeMs now = 0;
  Credential credential;
  // The `set_value` or `delete_value` frame that would do the same.
  Payload payload;
  // Reason for which the value does not fit the app's own definition; empty if it does.
  std::string_view misfit = kNoText;
};

// Any event. Session::on has one overload for each, and bindings/wire.h a tag.
using Event = std::variant<Woken, Connected, FrameReceived, Disconnected, StateRequested,
                           ClearRequested, PushRequested, GameJoinRequested, GameLeaveRequested,
                           LogoutRequested, MetricsRequested, HeartbeatsRead, DevicesRequested,
                           ExportRequested, TicketRequested, ValuesRequested, ValueChangeRequested>;

}  // namespace user_session
