// The first way to read a frame: one walk over plain frames, which are one object of ASCII texts
// without escapes. Whatever is not plain is left to json_fields.cpp.
#include "json/fields.h"
#include "limits.h"

namespace user_session {
namespace {

// Depth of the frame's own object.
constexpr int kFrameDepth = 1;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A reader that walks the text once. Every function consumes what it is named for, or returns false
// if it is not there.
class PlainReader {
 public:
  explicit PlainReader(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  // Reads the whole text as one object, and sets the fields that any message has.
  bool frame(Fields& fields) {
    skip_space();
    if (!take('{')) return false;
    skip_space();
    if (!take('}')) {
      do {
        if (!member(fields)) return false;
      } while (take(','));
      if (!take('}')) return false;
    }
    skip_space();
    return at_ == end_;
  }

 private:
  bool member(Fields& fields) {
    std::string_view name;
    if (!key(name)) return false;
    Field* field = fields.named(name);
    const bool is_string = peek() == '"';
    const char* start = at_;
    if (!value(kFrameDepth)) return false;
    if (field != nullptr) {
      std::string_view text(start, static_cast<std::size_t>(at_ - start));
      if (text.front() == '[' && field->reading == Field::Reading::kStrings) {
        return strings(text, *field);
      }
      const bool is_unquoted = is_string && field->reading != Field::Reading::kWritten;
      if (is_unquoted) text = text.substr(1, text.size() - 2);
      field->kind = is_unquoted ? Field::Kind::kString : Field::Kind::kOther;
      field->value = text;
    }
    skip_space();
    return true;
  }

  // Splits an array that has been read into its strings. The field becomes kOther if an element is
  // no string, or if there are more than any message may have; no memory is spent on those.
  bool strings(std::string_view array, Field& field) {
    field.kind = Field::Kind::kStrings;
    field.strings.clear();
    bool is_inside = false;
    for (const char c : array.substr(1, array.size() - 2)) {
      if (c == '"') {
        is_inside = !is_inside;
        if (is_inside && field.strings.size() == kAimedDevicesMax) {
          field.kind = Field::Kind::kOther;
          break;
        }
        if (is_inside) field.strings.emplace_back();
      } else if (is_inside) {
        field.strings.back() += c;
      } else if (std::string_view(", \t\n\r").find(c) == std::string_view::npos) {
        field.kind = Field::Kind::kOther;
      }
    }
    skip_space();
    return true;
  }

  // Reads a key with its colon and the space around them.
  bool key(std::string_view& name) {
    skip_space();
    const char* start = at_;
    if (!string()) return false;
    name = std::string_view(start + 1, static_cast<std::size_t>(at_ - start) - 2);
    skip_space();
    if (!take(':')) return false;
    skip_space();
    return true;
  }

  // Reads any value inside an object or array of this depth.
  bool value(int depth) {
    switch (peek()) {
      case '"':
        return string();
      case '{':
        return object(depth + 1);
      case '[':
        return array(depth + 1);
      case 't':
        return literal("true");
      case 'f':
        return literal("false");
      case 'n':
        return literal("null");
      default:
        return number();
    }
  }

  bool object(int depth) {
    ++at_;
    if (depth > kNestingMax) return false;
    skip_space();
    if (take('}')) return true;
    do {
      std::string_view name;
      if (!key(name) || !value(depth)) return false;
      skip_space();
    } while (take(','));
    return take('}');
  }

  bool array(int depth) {
    ++at_;
    if (depth > kNestingMax) return false;
    skip_space();
    if (take(']')) return true;
    do {
      skip_space();
      if (!value(depth)) return false;
      skip_space();
    } while (take(','));
    return take(']');
  }

  // Reads a string of ASCII without control characters and escapes.
  bool string() {
    if (!take('"')) return false;
    while (at_ != end_ && *at_ != '"') {
      const auto c = static_cast<signed char>(*at_);
      if (c < ' ' || c == '\\') return false;
      ++at_;
    }
    return take('"');
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      if (!digits()) return false;
    }
    return true;
  }

  bool digits() {
    const char* start = at_;
    while (at_ != end_ && is_digit(*at_)) ++at_;
    return at_ != start;
  }

  bool literal(std::string_view word) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word))
      return false;
    at_ += word.size();
    return true;
  }

  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
  }

  // Returns the next character, or NUL at the end, which begins no value.
  [[nodiscard]] char peek() const { return at_ == end_ ? '\0' : *at_; }

  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  const char* at_;
  const char* end_;
};

}  // namespace

Field* Fields::named(std::string_view member) {
  for (const FieldName& known : kFieldNames) {
    if (member == known.name) return &(this->*known.field);
  }
  return nullptr;
}

void Fields::forget() {
  for (const FieldName& known : kFieldNames) (this->*known.field).kind = Field::Kind::kAbsent;
}

bool read_plain_fields(std::string_view text, Fields& fields) {
  return PlainReader(text).frame(fields);
}

}  // namespace user_session
