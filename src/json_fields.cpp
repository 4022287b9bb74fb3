#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fields.h"

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
// Before its version 15 libc++ takes arithmetic types alone and converts nothing.
constexpr bool isfinite(user_session::UnreadNumber /*number*/) { return true; }
}  // namespace std
#endif

#include <nlohmann/json.hpp>

#include "limits.h"

namespace user_session {
namespace {

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

constexpr std::string_view kReplacementEscape = "\\ufffd";
constexpr std::size_t kEscapeSize = kReplacementEscape.size();

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_number_char(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

bool is_hex_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// The UTF-16 unit that an escape at the beginning of `text` stands for, such as \ud83d; -1 if there
// is none.
int escaped_unit(std::string_view text) {
  if (text.size() < kEscapeSize || !text.starts_with("\\u")) return -1;
  int unit = 0;
  for (const char c : text.substr(2, kEscapeSize - 2)) {
    if (!is_hex_digit(c)) return -1;
    unit = (unit * 16) + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return unit;
}

bool is_high_surrogate(int unit) { return unit >= 0xd800 && unit <= 0xdbff; }
bool is_low_surrogate(int unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

// The text with \ufffd in the place of each escape that is half of a surrogate pair, which the
// parser refuses and JSON allows. Empty if there is none. Every other character keeps its place.
std::string without_lone_surrogates(std::string_view text) {
  std::string mended;
  std::size_t at = text.find('\\');
  while (at != std::string_view::npos) {
    const int unit = escaped_unit(text.substr(at));
    std::size_t size = unit < 0 ? 2 : kEscapeSize;
    if (is_high_surrogate(unit) && is_low_surrogate(escaped_unit(text.substr(at + size)))) {
      size += kEscapeSize;
    } else if (is_high_surrogate(unit) || is_low_surrogate(unit)) {
      if (mended.empty()) mended = text;
      kReplacementEscape.copy(mended.data() + at, size);
    }
    at = text.find('\\', at + size);
  }
  return mended;
}

using JsonInput = nlohmann::detail::iterator_input_adapter<CountingIterator>;
using JsonToken = nlohmann::detail::lexer_base<Json>::token_type;

// Receives the parser's events and keeps the members that some message has. Builds no tree; what it
// does not know costs only the reading.
class FieldReader {
 public:
  // Reads `text`, and takes the text of `data` from the same places of `written`. All three must
  // outlive the reader.
  FieldReader(std::string_view text, std::string_view written, Fields& fields)
      : fields_(fields),
        begin_(text.data()),
        read_up_to_(text.data()),
        end_(text.data() + text.size()),
        written_(written) {}

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
    if (depth_ == 2 && is_list_) {
      is_list_ = field_->strings.size() < kAimedDevicesMax;
      if (is_list_) field_->strings.push_back(value);
      return true;
    }
    if (Field* field = current_field();
        field != nullptr && field->reading != Field::Reading::kWritten) {
      field->kind = Field::Kind::kString;
      field->unescaped.swap(value);
      field->value = field->unescaped;
      return true;
    }
    return scalar(false);
  }

  bool start_object(std::size_t /*size*/) {
    if (depth_ == 0) is_object_ = true;
    is_list_ = false;
    return open();
  }
  bool key(std::string& name) {
    if (depth_ != 1) return true;
    field_ = fields_.named(name);
    value_start_ = read_up_to_;
    return true;
  }
  bool end_object() { return close(); }
  bool start_array(std::size_t /*size*/) {
    const Field* field = current_field();
    const bool is_list = field != nullptr && field->reading == Field::Reading::kStrings;
    // A list in a list is none of strings.
    is_list_ = is_list;
    if (is_list) field_->strings.clear();
    return open();
  }
  bool end_array() {
    close();
    if (depth_ == 1 && is_list_) field_->kind = Field::Kind::kStrings;
    if (depth_ == 1) is_list_ = false;
    return true;
  }

  static bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                          const nlohmann::detail::exception& /*error*/) {
    return false;
  }

 private:
  // The field whose value is being read, unless that value has begun further out.
  [[nodiscard]] Field* current_field() const { return depth_ == 1 ? field_ : nullptr; }

  bool open() { return ++depth_ <= kNestingMax; }

  bool close() {
    --depth_;
    return scalar(false);
  }

  // A value ends here. A number is only seen to end at the character behind it.
  bool scalar(bool is_number) {
    if (depth_ == 2) is_list_ = false;
    Field* field = current_field();
    if (field == nullptr) return true;
    field->kind = Field::Kind::kOther;
    if (field->reading != Field::Reading::kWritten) return true;
    const char* start = value_start_;
    while (is_space(*start) || *start == ':') ++start;
    const char* end = read_up_to_;
    if (is_number) {
      end = start;
      while (end != end_ && is_number_char(*end)) ++end;
    }
    field->value = written_.substr(static_cast<std::size_t>(start - begin_),
                                   static_cast<std::size_t>(end - start));
    return true;
  }

  Fields& fields_;
  const char* begin_;
  const char* read_up_to_;
  const char* end_;
  std::string_view written_;
  const char* value_start_ = nullptr;
  Field* field_ = nullptr;
  int depth_ = 0;
  // What is being read is an array that has had nothing but strings so far.
  bool is_list_ = false;
  bool is_object_ = false;
};

}  // namespace

}  // namespace user_session

// What the parser says of an error, in words that nobody reads: they would be an eighth of the
// module.
namespace nlohmann::detail {

template <>
std::string parser<user_session::Json, user_session::JsonInput>::exception_message(
    user_session::JsonToken /*expected*/, const std::string& /*context*/) {
  return {};
}

template <>
parse_error parse_error::create(int id, const position_t& /*position*/,
                                const std::string& /*message*/, std::nullptr_t /*context*/) {
  return {id, 0, ""};
}

}  // namespace nlohmann::detail

namespace user_session {

bool read_json_fields(std::string_view text, Fields& fields) {
  // The parser skips a byte order mark and takes a NUL for the end of the text. JSON.parse, which
  // reads what we pass on, does neither.
  if (text.starts_with("\xEF\xBB\xBF") || text.find('\0') != std::string_view::npos) return false;
  const std::string mended = without_lone_surrogates(text);
  FieldReader reader(mended.empty() ? text : mended, text, fields);
  return Json::sax_parse(reader.begin(), reader.end(), &reader) && reader.is_object();
}

}  // namespace user_session
