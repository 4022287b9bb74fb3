// What a device can say: JSON text in, typed messages or a refusal out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "event.h"
#include "fields.h"
#include "limits.h"
#include "presence.h"

namespace user_session {

struct JoinGame {
  std::string_view game_id;
};
struct LeaveGame {
  std::string_view game_id;
};
struct UpdatePresence {
  Presence presence;
};
struct SyncState {};
struct Ping {};
struct LogoutAll {};
struct Broadcast {
  std::string_view event;
  // The exact text of the value the sender wrote; `null` if it wrote none.
  std::string_view data;
  // The devices that it goes to; nullptr for all.
  const std::vector<std::string>* to = nullptr;
  const std::vector<std::string>* except = nullptr;
};
// Of version 2.
struct SetDevice {
  std::string_view name;
};
struct LogoutOthers {};
struct LogoutDevice {
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
                                             Dialect dialect = Dialect::kVersion1);

  // The id of the frame that was read last, empty if it has none; or why it can't be one. Valid as
  // long as the message.
  [[nodiscard]] std::variant<std::string_view, Refusal> request_id() const;

  // Checks a body that a server wants pushed: it must be a frame of some type, but of none that
  // version 1's devices take for the session's own word. Nothing when it is. A refusal's message
  // stays valid until the next call.
  std::optional<Refusal> check_push(std::string_view body);

 private:
  std::optional<Refusal> read_fields(std::string_view text);
  [[nodiscard]] std::variant<Message, Refusal> to_message(Dialect dialect) const;
  [[nodiscard]] std::variant<Message, Refusal> to_newer_message() const;

  Fields fields_;
  std::string refused_;
};

}  // namespace user_session
