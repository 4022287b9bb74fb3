// The messages that a device can send: JSON text in, a typed message or a refusal out. What a
// message does is in handlers/.
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

// The messages. Each has its `type`, the first version of the protocol that knows it, and the
// counter for those that are handled; nullopt if they are not counted. Whoever adds one adds it to
// Message below, from which the parser, the refusal of an unknown type and the counting derive.

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
  // JSON text of the value, exactly as the sender wrote it; `null` if it wrote none.
  std::string_view data;
  // Ids of the devices that get it and of those that do not; nullptr if the list is absent. The
  // lists belong to the parser and are valid until its next call.
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

// Any message of a device.
using Message = std::variant<JoinGame, LeaveGame, UpdatePresence, SyncState, Ping, LogoutAll,
                             Broadcast, SetDevice, LogoutOthers, LogoutDevice>;

// The reasons for a refusal, which devices and servers tell apart by their names.
enum class ErrorCode {
  kInvalidJson,
  kInvalidMessage,
  kUnknownType,
  kTooLarge,
  kLimitReached,
  kRateLimited,
  kUnauthorized,
};

// Returns the `code` of an error in frames and answers.
std::string_view error_code_name(ErrorCode code);

// The reason why something was not done, for the one who asked. `message` names the field and what
// was expected of it. It is a literal, or lies in the parser that refused.
struct Refusal {
  ErrorCode code = ErrorCode::kInvalidJson;
  std::string_view message;
};

// The refusal of a frame or a body over kFrameBytesMax.
inline constexpr Refusal kTooLarge = {ErrorCode::kTooLarge,
                                      "too large: expected at most 65536 bytes of UTF-8"};
static_assert(kFrameBytesMax == 65536, "the refusal names the limit");

// Returns why `game_id` is no game id, which has 1 to kNameBytesMax bytes; nullopt if it is one.
std::optional<Refusal> check_game_id(std::string_view game_id);

// A parser that keeps its memory from one message to the next.
class MessageParser {
 public:
  // Parses a device's frame of at most kFrameBytesMax bytes of UTF-8, as `version` knows it. The
  // texts of the message are valid until the next call and as long as `frame` is.
  std::variant<Message, Refusal> parse_frame(std::string_view frame,
                                             ProtocolVersion version = ProtocolVersion::kVersion1);

  // Returns the request id of the frame that was parsed last, empty if it has none; or why it is no
  // id. It is valid as long as the message.
  [[nodiscard]] std::variant<std::string_view, Refusal> request_id() const;

  // Checks a body that a server pushes: it must be a JSON object with a `type` that is not in
  // kVersion1FrameTypes. Returns nullopt if it is. The refusal's message is valid until the next
  // call.
  std::optional<Refusal> check_push(std::string_view body);

 private:
  // Sets `fields_` to the members of a JSON object with a `type`, or returns why it is none.
  std::optional<Refusal> read_fields(std::string_view text);

  Fields fields_;
  // Memory for the message of check_push.
  std::string refused_;
};

}  // namespace user_session
