#include "message.h"

#include <algorithm>

#include "frame.h"
#include "limits.h"

namespace user_session {
namespace {

// The refusals of a name, which differ in the field that they name.
struct NameRefusals {
  std::string_view missing;
  std::string_view not_a_string;
  std::string_view empty;
  std::string_view too_long;
};

constexpr NameRefusals kGameIdRefusals = {
    "gameId is missing: expected a string of 1 to 128 bytes",
    "gameId is not a string: expected a string of 1 to 128 bytes",
    "gameId is empty: expected a string of 1 to 128 bytes",
    "gameId is too long: expected at most 128 bytes of UTF-8",
};
constexpr NameRefusals kEventRefusals = {
    "event is missing: expected a string of 1 to 128 bytes",
    "event is not a string: expected a string of 1 to 128 bytes",
    "event is empty: expected a string of 1 to 128 bytes",
    "event is too long: expected at most 128 bytes of UTF-8",
};
constexpr NameRefusals kDeviceNameRefusals = {
    "name is missing: expected a string of 1 to 128 bytes",
    "name is not a string: expected a string of 1 to 128 bytes",
    "name is empty: expected a string of 1 to 128 bytes",
    "name is too long: expected at most 128 bytes of UTF-8",
};
constexpr NameRefusals kDeviceIdRefusals = {
    "deviceId is missing: expected a string of 1 to 128 bytes",
    "deviceId is not a string: expected a string of 1 to 128 bytes",
    "deviceId is empty: expected a string of 1 to 128 bytes",
    "deviceId is too long: expected at most 128 bytes of UTF-8",
};
static_assert(kNameBytesMax == 128, "the refusals name the limit");

std::optional<Refusal> check_name(std::string_view name, const NameRefusals& refusals) {
  if (name.empty()) return Refusal{ErrorCode::kInvalidMessage, refusals.empty};
  if (name.size() > kNameBytesMax) return Refusal{ErrorCode::kLimitReached, refusals.too_long};
  return std::nullopt;
}

std::optional<Refusal> check_name(const Field& field, const NameRefusals& refusals) {
  switch (field.kind) {
    case Field::Kind::kAbsent:
      return Refusal{ErrorCode::kInvalidMessage, refusals.missing};
    case Field::Kind::kStrings:
    case Field::Kind::kOther:
      return Refusal{ErrorCode::kInvalidMessage, refusals.not_a_string};
    case Field::Kind::kString:
      return check_name(field.value, refusals);
  }
  return std::nullopt;
}

// Sets `list` to the devices that a field names; to nullptr if it is not there.
bool read_devices(const Field& field, const std::vector<std::string>*& list) {
  if (field.kind == Field::Kind::kAbsent) return true;
  list = &field.strings;
  return field.kind == Field::Kind::kStrings && !field.strings.empty() &&
         field.strings.size() <= kAimedDevicesMax;
}

}  // namespace

std::string_view error_code_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidJson:
      return "invalid_json";
    case ErrorCode::kInvalidMessage:
      return "invalid_message";
    case ErrorCode::kUnknownType:
      return "unknown_type";
    case ErrorCode::kTooLarge:
      return "too_large";
    case ErrorCode::kLimitReached:
      return "limit_reached";
    case ErrorCode::kRateLimited:
      return "rate_limited";
    case ErrorCode::kUnauthorized:
      return "unauthorized";
  }
  return "internal";
}

std::optional<Refusal> check_game_id(std::string_view game_id) {
  return check_name(game_id, kGameIdRefusals);
}

std::optional<Refusal> MessageParser::read_fields(std::string_view text) {
  constexpr Refusal kNotJson = {ErrorCode::kInvalidJson,
                                "expected one JSON object in UTF-8, nested at most 32 levels deep"};
  static_assert(kNestingMax == 32, "the refusal names the limit");
  fields_.forget();
  if (!read_plain_fields(text, fields_)) {
    fields_.forget();
    if (!read_json_fields(text, fields_)) {
      fields_.forget();
      return kNotJson;
    }
  }
  switch (fields_.type.kind) {
    case Field::Kind::kAbsent:
      return Refusal{ErrorCode::kInvalidMessage, "type is missing: expected a string"};
    case Field::Kind::kStrings:
    case Field::Kind::kOther:
      return Refusal{ErrorCode::kInvalidMessage, "type is not a string"};
    case Field::Kind::kString:
      return std::nullopt;
  }
  return std::nullopt;
}

std::variant<Message, Refusal> MessageParser::to_message(Dialect dialect) const {
  const std::string_view type = fields_.type.value;
  if (type == "join_game" || type == "leave_game") {
    if (auto refusal = check_name(fields_.game_id, kGameIdRefusals)) return *refusal;
    if (type == "join_game") return Message(JoinGame{fields_.game_id.value});
    return Message(LeaveGame{fields_.game_id.value});
  }
  if (type == "update_presence") {
    if (fields_.presence.kind == Field::Kind::kString) {
      if (auto presence = presence_from_name(fields_.presence.value)) {
        return Message(UpdatePresence{*presence});
      }
    }
    return Refusal{ErrorCode::kInvalidMessage,
                   R"(presence must be one of "online", "away" and "offline")"};
  }
  if (type == "sync_state") return Message(SyncState{});
  if (type == "ping") return Message(Ping{});
  if (type == "logout_all") return Message(LogoutAll{});
  if (type == "broadcast") {
    if (auto refusal = check_name(fields_.event, kEventRefusals)) return *refusal;
    Broadcast broadcast{fields_.event.value, "null"};
    if (fields_.data.kind != Field::Kind::kAbsent) broadcast.data = fields_.data.value;
    if (dialect == Dialect::kVersion2 && (!read_devices(fields_.to, broadcast.to) ||
                                          !read_devices(fields_.except, broadcast.except))) {
      return Refusal{ErrorCode::kInvalidMessage,
                     "to and except must be lists of 1 to 64 device ids"};
    }
    return Message(broadcast);
  }
  if (dialect == Dialect::kVersion2) return to_newer_message();
  return Refusal{ErrorCode::kUnknownType,
                 "type is not one of join_game, leave_game, update_presence, sync_state, ping, "
                 "logout_all and broadcast"};
}

std::variant<Message, Refusal> MessageParser::to_newer_message() const {
  const std::string_view type = fields_.type.value;
  if (type == "set_device") {
    if (auto refusal = check_name(fields_.name, kDeviceNameRefusals)) return *refusal;
    return Message(SetDevice{fields_.name.value});
  }
  if (type == "logout_others") return Message(LogoutOthers{});
  if (type == "logout_device") {
    if (auto refusal = check_name(fields_.device_id, kDeviceIdRefusals)) return *refusal;
    return Message(LogoutDevice{fields_.device_id.value});
  }
  return Refusal{ErrorCode::kUnknownType,
                 "type is not one of join_game, leave_game, update_presence, sync_state, ping, "
                 "logout_all, broadcast, set_device, logout_others and logout_device"};
}

std::variant<Message, Refusal> MessageParser::parse_frame(std::string_view frame, Dialect dialect) {
  if (auto refusal = read_fields(frame)) return *refusal;
  return to_message(dialect);
}

std::variant<std::string_view, Refusal> MessageParser::request_id() const {
  constexpr Refusal kNoId = {ErrorCode::kInvalidMessage,
                             "id must be a string of 1 to 36 printable ASCII characters"};
  static_assert(kRequestIdBytesMax == 36, "the refusal names the limit");
  const std::string_view id = fields_.id.value;
  if (fields_.id.kind == Field::Kind::kAbsent) return std::string_view();
  const bool is_printable =
      std::all_of(id.begin(), id.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (fields_.id.kind != Field::Kind::kString || id.empty() || id.size() > kRequestIdBytesMax ||
      !is_printable) {
    return kNoId;
  }
  return id;
}

std::optional<Refusal> MessageParser::check_push(std::string_view body) {
  if (auto refusal = read_fields(body)) return refusal;
  const std::string_view type = fields_.type.value;
  const auto& ours = kVersion1FrameTypes;
  if (std::find(ours.begin(), ours.end(), type) == ours.end()) return std::nullopt;
  refused_ = "type is \"";
  refused_ += type;
  refused_ += "\", which only the session itself sends: expected a name of the app's own";
  return Refusal{ErrorCode::kInvalidMessage, refused_};
}

}  // namespace user_session
