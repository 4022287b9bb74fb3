#include "message.h"

#include <cstdint>
#include <iterator>
#include <map>
#include <vector>

namespace user_session {
namespace {

// Stands in for a number with a fraction or an exponent. No message has one, so its value is never
// asked for; that it always counts as finite makes the parser take 1e999, which JSON's grammar
// allows, as it takes any other number.
struct UnreadNumber {
  UnreadNumber() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): the parser initializes its number with 0.
  constexpr UnreadNumber(int zero) : value(zero) {}
  // NOLINTNEXTLINE(google-explicit-constructor): the parser reads into it and asks if it is finite.
  operator double&() { return value; }
  // NOLINTNEXTLINE(google-explicit-constructor)
  operator double() const { return 0; }
  double value;
};

}  // namespace
}  // namespace user_session

#if defined(_LIBCPP_VERSION) && _LIBCPP_VERSION < 15000
namespace std {
// The library that Debian's Emscripten brings takes arithmetic types alone and converts nothing.
constexpr bool isfinite(user_session::UnreadNumber /*number*/) { return true; }
}  // namespace std
#endif

#include <nlohmann/json.hpp>

#include "limits.h"

namespace user_session {
namespace {

using Field = MessageParser::Field;
using Fields = MessageParser::Fields;

using Json = nlohmann::basic_json<std::map, std::vector, std::string, bool, std::int64_t,
                                  std::uint64_t, UnreadNumber>;

// Walks the text for the parser and tells us how far it has come, which its SAX events don't.
struct CountingIterator {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  reference operator*() const { return *at; }
  CountingIterator& operator++() {
    ++at;
    *read_up_to = at;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at == other.at; }
  bool operator!=(const CountingIterator& other) const { return at != other.at; }

  const char* at;
  const char** read_up_to;
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_number_char(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

// Receives the parser's events and keeps the members that some message has. Builds no tree; what it
// does not know costs only the reading.
class FieldReader {
 public:
  // `text` and `fields` must outlive the reader.
  FieldReader(std::string_view text, Fields& fields)
      : fields_(fields), read_up_to_(text.data()), end_(text.data() + text.size()) {}

  CountingIterator begin() { return {.at = read_up_to_, .read_up_to = &read_up_to_}; }
  CountingIterator end() { return {.at = end_, .read_up_to = &read_up_to_}; }

  [[nodiscard]] bool is_object() const { return is_object_; }

  bool null() { return scalar(false); }
  bool boolean(bool /*value*/) { return scalar(false); }
  bool number_integer(std::int64_t /*value*/) { return scalar(true); }
  bool number_unsigned(std::uint64_t /*value*/) { return scalar(true); }
  bool number_float(UnreadNumber /*value*/, const std::string& /*text*/) { return scalar(true); }
  bool binary(Json::binary_t& /*value*/) { return scalar(false); }

  bool string(std::string& value) {
    if (Field* field = current_field(); field != nullptr && field != &fields_.data) {
      field->kind = Field::Kind::kString;
      field->value.swap(value);
      return true;
    }
    return scalar(false);
  }

  bool start_object(std::size_t /*size*/) {
    if (depth_ == 0) is_object_ = true;
    return open();
  }
  bool key(std::string& name) {
    if (depth_ != 1) return true;
    field_ = field_named(name);
    value_start_ = read_up_to_;
    return true;
  }
  bool end_object() { return close(); }
  bool start_array(std::size_t /*size*/) { return open(); }
  bool end_array() { return close(); }

  static bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                          const nlohmann::detail::exception& /*error*/) {
    return false;
  }

 private:
  Field* field_named(std::string_view name) {
    if (name == "type") return &fields_.type;
    if (name == "gameId") return &fields_.game_id;
    if (name == "presence") return &fields_.presence;
    if (name == "event") return &fields_.event;
    if (name == "data") return &fields_.data;
    return nullptr;
  }

  // The field whose value is being read, unless that value has begun further out.
  [[nodiscard]] Field* current_field() const { return depth_ == 1 ? field_ : nullptr; }

  bool open() { return ++depth_ <= kNestingMax; }

  bool close() {
    --depth_;
    return scalar(false);
  }

  // A value ends here. A number is only seen to end at the character behind it.
  bool scalar(bool is_number) {
    Field* field = current_field();
    if (field == nullptr) return true;
    field->kind = Field::Kind::kOther;
    if (field != &fields_.data) return true;
    const char* start = value_start_;
    while (is_space(*start) || *start == ':') ++start;
    const char* end = read_up_to_;
    if (is_number) {
      end = start;
      while (end != end_ && is_number_char(*end)) ++end;
    }
    field->value.assign(start, end);
    return true;
  }

  Fields& fields_;
  const char* read_up_to_;
  const char* end_;
  const char* value_start_ = nullptr;
  Field* field_ = nullptr;
  int depth_ = 0;
  bool is_object_ = false;
};

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
    case Field::Kind::kOther:
      return Refusal{ErrorCode::kInvalidMessage, refusals.not_a_string};
    case Field::Kind::kString:
      return check_name(std::string_view(field.value), refusals);
  }
  return std::nullopt;
}

void forget(Field& field) {
  field.kind = Field::Kind::kAbsent;
  field.value.clear();
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
  for (Field* field :
       {&fields_.type, &fields_.game_id, &fields_.presence, &fields_.event, &fields_.data}) {
    forget(*field);
  }
  constexpr Refusal kNotJson = {ErrorCode::kInvalidJson,
                                "expected one JSON object, nested at most 32 levels deep"};
  static_assert(kNestingMax == 32, "the refusal names the limit");
  // The parser skips a byte order mark and takes a NUL for the end of the text. JSON.parse, which
  // reads what we pass on, does neither.
  if (text.starts_with("\xEF\xBB\xBF") || text.find('\0') != std::string_view::npos) {
    return kNotJson;
  }
  FieldReader reader(text, fields_);
  if (!Json::sax_parse(reader.begin(), reader.end(), &reader) || !reader.is_object()) {
    return kNotJson;
  }
  switch (fields_.type.kind) {
    case Field::Kind::kAbsent:
      return Refusal{ErrorCode::kInvalidMessage, "type is missing: expected a string"};
    case Field::Kind::kOther:
      return Refusal{ErrorCode::kInvalidMessage, "type is not a string"};
    case Field::Kind::kString:
      return std::nullopt;
  }
  return std::nullopt;
}

std::variant<Message, Refusal> MessageParser::to_message() const {
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
    return Message(broadcast);
  }
  return Refusal{ErrorCode::kUnknownType,
                 "type is not one of join_game, leave_game, update_presence, sync_state, ping, "
                 "logout_all and broadcast"};
}

std::variant<Message, Refusal> MessageParser::parse_frame(std::string_view frame) {
  if (auto refusal = read_fields(frame)) return *refusal;
  return to_message();
}

std::optional<Refusal> MessageParser::check_push(std::string_view body) {
  return read_fields(body);
}

}  // namespace user_session
