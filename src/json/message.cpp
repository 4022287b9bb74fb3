// From fields to messages: what each message must have, and what a refusal says.
#include "json/message.h"

#include <algorithm>
#include <array>

#include "format/bytes.h"
#include "json/frame.h"
#include "json/literal.h"
#include "limits.h"

namespace user_session {
namespace {

static_assert(kNameBytesMax == 128, "the refusals of a name say the limit");

// The refusals of a name, which differ in the field that they name.
struct NameRefusals {
  std::string_view missing;
  std::string_view not_a_string;
  std::string_view empty;
  std::string_view too_long;
};

template <Literal Name>
constexpr NameRefusals kNameRefusals = {
    Joined<Name, " is missing: expected a string of 1 to 128 bytes">::kText,
    Joined<Name, " is not a string: expected a string of 1 to 128 bytes">::kText,
    Joined<Name, " is empty: expected a string of 1 to 128 bytes">::kText,
    Joined<Name, " is too long: expected at most 128 bytes of UTF-8">::kText,
};

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

// Returns true if a field is a string of 1 to `size_max` bytes.
bool is_text(const Field& field, std::size_t size_max) {
  return field.kind == Field::Kind::kString && !field.value.empty() &&
         field.value.size() <= size_max;
}

// Sets `list` to the devices in a field, and leaves it nullptr if the field is absent. Returns
// false if the field is no list of 1 to kAimedDevicesMax strings.
bool read_devices(const Field& field, const std::vector<std::string>*& list) {
  if (field.kind == Field::Kind::kAbsent) return true;
  list = &field.strings;
  return field.kind == Field::Kind::kStrings && !field.strings.empty() &&
         field.strings.size() <= kAimedDevicesMax;
}

// Returns the number in a text of plain decimal digits, or nullopt if it is no such text or the
// number is above kSafeIntegerMax.
std::optional<std::int64_t> plain_number(std::string_view text) {
  constexpr std::size_t kDigitsMax = 16;
  const bool is_padded = text.size() > 1 && text.front() == '0';
  if (text.empty() || text.size() > kDigitsMax || is_padded) return std::nullopt;
  std::int64_t number = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    number = (number * 10) + (digit - '0');
  }
  if (number > kSafeIntegerMax) return std::nullopt;
  return number;
}

// Each `read` sets the members of one message as a version has them. It returns why a member is
// refused, or nullopt.

using Refused = std::optional<Refusal>;

Refused read(const Fields& fields, ProtocolVersion /*version*/, JoinGame& message) {
  message.game_id = fields.game_id.value;
  return check_name(fields.game_id, kNameRefusals<"gameId">);
}

Refused read(const Fields& fields, ProtocolVersion /*version*/, LeaveGame& message) {
  message.game_id = fields.game_id.value;
  return check_name(fields.game_id, kNameRefusals<"gameId">);
}

Refused read(const Fields& fields, ProtocolVersion /*version*/, UpdatePresence& message) {
  if (fields.presence.kind == Field::Kind::kString) {
    if (const auto presence = presence_from_name(fields.presence.value)) {
      message.presence = *presence;
      return std::nullopt;
    }
  }
  return Refusal{ErrorCode::kInvalidMessage,
                 R"(presence must be one of "online", "away" and "offline")"};
}

Refused read(const Fields& /*fields*/, ProtocolVersion /*version*/, SyncState& /*message*/) {
  return {};
}

Refused read(const Fields& /*fields*/, ProtocolVersion /*version*/, Ping& /*message*/) {
  return {};
}

Refused read(const Fields& /*fields*/, ProtocolVersion /*version*/, LogoutAll& /*message*/) {
  return {};
}

Refused read(const Fields& fields, ProtocolVersion version, Broadcast& message) {
  if (auto refusal = check_name(fields.event, kNameRefusals<"event">)) return refusal;
  message.event = fields.event.value;
  message.data = fields.data.kind == Field::Kind::kAbsent ? "null" : fields.data.value;
  if (version == ProtocolVersion::kVersion1) return std::nullopt;
  message.is_latest = fields.latest.kind != Field::Kind::kAbsent;
  if (message.is_latest && fields.latest.value != "true") {
    return Refusal{ErrorCode::kInvalidMessage, "latest must be true, or left out"};
  }
  if (read_devices(fields.to, message.to) && read_devices(fields.except, message.except)) {
    return std::nullopt;
  }
  return Refusal{ErrorCode::kInvalidMessage, "to and except must be lists of 1 to 64 device ids"};
}
static_assert(kAimedDevicesMax == 64, "the refusal names the limit");

Refused read(const Fields& fields, ProtocolVersion /*version*/, SetDevice& message) {
  message.name = fields.name.value;
  return check_name(fields.name, kNameRefusals<"name">);
}

Refused read(const Fields& /*fields*/, ProtocolVersion /*version*/, LogoutOthers& /*message*/) {
  return {};
}

Refused read(const Fields& fields, ProtocolVersion /*version*/, LogoutDevice& message) {
  message.device_id = fields.device_id.value;
  // The device may be one of version 1, whose id may be longer.
  if (is_text(fields.device_id, kDeviceIdBytesMax)) return std::nullopt;
  return Refusal{ErrorCode::kInvalidMessage, "deviceId must be a string of 1 to 1024 bytes"};
}
static_assert(kDeviceIdBytesMax == 1'024, "the refusal names the limit");

Refused read(const Fields& fields, ProtocolVersion /*version*/, LogoutCredential& message) {
  message.credential_id = fields.credential_id.value;
  if (is_text(fields.credential_id, kCredentialNameBytesMax)) return std::nullopt;
  return Refusal{ErrorCode::kInvalidMessage, "credentialId must be a string of 1 to 256 bytes"};
}
static_assert(kCredentialNameBytesMax == 256, "the refusal names the limit");

Refused read(const Fields& fields, ProtocolVersion /*version*/, MarkRead& message) {
  const bool is_there = fields.inbox.kind != Field::Kind::kAbsent;
  const auto number = is_there ? plain_number(fields.inbox.value) : std::nullopt;
  message.inbox = number.value_or(0);
  if (number) return std::nullopt;
  return Refusal{ErrorCode::kInvalidMessage, "inbox must be the number of a message"};
}

// Reads the `ifVersion` of a message.
Refused read_if_version(const Fields& fields, std::optional<std::int64_t>& if_version) {
  if (fields.if_version.kind == Field::Kind::kAbsent) return std::nullopt;
  if_version = plain_number(fields.if_version.value);
  if (if_version) return std::nullopt;
  return Refusal{ErrorCode::kInvalidMessage,
                 "ifVersion must be a version: a whole number from 0 on, in plain digits"};
}

Refused read(const Fields& fields, ProtocolVersion /*version*/, SetValue& message) {
  message.key = fields.key.value;
  if (auto refusal = check_name(fields.key, kNameRefusals<"key">)) return refusal;
  message.value = fields.value.value;
  if (fields.value.kind == Field::Kind::kAbsent) {
    return Refusal{ErrorCode::kInvalidMessage, "value is missing: expected a JSON value"};
  }
  return read_if_version(fields, message.if_version);
}

Refused read(const Fields& fields, ProtocolVersion /*version*/, DeleteValue& message) {
  message.key = fields.key.value;
  if (auto refusal = check_name(fields.key, kNameRefusals<"key">)) return refusal;
  return read_if_version(fields, message.if_version);
}

// The types in a variant, as a list that can be walked at compile time.
template <typename List>
struct Messages;

template <typename... Known>
struct Messages<std::variant<Known...>> {
  // Writes the types that a version knows to `out`, unless it is nullptr, as "a, b and c". Returns
  // the size in bytes.
  static constexpr std::size_t list_types(ProtocolVersion version, char* out) {
    std::size_t left = ((Known::kSince <= version ? 1U : 0U) + ...);
    std::size_t size = 0;
    const auto add = [&](std::string_view text) {
      if (out != nullptr) std::copy(text.begin(), text.end(), out + size);
      size += text.size();
    };
    const auto list = [&](std::string_view type) {
      add(type);
      --left;
      if (left > 0) add(left == 1 ? " and " : ", ");
    };
    ((Known::kSince <= version ? list(Known::kType) : void()), ...);
    return size;
  }

  // Returns the message in `fields` as a version has it, or a refusal; `unknown_type` if that
  // version has no such type.
  static std::variant<Message, Refusal> read_any(const Fields& fields, ProtocolVersion version,
                                                 const Refusal& unknown_type) {
    std::variant<Message, Refusal> result(std::in_place_type<Message>);
    auto& message = *std::get_if<Message>(&result);
    Refused refused = unknown_type;
    const auto is_it = [&](std::string_view type, ProtocolVersion since) {
      return since <= version && fields.type.value == type;
    };
    static_cast<void>(((is_it(Known::kType, Known::kSince) &&
                        (refused = read(fields, version, message.emplace<Known>()), true)) ||
                       ...));
    if (refused) result = *refused;
    return result;
  }
};

// The refusal of a type that a version does not know, with the list of those that it knows.
template <ProtocolVersion Version>
struct UnknownType {
  static constexpr std::size_t kSize = Messages<Message>::list_types(Version, nullptr);
  static constexpr auto kTypes = [] {
    std::array<char, kSize + 1> types{};
    Messages<Message>::list_types(Version, types.data());
    return types;
  }();
  static constexpr Refusal kRefusal = {ErrorCode::kUnknownType,
                                       Joined<"type is not one of ", Literal(kTypes)>::kText};
};

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
    case ErrorCode::kTooOld:
      return "too_old";
    case ErrorCode::kConflict:
      return "conflict";
  }
  return "internal";
}

std::optional<Refusal> check_game_id(std::string_view game_id) {
  return check_name(game_id, kNameRefusals<"gameId">);
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

std::variant<Message, Refusal> MessageParser::parse_frame(std::string_view frame,
                                                          ProtocolVersion version) {
  if (auto refusal = read_fields(frame)) return *refusal;
  return Messages<Message>::read_any(fields_, version,
                                     version == ProtocolVersion::kVersion1
                                         ? UnknownType<ProtocolVersion::kVersion1>::kRefusal
                                         : UnknownType<ProtocolVersion::kVersion2>::kRefusal);
}

bool is_run(std::string_view run) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  return run.size() >= kRunBytesMin && run.size() <= kRunBytesMax &&
         std::all_of(run.begin(), run.end(), is_letter);
}

std::variant<RequestId, Refusal> MessageParser::request_id() const {
  constexpr Refusal kNoId = {
      ErrorCode::kInvalidMessage,
      "id must be <run>.<n>: 16 to 24 of A-Z a-z 0-9 _ -, and a number from 1 on"};
  static_assert(kRunBytesMin == 16 && kRunBytesMax == 24, "the refusal names the limits");
  constexpr Refusal kNoAgain = {ErrorCode::kInvalidMessage, "again must be true, beside an id"};
  const bool has_again = fields_.again.kind != Field::Kind::kAbsent;
  if (fields_.id.kind == Field::Kind::kAbsent) {
    if (has_again) return kNoAgain;
    return RequestId{};
  }
  RequestId id{.text = fields_.id.value, .is_again = has_again};
  const std::size_t dot = id.text.find('.');
  if (dot == std::string_view::npos) return kNoId;
  id.run = id.text.substr(0, dot);
  const auto number = plain_number(id.text.substr(dot + 1));
  id.number = number.value_or(0);
  if (!is_run(id.run) || id.number == 0) return kNoId;
  if (has_again && fields_.again.value != "true") return kNoAgain;
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
