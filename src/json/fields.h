// The members of a frame, as far as any message has them, and two ways to read them. What a message
// makes of them is in message.h.
//
// Most frames are plain: one object of ASCII texts without escapes. Those are read in one walk that
// copies nothing (plain_fields.cpp). All others, and whatever is no JSON, go to the parser
// (json_fields.cpp), which knows every corner of the grammar. A text that both can read gives the
// same fields; tests hold them to it.
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
    // Array of at most kAimedDevicesMax strings, in a member that is read as a list. Any other
    // array there is kOther.
    kStrings,
    kOther,
  };
  // The way in which a value is read: as a string without quotes and escapes, as a list of such
  // strings, or as the text that was written.
  enum class Reading { kString, kStrings, kWritten };
  Reading reading;
  Kind kind = Kind::kAbsent;
  // Value of a string with its escapes resolved, or the text as it was written. It points into the
  // text that was read or to `unescaped`. It is set only if `kind` is kString, or kOther in a field
  // that is read as written.
  std::string_view value;
  // Memory for the string that the parser has read.
  std::string unescaped;
  // Strings of the list while `kind` is kStrings.
  std::vector<std::string> strings;

  explicit Field(Reading how = Reading::kString) : reading(how) {}
};

// All members that any message has. If a frame has a member twice, the last one counts.
struct Fields {
  Field type;
  Field game_id;
  Field presence;
  Field event;
  Field data = Field(Field::Reading::kWritten);
  Field id;
  Field name;
  Field device_id;
  Field credential_id;
  Field to = Field(Field::Reading::kStrings);
  Field except = Field(Field::Reading::kStrings);
  Field again = Field(Field::Reading::kWritten);
  Field inbox = Field(Field::Reading::kWritten);
  Field latest = Field(Field::Reading::kWritten);
  Field key;
  Field value = Field(Field::Reading::kWritten);
  Field if_version = Field(Field::Reading::kWritten);

  // Returns the field of this name, or nullptr if no message has such a member.
  Field* named(std::string_view member);

  // Makes all fields absent. Their memory stays.
  void forget();
};

// A member's name in a frame, and its field.
struct FieldName {
  std::string_view name;
  Field Fields::* field;
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
    FieldName{"credentialId", &Fields::credential_id},
    FieldName{"to", &Fields::to},
    FieldName{"except", &Fields::except},
    FieldName{"again", &Fields::again},
    FieldName{"inbox", &Fields::inbox},
    FieldName{"latest", &Fields::latest},
    FieldName{"key", &Fields::key},
    FieldName{"value", &Fields::value},
    FieldName{"ifVersion", &Fields::if_version},
};
static_assert(sizeof(Fields) == kFieldNames.size() * sizeof(Field), "each field has its name");

// Reads a plain frame into `fields`, which must all be absent. Returns false if the text is not
// plain, which says nothing else about it; `fields` is then in any state.
bool read_plain_fields(std::string_view text, Fields& fields);

// Reads any frame into `fields`, which must all be absent. Returns false if the text is not one
// JSON object in UTF-8, or is nested deeper than kNestingMax.
bool read_json_fields(std::string_view text, Fields& fields);

}  // namespace user_session
