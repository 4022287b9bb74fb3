// The escapes, digits and commas of JSON.
#include "json/writer.h"

#include <array>

namespace user_session {
namespace {

void append_escaped(std::string& out, unsigned char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      constexpr std::string_view kHexDigits = "0123456789abcdef";
      out += "\\u00";
      out += kHexDigits[c >> 4];
      out += kHexDigits[c & 0xf];
  }
}

}  // namespace

void append_json_number(std::string& out, std::int64_t value) {
  std::array<char, 20> text{};
  std::size_t start = text.size();
  auto rest = static_cast<std::uint64_t>(value);
  if (value < 0) rest = -rest;
  do {
    text[--start] = static_cast<char>('0' + (rest % 10));
    rest /= 10;
  } while (rest > 0);
  if (value < 0) text[--start] = '-';
  out.append(text.data() + start, text.size() - start);
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, written, i - written);
    append_escaped(out, c);
    written = i + 1;
  }
  out.append(text, written, text.size() - written);
  out += '"';
}

void JsonWriter::open_object(std::string_view key) {
  this->key(key);
  out_ += '{';
}

void JsonWriter::open_named_object(std::string_view name) {
  comma();
  append_json_string(out_, name);
  out_ += ":{";
}

void JsonWriter::open_list(std::string_view key) {
  this->key(key);
  out_ += '[';
}

void JsonWriter::string(std::string_view key, std::string_view value) {
  this->key(key);
  append_json_string(out_, value);
}

void JsonWriter::number(std::string_view key, std::int64_t value) {
  this->key(key);
  append_json_number(out_, value);
}

void JsonWriter::json(std::string_view key, std::string_view value) {
  this->key(key);
  out_ += value;
}

void JsonWriter::string(std::string_view value) {
  comma();
  append_json_string(out_, value);
}

void JsonWriter::number(std::int64_t value) {
  comma();
  append_json_number(out_, value);
}

void JsonWriter::json(std::string_view value) {
  comma();
  out_ += value;
}

void JsonWriter::open(char bracket) {
  comma();
  out_ += bracket;
}

void JsonWriter::comma() {
  if (!out_.empty() && out_.back() != '{' && out_.back() != '[') out_ += ',';
}

void JsonWriter::key(std::string_view key) {
  comma();
  out_ += '"';
  out_ += key;
  out_ += "\":";
}

}  // namespace user_session
