// A writer of JSON texts, member by member. What a frame says, and in which order, is in frame.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace user_session {

// Appends `text` as a JSON string with its quotes. `text` is UTF-8 and keeps every character.
void append_json_string(std::string& out, std::string_view text);

// Appends `value` in decimal digits.
void append_json_number(std::string& out, std::int64_t value);

// A writer of one JSON value. It sets the commas between members and elements. A key, and a value
// that is given as JSON, are written as they are. Whoever opens an object or a list closes it.
class JsonWriter {
 public:
  // Clears `out`, which must outlive the writer.
  explicit JsonWriter(std::string& out) : out_(out) { out_.clear(); }

  void open_object() { open('{'); }
  void open_list() { open('['); }
  // Functions with a key write a member of an object.
  void open_object(std::string_view key);
  void open_list(std::string_view key);
  // Opens an object as the member with a name from outside, which is escaped.
  void open_named_object(std::string_view name);
  void close_object() { out_ += '}'; }
  void close_list() { out_ += ']'; }

  void string(std::string_view key, std::string_view value);
  void number(std::string_view key, std::int64_t value);
  void count(std::string_view key, std::size_t value) {
    number(key, static_cast<std::int64_t>(value));
  }
  void boolean(std::string_view key, bool value) { json(key, value ? "true" : "false"); }
  void json(std::string_view key, std::string_view value);

  // Functions without a key write an element of a list.
  void string(std::string_view value);
  void number(std::int64_t value);
  void json(std::string_view value);

 private:
  void open(char bracket);
  void comma();
  void key(std::string_view key);

  std::string& out_;
};

}  // namespace user_session
