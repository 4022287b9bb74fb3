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
    // An array of nothing but strings, in a member that is read as one.
    kStrings,
    kOther,
  };
  // How its value is read: without quotes and escapes, as a list of such, or as it is written.
  enum class Reading { kString, kStrings, kWritten };
  Reading reading;
  Kind kind = Kind::kAbsent;
  // The string's value, escapes resolved; or the value's text as it was written. Points
  // into the text that was read, or to `unescaped`.
  std::string_view value;
  std::string unescaped;
  std::vector<std::string> strings;

  explicit Field(Reading how = Reading::kString) : reading(how) {}
};

// Of a repeated member the last counts.
struct Fields {
  Field type;
  Field game_id;
  Field presence;
  Field event;
  Field data = Field(Field::Reading::kWritten);
  Field id;
  Field name;
  Field device_id;
  Field to = Field(Field::Reading::kStrings);
  Field except = Field(Field::Reading::kStrings);

  // The field of this name, or nullptr: no message has such a member.
  Field* named(std::string_view member);

  // Makes all of them absent.
  void forget();
};

// A member as it is called in a frame.
struct FieldName {
  std::string_view name;
  Field Fields::*field;
};

inline constexpr std::array kFieldNames = {
    FieldName{"type", &Fields::type},
    FieldName{"gameId", &Fields::game_id},
    FieldName{"presence", &Fields::presence},
    FieldName{"event", &Fields::event},
    FieldName{"data", &Fields::data},
    FieldName{"id", &Fields::id},
    FieldName{"name", &Fields::name},
    FieldName{"deviceId", &Fields::device_id},
    FieldName{"to", &Fields::to},
    FieldName{"except", &Fields::except},
};
static_assert(sizeof(Fields) == kFieldNames.size() * sizeof(Field), "each field has its name");

// Reads a plain frame. False says nothing about the text but that it is not plain; `fields` is then
// in any state.
bool read_plain_fields(std::string_view text, Fields& fields);

// Reads any frame. False if the text is not one JSON object, or is nested deeper than kNestingMax.
bool read_json_fields(std::string_view text, Fields& fields);

}  // namespace user_session
