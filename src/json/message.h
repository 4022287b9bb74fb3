// What a device can say: JSON text in, typed messages or a refusal out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "event.h"
#include "format/metrics.h"
#include "json/fields.h"
#include "limits.h"
#include "presence.h"

namespace user_session {

// The messages. Each says its `type`, the first version of the protocol that knows it, and as what
// it is counted when it was done; `nullopt` for not at all. Whoever adds one adds it to Message,
// from which the parser, the refusal of an unknown type and the counting derive.

// The messages. Each says its `type`, the first version of the protocol that knows it, and as what
// it is counted when it is done; `nullopt` for not at all. All that has to know every message
// derives from `Message` below, the list of them.

struct JoinGame {
  static constexpr std::string_view kType = "join_game";
  static constexpr ProtocolVersion kSince = ProtocolVersion::kVersion1;
  static constexpr std::optional<Counter> kCounter = Counter::kJoinGame;
  std::string_view game_id;
};
struct LeaveGame {
  static constexpr std::string_view kType = "leave_game";
  static constexpr ProtocolVersion kSince = ProtocolVersion::kVersion1;
  static constexpr std::optional<Counter> kCounter = Counter::kLeaveGame;
  std::string_view game_id;
};
struct UpdatePresence {
  static constexpr std::string_view kType = "update_presence";
  static constexpr ProtocolVersion kSince = ProtocolVersion::kVersion1;
  static constexpr std::optional<Counter> kCounter = Counter::kUpdatePresence;
  Presence presence = Presence::kOnline;
};
struct SyncState {
  static constexpr std::string_view kType = "sync_state";
  static constexpr ProtocolVersion kSince = ProtocolVersion::kVersion1;
  static constexpr std::optional<Counter> kCounter = Counter::kSyncState;
};
struct Ping {
  static constexpr std::string_view kType = "ping";
  static constexpr ProtocolVersion kSince = ProtocolVersion::kVersion1;
  static constexpr std::optional<Counter> kCounter = Counter::kPing;
};
struct LogoutAll {
  static constexpr std::string_view kType = "logout_all";
  static constexpr ProtocolVersion kSince = ProtocolVersion::kVersion1;
  static constexpr std::optional<Counter> kCounter = Counter::kLogoutAll;
};
struct Broadcast {
  static constexpr std::string_view kType = "broadcast";
  static constexpr ProtocolVersion kSince = ProtocolVersion::kVersion1;
  static constexpr std::optional<Counter> kCounter = Counter::kBroadcast;
  std::string_view event;
  // The exact text of the value the sender wrote; `null` if it wrote none.
  std::string_view data;
  // The devices that it goes to; nullptr for all.
  const std::vector<std::string>* to = nullptr;
  const std::vector<std::string>* except = nullptr;
};
struct SetDevice {
  static constexpr std::string_view kType = "set_device";
  static constexpr ProtocolVersion kSince = ProtocolVersion::kVersion2;
  static constexpr std::optional<Counter> kCounter = std::nullopt;
  std::string_view name;
};
// One counter has all logouts that devices ask for.
struct LogoutOthers {
  static constexpr std::string_view kType = "logout_others";
  static constexpr ProtocolVersion kSince = ProtocolVersion::kVersion2;
  static constexpr std::optional<Counter> kCounter = Counter::kLogoutAll;
};
struct LogoutDevice {
  static constexpr std::string_view kType = "logout_device";
  static constexpr ProtocolVersion kSince = ProtocolVersion::kVersion2;
  static constexpr std::optional<Counter> kCounter = Counter::kLogoutAll;
  std::string_view device_id;
};

using Message = std::variant<JoinGame, LeaveGame, UpdatePresence, SyncState, Ping, LogoutAll,
                             Broadcast, SetDevice, LogoutOthers, LogoutDevice>;

enum class ErrorCode {
  kInvalidJson,
  kInvalidMessage,
  kUnknownType,
  kTooLarge,
  kLimitReached,
  kRateLimited,
  kUnauthorized,
};

// The `code` of an error as it is written in frames and answers.
std::string_view error_code_name(ErrorCode code);

// Why something was not done, for the one who asked. `message` names the field and what was
// expected of it; it is a literal, or lies in the parser that refused.
struct Refusal {
  ErrorCode code = ErrorCode::kInvalidJson;
  std::string_view message;
};

// Of a frame or a body over kFrameBytesMax.
inline constexpr Refusal kTooLarge = {ErrorCode::kTooLarge,
                                      "too large: expected at most 65536 bytes of UTF-8"};
static_assert(kFrameBytesMax == 65536, "the refusal names the limit");

// Whether `game_id` can be one: 1 to kNameBytesMax bytes. Nothing when it can.
std::optional<Refusal> check_game_id(std::string_view game_id);

// Reads messages, keeping its memory from one to the next.
class MessageParser {
 public:
  // Reads a device's frame of at most kFrameBytesMax bytes of UTF-8. The texts of the result stay
  // valid until the next call, and as long as `frame` does.
  std::variant<Message, Refusal> parse_frame(std::string_view frame,
                                             ProtocolVersion version = ProtocolVersion::kVersion1);

  // The id of the frame that was read last, empty if it has none; or why it can't be one. Valid as
  // long as the message.
  [[nodiscard]] std::variant<std::string_view, Refusal> request_id() const;

  // Checks a body that a server wants pushed: it must be a frame of some type, but of none that
  // version 1's devices take for the session's own word. Nothing when it is. A refusal's message
  // stays valid until the next call.
  std::optional<Refusal> check_push(std::string_view body);

 private:
  std::optional<Refusal> read_fields(std::string_view text);

  Fields fields_;
  std::string refused_;
};

}  // namespace user_session
