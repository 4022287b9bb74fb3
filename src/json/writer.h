// Writes JSON texts member by member. What a frame says, and in which order, is in frame.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace user_session {

// Appends `text` as a JSON string, quotes included. `text` is UTF-8 and is kept exactly.
void append_json_string(std::string& out, std::string_view text);

// Appends `value` in digits.
void append_json_number(std::string& out, std::int64_t value);

// Writes one JSON value. Members and elements get their commas; a key and a value that is given as
// JSON go in as they are. Whoever opens an object or a list closes it.
class JsonWriter {
 public:
  // Replaces `out`, which must outlive the writer.
  explicit JsonWriter(std::string& out) : out_(out) { out_.clear(); }

  void open_object() { open('{'); }
  void open_list() { open('['); }
  void open_object(std::string_view key);
  void open_list(std::string_view key);
  void close_object() { out_ += '}'; }
  void close_list() { out_ += ']'; }

  void string(std::string_view key, std::string_view value);
  void number(std::string_view key, std::int64_t value);
  void count(std::string_view key, std::size_t value) {
    number(key, static_cast<std::int64_t>(value));
  }
  void boolean(std::string_view key, bool value) { json(key, value ? "true" : "false"); }
  void json(std::string_view key, std::string_view value);

  // Elements of a list.
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
