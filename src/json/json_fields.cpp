// The second way to read a frame: nlohmann's SAX parser, for frames that are not plain. It decides
// what is JSON. Parts of the library are replaced here, to make the module small and to take what
// JSON's grammar allows.
#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "json/fields.h"

namespace user_session {
namespace {

// A stand-in for a number with a fraction or an exponent. No message has one, so its value is never
// asked for. It always counts as finite, so the parser takes 1e999, which JSON's grammar allows, as
// it takes any other number.
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
// This overload is needed before version 15 of libc++, whose own takes arithmetic types alone and
// converts nothing.
constexpr bool isfinite(user_session::UnreadNumber /*number*/) { return true; }
}  // namespace std
#endif

#include <nlohmann/json.hpp>

#include "limits.h"

namespace user_session {
namespace {

using Json = nlohmann::basic_json<std::map, std::vector, std::string, bool, std::int64_t,
                                  std::uint64_t, UnreadNumber>;

// An iterator for the parser that also notes how far the parser has read, which its SAX events do
// not say.
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

constexpr int kReplacementCharacter = 0xfffd;

bool is_high_surrogate(int unit) { return unit >= 0xd800 && unit <= 0xdbff; }
bool is_low_surrogate(int unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

// Returns the code point of a surrogate pair.
int joined(int high, int low) { return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00); }

// Returns the character that an escape of `letter` stands for, or 0 if there is no such escape.
char unescaped(int letter) {
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kCharacters = "\"\\/\b\f\n\r\t";
  const std::size_t at = kLetters.find(static_cast<char>(letter));
  return letter < 0 || at == std::string_view::npos ? '\0' : kCharacters[at];
}

// Appends a code point in UTF-8.
void append_utf8(std::string& out, int code_point) {
  const auto value = static_cast<unsigned>(code_point);
  const auto append = [&](unsigned byte) { out += static_cast<char>(byte); };
  const auto append_following = [&](unsigned shift) { append(0x80 | (value >> shift & 0x3f)); };
  if (value < 0x80) return append(value);
  if (value < 0x800) {
    append(0xc0 | value >> 6);
  } else if (value < 0x10000) {
    append(0xe0 | value >> 12);
    append_following(6);
  } else {
    append(0xf0 | value >> 18);
    append_following(12);
    append_following(6);
  }
  append_following(0);
}

// Collects the characters of a string in UTF-8. Half of a surrogate pair that stands alone becomes
// U+FFFD.
class StringCollector {
 public:
  explicit StringCollector(std::string& out) : out_(out) {}

  // Takes a byte of a character, or the character of a short escape.
  void byte(char byte) {
    end();
    out_ += byte;
  }

  // Takes the UTF-16 unit of an escape.
  void unit(int unit) {
    if (high_ != 0 && is_low_surrogate(unit)) {
      append_utf8(out_, joined(high_, unit));
      high_ = 0;
      return;
    }
    end();
    if (is_high_surrogate(unit)) {
      high_ = unit;
    } else {
      append_utf8(out_, is_low_surrogate(unit) ? kReplacementCharacter : unit);
    }
  }

  // Ends the string, or a pair whose second half does not follow.
  void end() {
    if (high_ != 0) append_utf8(out_, kReplacementCharacter);
    high_ = 0;
  }

 private:
  std::string& out_;
  // First half of a pair while the second may follow; 0 otherwise.
  int high_ = 0;
};

// A row of table 3-7 of the Unicode standard: the lead bytes of some characters, the range of the
// byte behind them, and the number of bytes behind them.
struct Utf8Row {
  unsigned char lead_first;
  unsigned char lead_last;
  unsigned char second_first;
  unsigned char second_last;
  unsigned char following;
};

constexpr std::array<Utf8Row, 9> kUtf8Rows = {{{0x00, 0x7f, 0, 0, 0},
                                               {0xc2, 0xdf, 0x80, 0xbf, 1},
                                               {0xe0, 0xe0, 0xa0, 0xbf, 2},
                                               {0xe1, 0xec, 0x80, 0xbf, 2},
                                               {0xed, 0xed, 0x80, 0x9f, 2},
                                               {0xee, 0xef, 0x80, 0xbf, 2},
                                               {0xf0, 0xf0, 0x90, 0xbf, 3},
                                               {0xf1, 0xf3, 0x80, 0xbf, 3},
                                               {0xf4, 0xf4, 0x80, 0x8f, 3}}};

// Takes the first character off `text`. Returns false if it is not in UTF-8.
bool take_utf8(std::string_view& text) {
  const auto byte_at = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = byte_at(0);
  const Utf8Row* const end = kUtf8Rows.data() + kUtf8Rows.size();
  const Utf8Row* const row = std::find_if(kUtf8Rows.data(), end, [&](const Utf8Row& known) {
    return lead >= known.lead_first && lead <= known.lead_last;
  });
  if (row == end || text.size() <= row->following) return false;
  for (std::size_t at = 1; at <= row->following; ++at) {
    const unsigned char first = at == 1 ? row->second_first : 0x80;
    const unsigned char last = at == 1 ? row->second_last : 0xbf;
    if (byte_at(at) < first || byte_at(at) > last) return false;
  }
  text.remove_prefix(row->following + 1U);
  return true;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    if (!take_utf8(text)) return false;
  }
  return true;
}

using JsonInput = nlohmann::detail::iterator_input_adapter<CountingIterator>;
using JsonToken = nlohmann::detail::lexer_base<Json>::token_type;

// Receives the parser's events and keeps the members that any message has. It builds no tree, so a
// member that it does not know costs only the reading.
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
    // A list within a list is not one of strings, so this also ends the outer one.
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
  // Returns the field whose value is being read, or nullptr while the parser is inside that value.
  [[nodiscard]] Field* current_field() const { return depth_ == 1 ? field_ : nullptr; }

  bool open() { return ++depth_ <= kNestingMax; }

  bool close() {
    --depth_;
    return scalar(false);
  }

  // Ends a value. The parser sees the end of a number only at the character behind it.
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
    field->value = {start, static_cast<std::size_t>(end - start)};
    return true;
  }

  Fields& fields_;
  const char* read_up_to_;
  const char* end_;
  const char* value_start_ = nullptr;
  Field* field_ = nullptr;
  int depth_ = 0;
  // True while an array is read that may be a list of strings, and has had nothing but strings so
  // far.
  bool is_list_ = false;
  bool is_object_ = false;
};

}  // namespace

}  // namespace user_session

// These replace functions of the library for our kind of value.
namespace nlohmann::detail {

// Returns no message, since nobody reads it: the messages would be an eighth of the module.
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

// Reads a string up to its closing quote. The library's own function has 40 messages more, and
// refuses half of a surrogate pair, which JSON's grammar allows: here it is read as U+FFFD.
template <>
user_session::JsonToken lexer<user_session::Json, user_session::JsonInput>::scan_string() {
  reset();
  user_session::StringCollector collector(token_buffer);
  while (true) {
    const int next = get();
    if (next == '"') {
      collector.end();
      return token_type::value_string;
    }
    // The end of the text is less than a control character.
    if (next < ' ') return token_type::parse_error;
    if (next != '\\') {
      collector.byte(static_cast<char>(next));
      continue;
    }
    const int letter = get();
    const bool is_unit = letter == 'u';
    const int unit = is_unit ? get_codepoint() : 0;
    const char escaped = user_session::unescaped(letter);
    if (unit < 0 || (!is_unit && escaped == '\0')) return token_type::parse_error;
    if (is_unit) {
      collector.unit(unit);
    } else {
      collector.byte(escaped);
    }
  }
}

}  // namespace nlohmann::detail

namespace user_session {

bool read_json_fields(std::string_view text, Fields& fields) {
  // The parser skips a byte order mark and takes a NUL for the end of the text. JSON.parse, which
  // reads what is passed on, does neither.
  if (text.starts_with("\xEF\xBB\xBF") || text.find('\0') != std::string_view::npos) return false;
  if (!is_utf8(text)) return false;
  FieldReader reader(text, fields);
  return Json::sax_parse(reader.begin(), reader.end(), &reader) && reader.is_object();
}

}  // namespace user_session
