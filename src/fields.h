// The members of a frame that some message has, and two ways to read them.
//
// Most frames are plain: one object whose texts are ASCII without escapes. Those are read in one
// walk that copies nothing (plain_fields.cpp). All others, and all that are no JSON, go to the
// parser (json_fields.cpp), which knows every corner of the grammar. Where both can read they read
// the same.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace user_session {

// One member of the frame's own object.
struct Field {
  enum class Kind {
    kAbsent,
    kString,
    // An array of nothing but strings, of a member that may be one.
    kStrings,
    kOther,
  };
  Kind kind = Kind::kAbsent;
  // The string's value, escapes resolved; for `data` the value's text as it was written. Points
  // into the text that was read, or to `unescaped`.
  std::string_view value;
  std::string unescaped;
  std::vector<std::string> strings;
};

// Of a repeated member the last counts.
struct Fields {
  Field type;
  Field game_id;
  Field presence;
  Field event;
  Field data;
  // Of version 2.
  Field id;
  Field name;
  Field device_id;
  Field to;
  Field except;

  static constexpr std::size_t kCount = 10;
  std::array<Field*, kCount> all();

  // The field of this name, or nullptr: no message has such a member.
  Field* named(std::string_view member);

  [[nodiscard]] bool may_be_strings(const Field& field) const {
    return &field == &to || &field == &except;
  }

  // Makes all of them absent.
  void forget();
};

// Reads a plain frame. False says nothing about the text but that it is not plain; `fields` is then
// in any state.
bool read_plain_fields(std::string_view text, Fields& fields);

// Reads any frame. False if the text is not one JSON object, or is nested deeper than kNestingMax.
bool read_json_fields(std::string_view text, Fields& fields);

}  // namespace user_session
