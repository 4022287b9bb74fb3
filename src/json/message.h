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
#include "request_id.h"

namespace user_session {

// The messages. Each has its `type`, the first version of the protocol that knows it, and the
// counter that counts the messages of this type that were handled; nullopt for none. To add one,
// write its struct and add it to Message below. The parser, the refusal of an unknown type and the
// counting derive from Message; the compiler then asks for a function that reads its members
// (message.cpp) and for a handler (session.h). CONTRIBUTING.md has all the steps.

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
  // Ids of the devices that get it, and of those that do not. A list that is absent is nullptr; one
  // that is there is not empty. The lists belong to the parser and are valid until it parses again.
  const std::vector<std::string>* to = nullptr;
  const std::vector<std::string>* except = nullptr;
  // True if only the newest event of this name matters, so that it is not counted in the sequence.
  bool is_latest = false;
};
struct SetDevice {
  static constexpr std::string_view kType = "set_device";
  static constexpr ProtocolVersion kSince = ProtocolVersion::kVersion2;
  static constexpr std::optional<Counter> kCounter = std::nullopt;
  std::string_view name;
};
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
struct LogoutCredential {
  static constexpr std::string_view kType = "logout_credential";
  static constexpr ProtocolVersion kSince = ProtocolVersion::kVersion2;
  static constexpr std::optional<Counter> kCounter = Counter::kLogoutAll;
  std::string_view credential_id;
};
struct MarkRead {
  static constexpr std::string_view kType = "mark_read";
  static constexpr ProtocolVersion kSince = ProtocolVersion::kVersion2;
  static constexpr std::optional<Counter> kCounter = std::nullopt;
  // Number of the message up to which the user has read.
  std::int64_t inbox = 0;
};

struct SetValue {
  static constexpr std::string_view kType = "set_value";
  static constexpr ProtocolVersion kSince = ProtocolVersion::kVersion2;
  static constexpr std::optional<Counter> kCounter = std::nullopt;
  std::string_view key;
  // JSON text, exactly as the sender wrote it.
  std::string_view value;
  // Version that the value must have, 0 if it must not be there; nullopt if any will do.
  std::optional<std::int64_t> if_version;
};
struct DeleteValue {
  static constexpr std::string_view kType = "delete_value";
  static constexpr ProtocolVersion kSince = ProtocolVersion::kVersion2;
  static constexpr std::optional<Counter> kCounter = std::nullopt;
  std::string_view key;
  std::optional<std::int64_t> if_version;
};

// Any message of a device.
using Message = std::variant<JoinGame, LeaveGame, UpdatePresence, SyncState, Ping, LogoutAll,
                             Broadcast, SetDevice, LogoutOthers, LogoutDevice, LogoutCredential,
                             MarkRead, SetValue, DeleteValue>;

// Returns true if `run` is one: kRunBytesMin to kRunBytesMax characters of A to Z, a to z, 0 to 9,
// `_` and `-`.
bool is_run(std::string_view run);

// The reasons for a refusal. Devices and servers are told the name of the reason.
enum class ErrorCode {
  kInvalidJson,
  kInvalidMessage,
  kUnknownType,
  kTooLarge,
  kLimitReached,
  kRateLimited,
  kUnauthorized,
  kTooOld,
  kConflict,
};

// Returns the `code` of an error in frames and answers.
std::string_view error_code_name(ErrorCode code);

// The reason why something was not done, for the one who asked. `message` names the field and what
// was expected of it. Its text is a literal, or belongs to the parser that refused and is valid
// until that parses again.
struct Refusal {
  ErrorCode code = ErrorCode::kInvalidJson;
  std::string_view message;
};

// The refusal of a frame or a body over kFrameBytesMax.
inline constexpr Refusal kTooLarge = {ErrorCode::kTooLarge,
                                      "too large: expected at most 65536 bytes of UTF-8"};
static_assert(kFrameBytesMax == 65536, "the refusal names the limit");

// Returns nullopt if `game_id` has 1 to kNameBytesMax bytes, and otherwise the refusal.
std::optional<Refusal> check_game_id(std::string_view game_id);

// A parser that keeps its memory from one message to the next.
class MessageParser {
 public:
  // Parses a device's frame of at most kFrameBytesMax bytes of UTF-8. A type or a member that
  // `version` does not have is unknown. The texts of the message are valid while `frame` is, and
  // not beyond the next call.
  std::variant<Message, Refusal> parse_frame(std::string_view frame,
                                             ProtocolVersion version = ProtocolVersion::kVersion1);

  // Returns the `id` and the `again` of the frame that was parsed last, or the refusal of one that
  // is not as RequestId says. It is valid as long as the message.
  [[nodiscard]] std::variant<RequestId, Refusal> request_id() const;

  // Checks a body that a server pushes. It must be a JSON object with a `type`, which must not be
  // in kVersion1FrameTypes (json/frame.h): version 1 would take it for the session's own word.
  // Returns nullopt if it is right. The refusal's message is valid until the next call.
  std::optional<Refusal> check_push(std::string_view body);

 private:
  // Sets `fields_` to the members of a JSON object with a `type`, or returns why `text` is no such
  // object.
  std::optional<Refusal> read_fields(std::string_view text);

  Fields fields_;
  // Memory for the message of check_push.
  std::string refused_;
};

}  // namespace user_session
