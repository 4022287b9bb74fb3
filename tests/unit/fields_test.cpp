#include "json/fields.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "limits.h"

namespace user_session {
namespace {

using namespace std::string_view_literals;

std::string shown(const Field& field) {
  switch (field.kind) {
    case Field::Kind::kAbsent:
      return "absent";
    case Field::Kind::kString:
      return "string " + std::string(field.value);
    case Field::Kind::kStrings: {
      std::string out = "strings";
      for (const std::string& one : field.strings) out += " <" + one + '>';
      return out;
    }
    case Field::Kind::kOther:
      return "other";
  }
  return "?";
}

std::string shown(const Fields& fields) {
  std::string out;
  for (const Field* field :
       {&fields.type, &fields.game_id, &fields.presence, &fields.event, &fields.id, &fields.name,
        &fields.device_id, &fields.to, &fields.except}) {
    out += shown(*field) + "; ";
  }
  const bool has_data = fields.data.kind != Field::Kind::kAbsent;
  return out + (has_data ? std::string(fields.data.value) : "absent");
}

// What the parser reads, or "no JSON".
std::string by_parser(std::string_view text) {
  Fields fields;
  return read_json_fields(text, fields) ? shown(fields) : "no JSON";
}

// What the walk reads, or "not plain".
std::string by_walk(std::string_view text) {
  Fields fields;
  return read_plain_fields(text, fields) ? shown(fields) : "not plain";
}

std::string nested(int levels) {
  const auto inner = static_cast<std::size_t>(levels - 1);
  return R"({"type":"ping","x":)" + std::string(inner, '[') + std::string(inner, ']') + '}';
}

// So many strings of an array.
std::string names(std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i)
    out += (i > 0 ? "," : "") + ('"' + std::to_string(i)) + '"';
  return out;
}

// Frames as devices send them, and what is odd about JSON and yet plain.
std::vector<std::string> plain_frames() {
  return {
      R"({"type":"ping"})",
      R"({"type":"sync_state"})",
      R"({"type":"logout_all"})",
      R"({"type":"join_game","gameId":"chess"})",
      R"({"gameId":"a/b c","type":"leave_game"})",
      R"({"type":"update_presence","presence":"away"})",
      R"({"type":"broadcast","event":"move","data":{"x":1,"y":[2,-3.5e+7],"z":null}})",
      R"({"type":"broadcast","event":"move","data":"text"})",
      R"({"type":"broadcast","event":"move","data": [ ] , "x" : { } })",
      "{}",
      " \t\r\n{ \"type\" : \"ping\" , \"x\" : [ 1 , 2 ] } \n",
      R"({"type":"ping","type":1,"gameId":2,"gameId":"last","event":null})",
      R"({"type":true,"presence":false,"event":{},"gameId":[],"data":-0})",
      R"({"data":0.0E-1,"data":1e999})",
      R"({"":"","x":{"type":"inner","gameId":"inner"},"y":[{"event":"inner"}]})",
      "{\"type\":\"\x7f\"}",
      nested(kNestingMax),
      R"({"type":"set_device","name":"Work","id":"1"})",
      R"({"type":"logout_device","deviceId":"phone","id":7})",
      R"({"type":"logout_credential","credentialId":"s-1","id":"r.7"})",
      R"({"type":"broadcast","event":"e","to":["a","b"],"except":["self"]})",
      R"({"to": [ "a" , "" ,"b c"] ,"except":[]})",
      R"({"to":["[a]","],","{","a,b"],"except":[" "]})",
      R"({"to":[1],"except":["a",1]})",
      R"({"to":[["a"]],"except":["a",["b"],"c"]})",
      R"({"to":{"to":["a"]},"except":[{"a":"b"},"c"]})",
      R"({"to":["a",null],"except":[true]})",
      R"({"to":["a"],"to":["b"],"except":["a"],"except":1})",
      R"({"to":"a","to":["b"],"except":["a"],"except":"b"})",
      R"({"x":{"to":["a"]},"y":[["a"]],"data":["a"],"type":["a"]})",
      R"({"to":[)" + names(kAimedDevicesMax) + R"(],"except":[)" + names(kAimedDevicesMax + 1) +
          "]}",
  };
}

// What the walk leaves to the parser, be it JSON or not.
std::vector<std::string> other_frames() {
  return {
      "",
      " ",
      "[]",
      "null",
      "1",
      R"("x")",
      "{",
      "}",
      R"({"type")",
      R"({"type":})",
      R"({"type":"ping")",
      R"({"type":"ping"}})",
      R"({"type":"ping"} x)",
      R"({"type":"ping",})",
      R"({,"type":"ping"})",
      R"({"type" "ping"})",
      R"({"type":"ping" "x":1})",
      R"({'type':'ping'})",
      R"({type:"ping"})",
      R"({"x":tru})",
      R"({"x":truex})",
      R"({"x":nul})",
      R"({"x":01})",
      R"({"x":-})",
      R"({"x":+1})",
      R"({"x":.5})",
      R"({"x":1.})",
      R"({"x":1e})",
      R"({"x":1e+})",
      R"({"x":0x1})",
      R"({"x":NaN})",
      R"({"x":[1,]})",
      R"({"x":[,1]})",
      R"({"x":[1 2]})",
      R"({"x":[})",
      R"({"x":{"a":1,}})",
      R"({"x":{"a"}})",
      R"({"x":{1:2}})",
      R"({"x":"\"})",
      R"({"type":"p\u0069ng"})",
      R"({"typ\u0065":"ping"})",
      R"({"to":["\u0061"]})",
      R"({"to":["a]})",
      R"({"to":["a",]})",
      R"({"to":["a" "b"]})",
      R"({"to":["\ud800"]})",
      "{\"to\":[\"\xc3\xa9\"]}",
      R"({"x":"\x"})",
      R"({"x":"\ud800"})",
      "{\"x\":\"\t\"}",
      "{\"x\":\"\n\"}",
      "{\"type\":\"\xc3\xa9\"}",
      "{\"type\":\"\xff\"}",
      "{\"\xc3\xa9\":1}",
      "\xEF\xBB\xBF{}",
      std::string("{\"x\":\"\0\"}"sv),
      std::string("{}\0"sv),
      "{\"x\":1}//",
      nested(kNestingMax + 1),
  };
}

TEST(FieldsTest, FramesAsDevicesSendThemNeedNoParser) {
  for (const std::string& frame : plain_frames()) {
    EXPECT_NE(by_walk(frame), "not plain") << frame;
    EXPECT_EQ(by_walk(frame), by_parser(frame)) << frame;
  }
}

TEST(FieldsTest, WhatIsNotPlainIsLeftToTheParser) {
  for (const std::string& frame : other_frames()) EXPECT_EQ(by_walk(frame), "not plain") << frame;
}

// A list that is read wrongly sends an event to those whom it was not meant for.
TEST(FieldsTest, ListsOfStringsAreReadByBothReaders) {
  const auto to = [](std::string_view list) {
    const std::string frame = R"({"to":)" + std::string(list) + '}';
    Fields parsed;
    EXPECT_TRUE(read_json_fields(frame, parsed)) << frame;
    Fields walked;
    if (read_plain_fields(frame, walked)) EXPECT_EQ(shown(walked.to), shown(parsed.to)) << frame;
    return shown(parsed.to);
  };
  EXPECT_EQ(to("[]"), "strings");
  EXPECT_EQ(to(R"(["a"])"), "strings <a>");
  EXPECT_EQ(to(R"([ "a" , "b" ])"), "strings <a> <b>");
  EXPECT_EQ(to(R"(["","]","[","a,b","{}"])"), "strings <> <]> <[> <a,b> <{}>");
  EXPECT_EQ(to(R"(["\"","\\","\u00e9","\n"])"), "strings <\"> <\\> <\xc3\xa9> <\n>");
  for (const std::string_view list :
       {R"(["a",1])", R"([1,"a"])", R"(["a",null,"b"])", R"(["a",["b"]])", R"([["a"],"b"])",
        R"([{"a":"b"}])", R"({"a":["b"]})", R"({"to":["b"]})", "1", "null", "[[]]", "[{}]"}) {
    EXPECT_EQ(to(list), "other") << list;
  }
  EXPECT_EQ(to(R"(["a"],"to":["b"])"), "strings <b>");
  EXPECT_EQ(to(R"(["a"],"to":[])"), "strings");
  EXPECT_EQ(to(R"(["a"],"to":1)"), "other");
}

// More than a message may have are not worth their memory.
TEST(FieldsTest, ALongListIsNoListOfStringsForEitherReader) {
  for (const std::string_view escape : {"", R"(,"x":"\n")"}) {
    for (const std::size_t count :
         {kAimedDevicesMax, kAimedDevicesMax + 1, 20 * kAimedDevicesMax}) {
      const std::string frame = R"({"to":[)" + names(count) + ']' + std::string(escape) + '}';
      Fields fields;
      EXPECT_TRUE(escape.empty() ? read_plain_fields(frame, fields)
                                 : read_json_fields(frame, fields));
      const bool is_list = fields.to.kind == Field::Kind::kStrings;
      EXPECT_EQ(is_list, count <= kAimedDevicesMax) << count;
      EXPECT_LE(fields.to.strings.size(), kAimedDevicesMax);
    }
  }
}

TEST(FieldsTest, NothingOfAListIsLeftForTheNext) {
  Fields fields;
  EXPECT_TRUE(read_plain_fields(R"({"to":["a","b"]})", fields));
  fields.forget();
  EXPECT_EQ(shown(fields.to), "absent");
  EXPECT_TRUE(read_json_fields(R"({"to":["c"]})", fields));
  EXPECT_EQ(shown(fields.to), "strings <c>");
}

// A walk that takes what the parser refuses, or reads it differently, would let devices send each
// other what their JSON.parse throws on.
TEST(FieldsTest, WhateverBecomesOfAFrameBothReadItAlike) {
  std::vector<std::string> frames = plain_frames();
  for (const std::string& frame : other_frames()) frames.push_back(frame);
  const std::string_view replacements = "\"\\{}[],: \t\n0129-+.eEtfnax\x01\x7f\xc3"sv;
  for (const std::string& frame : frames) {
    for (std::size_t at = 0; at < frame.size() && frame.size() < 200; ++at) {
      std::vector<std::string> changed = {frame.substr(0, at), frame.substr(at),
                                          frame.substr(0, at) + frame.substr(at + 1)};
      for (const char c : replacements) {
        changed.push_back(frame.substr(0, at) + c + frame.substr(at + 1));
        changed.push_back(frame.substr(0, at) + c + frame.substr(at));
      }
      for (const std::string& text : changed) {
        const std::string walked = by_walk(text);
        if (walked != "not plain") EXPECT_EQ(walked, by_parser(text)) << text;
      }
    }
  }
}

}  // namespace
}  // namespace user_session
