#include "json/message.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "limits.h"

namespace user_session {
namespace {

using namespace std::string_view_literals;

std::string repeated(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

// What the parser made of a frame, as one line.
std::string outcome(std::string_view frame) {
  MessageParser parser;
  const auto parsed = parser.parse_frame(frame);
  if (const auto* refusal = std::get_if<Refusal>(&parsed)) {
    return "error " + std::string(error_code_name(refusal->code));
  }
  const auto& message = *std::get_if<Message>(&parsed);
  if (const auto* join = std::get_if<JoinGame>(&message)) {
    return "join_game " + std::string(join->game_id);
  }
  if (const auto* leave = std::get_if<LeaveGame>(&message)) {
    return "leave_game " + std::string(leave->game_id);
  }
  if (const auto* update = std::get_if<UpdatePresence>(&message)) {
    return "update_presence " + std::string(presence_name(update->presence));
  }
  if (std::holds_alternative<SyncState>(message)) return "sync_state";
  if (std::holds_alternative<Ping>(message)) return "ping";
  if (std::holds_alternative<LogoutAll>(message)) return "logout_all";
  const auto* broadcast = std::get_if<Broadcast>(&message);
  return "broadcast " + std::string(broadcast->event) + ' ' + std::string(broadcast->data);
}

// A ping that carries `value` in a field nobody knows.
std::string ping_with(std::string_view value) {
  return R"({"type":"ping","x":)" + std::string(value) + '}';
}

struct Case {
  std::string frame;
  std::string expected;
};

void expect_outcomes(const std::vector<Case>& cases) {
  for (const Case& each : cases) {
    EXPECT_EQ(outcome(each.frame), each.expected) << each.frame.substr(0, 200);
  }
}

TEST(MessageTest, EveryMessageOfVersion1IsUnderstood) {
  expect_outcomes({
      {R"({"type":"join_game","gameId":"chess"})", "join_game chess"},
      {R"({"type":"leave_game","gameId":"chess"})", "leave_game chess"},
      {R"({"type":"update_presence","presence":"online"})", "update_presence online"},
      {R"({"type":"update_presence","presence":"away"})", "update_presence away"},
      {R"({"type":"update_presence","presence":"offline"})", "update_presence offline"},
      {R"({"type":"sync_state"})", "sync_state"},
      {R"({"type":"ping"})", "ping"},
      {R"({"type":"logout_all"})", "logout_all"},
      {R"({"type":"broadcast","event":"e","data":1})", "broadcast e 1"},
  });
}

TEST(MessageTest, KeyOrderWhitespaceAndUnknownKeysDoNotMatter) {
  expect_outcomes({
      {R"({"gameId":"chess","type":"join_game"})", "join_game chess"},
      {" \t\r\n{ \"type\" :\n\"ping\" } \n", "ping"},
      {R"({"x":{"type":"join_game","gameId":"no"},"y":[1,{"type":2}],"type":"ping"})", "ping"},
      {R"({"type":"ping","gameId":5,"presence":[],"event":{},"data":null})", "ping"},
      {R"({"__proto__":{"type":"ping"},"type":"join_game","gameId":"__proto__"})",
       "join_game __proto__"},
      {R"({"":1,"TYPE":"x","type":"ping","Type":"y"})", "ping"},
      {R"({"\u0074ype":"ping"})", "ping"},
  });
}

TEST(MessageTest, OfARepeatedKeyTheLastCounts) {
  expect_outcomes({
      {R"({"type":"ping","type":"sync_state"})", "sync_state"},
      {R"({"type":5,"type":"ping"})", "ping"},
      {R"({"type":"ping","type":5})", "error invalid_message"},
      {R"({"type":"ping","type":{"type":"ping"}})", "error invalid_message"},
      {R"({"type":"join_game","gameId":"a","gameId":"b"})", "join_game b"},
      {R"({"type":"join_game","gameId":"a","gameId":null})", "error invalid_message"},
      {R"({"type":"update_presence","presence":"away","presence":"online"})",
       "update_presence online"},
      {R"({"type":"broadcast","event":"a","event":"b","data":1,"data":[2]})", "broadcast b [2]"},
      {R"({"type":"broadcast","event":"b","data":"long text","data":2})", "broadcast b 2"},
  });
}

TEST(MessageTest, WhatIsNotOneJsonObjectIsInvalidJson) {
  const std::vector<std::string_view> frames = {
      "",
      " ",
      "ping",
      "{",
      "}",
      R"({"type":"ping")",
      R"({"type":"ping"}})",
      R"({"type":"ping"}x)",
      R"({"type":"ping"}{"type":"ping"})",
      R"({"type":"ping"},)",
      R"({"type":"ping",})",
      R"({,"type":"ping"})",
      R"({"type":"ping" "x":1})",
      R"({"type" "ping"})",
      R"({"type":})",
      R"({type:"ping"})",
      R"({'type':'ping'})",
      R"({"type":"ping","x":undefined})",
      R"({"type":"ping"}//)",
      R"({/**/"type":"ping"})",
      R"({"type":"pi)",
      R"({"type":"\q"})",
      R"({"type":"\u12"})",
      "{\"type\":\"pi\nng\"}",
      "{\"type\":\"pi\x01ng\"}",
      "\xef\xbb\xbf{\"type\":\"ping\"}",
      "\xef\xbb{\"type\":\"ping\"}",
      "\xc2\xa0{\"type\":\"ping\"}",
      R"(["type","ping"])",
      R"([{"type":"ping"}])",
      R"("ping")",
      "1",
      "true",
      "null",
  };
  for (const std::string_view frame : frames) {
    EXPECT_EQ(outcome(frame), "error invalid_json") << frame;
  }
}

TEST(MessageTest, NoByteHidesBehindANulByte) {
  expect_outcomes({
      {std::string("{\"type\":\"ping\"}\0", 16), "error invalid_json"},
      {std::string("{\"type\":\"ping\"}\0}garbage", 24), "error invalid_json"},
      {std::string("\0{\"type\":\"ping\"}", 16), "error invalid_json"},
      {std::string("{\"type\":\"pi\0ng\"}", 16), "error invalid_json"},
      {R"({"type":"join_game","gameId":"\u0000"})", "join_game " + std::string(1, '\0')},
  });
}

TEST(MessageTest, NumbersOutsideJsonsGrammarAreInvalidJson) {
  for (const std::string_view number :
       {"01", "+1", "1.", ".5", "-", "1e", "1e+", "0x10", "1_000", "NaN", "Infinity", "--1"}) {
    EXPECT_EQ(outcome(ping_with(number)), "error invalid_json") << number;
  }
}

TEST(MessageTest, NumbersOfAnySizeAreTakenAndRelayedToTheLetter) {
  for (const std::string_view number :
       {"0", "-0", "1e999", "-1e999", "1E-999", "123456789012345678901234567890",
        "-123456789012345678901234567890", "18446744073709551616", "0.1000", "1.0E+2"}) {
    EXPECT_EQ(outcome(ping_with(number)), "ping") << number;
    for (const std::string_view after : {"", " ", "\n"}) {
      const std::string value = std::string(number) + std::string(after);
      EXPECT_EQ(outcome(R"({"type":"broadcast","event":"e","data": )" + value + '}'),
                "broadcast e " + std::string(number));
      EXPECT_EQ(outcome(R"({"data":)" + value + R"(,"type":"broadcast","event":"e"})"),
                "broadcast e " + std::string(number));
    }
  }
}

TEST(MessageTest, NestingIsBoundedAtThirtyTwo) {
  for (const auto& [open, close] :
       {std::pair{"[", "]"}, std::pair{R"({"k":)", "}"}, std::pair{R"({"type":)", "}"}}) {
    // The frame's own object is the first level.
    const auto nested = [&](std::size_t levels) {
      const std::size_t inner = levels - 1;
      return ping_with(repeated(open, inner) + "0" + repeated(close, inner));
    };
    EXPECT_EQ(outcome(nested(2)), "ping");
    EXPECT_EQ(outcome(nested(32)), "ping");
    EXPECT_EQ(outcome(nested(33)), "error invalid_json");
    EXPECT_EQ(outcome(nested(100'000)), "error invalid_json");
  }
  EXPECT_EQ(outcome(repeated("[", 100'000)), "error invalid_json");
  EXPECT_EQ(outcome(repeated(R"({"a":)", 100'000)), "error invalid_json");
}

TEST(MessageTest, TextThatIsNoUnicodeIsInvalidJsonWhereverItStands) {
  for (const std::string_view bad : std::initializer_list<std::string_view>{
           "\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    const std::string text(bad);
    expect_outcomes({
        {R"({"type":"join_game","gameId":")" + text + R"("})", "error invalid_json"},
        {ping_with('"' + text + '"'), "error invalid_json"},
        {ping_with("{\"" + text + "\":1}"), "error invalid_json"},
        {R"({"type":"broadcast","event":"e","data":[")" + text + R"("]})", "error invalid_json"},
    });
  }
}

TEST(MessageTest, HalfAnEmojiIsAReplacementCharacterInNamesAndStaysAsWrittenInData) {
  const std::string half = "\xef\xbf\xbd";
  for (const auto& [written, read] : std::vector<std::pair<std::string, std::string>>{
           {R"(\ud83d)", half},
           {R"(\ude00)", half},
           {R"(\uD83Dx)", half + 'x'},
           {R"(x\ud83d\n)", 'x' + half + '\n'},
           {R"(\ud83d\u0041)", half + 'A'},
           {R"(\ude00\ud83d)", half + half},
           {R"(\ud83d\ud83d\ude00)", half + "\xf0\x9f\x98\x80"},
           {R"(\ud83d\ude00\ude00)", "\xf0\x9f\x98\x80" + half},
           {R"(\\ud83d)", R"(\ud83d)"},
           {R"(\\\ud83d)", '\\' + half},
           {R"(\ud83d\\ude00)", half + R"(\ude00)"},
       }) {
    expect_outcomes({
        {R"({"type":"join_game","gameId":")" + written + R"("})", "join_game " + read},
        {R"({"type":"broadcast","event":")" + written + R"(","data":[")" + written + R"("]})",
         "broadcast " + read + R"( [")" + written + R"("])"},
        {R"({"data":{")" + written + R"(":"\udbff"} ,"type":"broadcast","event":"e"})",
         R"(broadcast e {")" + written + R"(":"\udbff"})"},
        {ping_with("{\"" + written + "\":1}"), "ping"},
        {R"({"type":"ping",")" + written + "\":1}", "ping"},
        {R"({")" + written + R"(type":"logout_all","type":"ping"})", "ping"},
        {R"({"type":"ping)" + written + "\"}", "error unknown_type"},
    });
  }
}

// A replacement character has three bytes of UTF-8.
TEST(MessageTest, HalfAnEmojiCountsWithTheBytesThatItIsReadAs) {
  const std::string name = repeated(R"(\ud83d)", 42);
  expect_outcomes({
      {R"({"type":"join_game","gameId":")" + name + R"(xx"})",
       "join_game " + repeated("\xef\xbf\xbd", 42) + "xx"},
      {R"({"type":"join_game","gameId":")" + name + R"(xxx"})", "error limit_reached"},
      {R"({"type":"broadcast","event":")" + name + R"(xxx"})", "error limit_reached"},
  });
}

TEST(MessageTest, UnicodeIsKeptExactly) {
  expect_outcomes({
      {R"({"type":"join_game","gameId":"\ud83c\udfb2"})", "join_game \xf0\x9f\x8e\xb2"},
      {"{\"type\":\"join_game\",\"gameId\":\"\xf0\x9f\x8e\xb2 \xc3\xa9\"}",
       "join_game \xf0\x9f\x8e\xb2 \xc3\xa9"},
      {R"({"type":"join_game","gameId":" \ufeff\u00e9/\/\"\\ "})",
       "join_game  \xef\xbb\xbf\xc3\xa9//\"\\ "},
      {R"({"type":"broadcast","event":"e","data":"\ud83c\udfb2 \/ \u0041"})",
       R"(broadcast e "\ud83c\udfb2 \/ \u0041")"},
  });
}

TEST(MessageTest, DataIsTheExactTextThatTheSenderWrote) {
  for (const std::string_view data :
       {R"("text")", R"("")", R"("a \"b\" }")", "true", "false", "null", "[]", "{}",
        R"([ 1 ,  2,{"data":3} ])", R"({ "data" : {"data":1,"type":"x"} , "type":"ping"})",
        "[\n\t1\r\n]", R"([[[]]])", R"({"a":1,"a":2})", R"([-0.0,1e5])"}) {
    const std::string expected = "broadcast e " + std::string(data);
    const std::string text(data);
    expect_outcomes({
        {R"({"type":"broadcast","event":"e","data":)" + text + '}', expected},
        {R"({"data":)" + text + R"(,"type":"broadcast","event":"e"})", expected},
        {"{\"type\":\"broadcast\",\"event\":\"e\",\"data\" \n:\t " + text + " \n}", expected},
        {R"({"data":"first","type":"broadcast","event":"e","data":)" + text + '}', expected},
    });
  }
  EXPECT_EQ(outcome(R"({"type":"broadcast","event":"e"})"), "broadcast e null");
}

struct RefusalCase {
  std::string frame;
  ErrorCode code;
  // The message begins with it.
  std::string_view field;
};

TEST(MessageTest, EveryRefusalHasItsCodeAndNamesTheField) {
  const std::string at_limit(kNameBytesMax, 'g');
  const std::string three_byte_over = repeated("\xe2\x82\xac", 43);
  const std::vector<RefusalCase> cases = {
      {"{}", ErrorCode::kInvalidMessage, "type"},
      {R"({"Type":"ping"})", ErrorCode::kInvalidMessage, "type"},
      {R"({"x":{"type":"ping"}})", ErrorCode::kInvalidMessage, "type"},
      {R"({"type":null})", ErrorCode::kInvalidMessage, "type"},
      {R"({"type":1})", ErrorCode::kInvalidMessage, "type"},
      {R"({"type":["ping"]})", ErrorCode::kInvalidMessage, "type"},
      {R"({"type":""})", ErrorCode::kUnknownType, "type"},
      {R"({"type":"Ping"})", ErrorCode::kUnknownType, "type"},
      {R"({"type":"ping "})", ErrorCode::kUnknownType, "type"},
      {R"({"type":"ping\u0000"})", ErrorCode::kUnknownType, "type"},
      {R"({"type":"set_device"})", ErrorCode::kUnknownType, "type"},
      {R"({"type":"initial_state"})", ErrorCode::kUnknownType, "type"},
      {R"({"type":"join_game"})", ErrorCode::kInvalidMessage, "gameId"},
      {R"({"type":"leave_game"})", ErrorCode::kInvalidMessage, "gameId"},
      {R"({"type":"join_game","gameId":5})", ErrorCode::kInvalidMessage, "gameId"},
      {R"({"type":"join_game","gameId":1e999})", ErrorCode::kInvalidMessage, "gameId"},
      {R"({"type":"join_game","gameId":null})", ErrorCode::kInvalidMessage, "gameId"},
      {R"({"type":"join_game","gameId":["a"]})", ErrorCode::kInvalidMessage, "gameId"},
      {R"({"type":"join_game","gameId":{"gameId":"a"}})", ErrorCode::kInvalidMessage, "gameId"},
      {R"({"type":"join_game","gameId":""})", ErrorCode::kInvalidMessage, "gameId"},
      {R"({"type":"leave_game","gameId":""})", ErrorCode::kInvalidMessage, "gameId"},
      {R"({"type":"join_game","gameId":")" + at_limit + "g\"}", ErrorCode::kLimitReached, "gameId"},
      {R"({"type":"join_game","gameId":")" + three_byte_over + "\"}", ErrorCode::kLimitReached,
       "gameId"},
      {R"({"type":"leave_game","gameId":")" + at_limit + "g\"}", ErrorCode::kLimitReached,
       "gameId"},
      {R"({"type":"update_presence"})", ErrorCode::kInvalidMessage, "presence"},
      {R"({"type":"update_presence","presence":""})", ErrorCode::kInvalidMessage, "presence"},
      {R"({"type":"update_presence","presence":"busy"})", ErrorCode::kInvalidMessage, "presence"},
      {R"({"type":"update_presence","presence":"Away"})", ErrorCode::kInvalidMessage, "presence"},
      {R"({"type":"update_presence","presence":1})", ErrorCode::kInvalidMessage, "presence"},
      {R"({"type":"update_presence","presence":["away"]})", ErrorCode::kInvalidMessage, "presence"},
      {R"({"type":"broadcast","data":1})", ErrorCode::kInvalidMessage, "event"},
      {R"({"type":"broadcast","event":1})", ErrorCode::kInvalidMessage, "event"},
      {R"({"type":"broadcast","event":""})", ErrorCode::kInvalidMessage, "event"},
      {R"({"type":"broadcast","event":")" + at_limit + "e\"}", ErrorCode::kLimitReached, "event"},
  };
  MessageParser parser;
  for (const RefusalCase& each : cases) {
    const auto parsed = parser.parse_frame(each.frame);
    const auto* refusal = std::get_if<Refusal>(&parsed);
    ASSERT_NE(refusal, nullptr) << each.frame;
    EXPECT_EQ(error_code_name(refusal->code), error_code_name(each.code)) << each.frame;
    EXPECT_TRUE(refusal->message.starts_with(std::string(each.field) + ' '))
        << each.frame << " -> " << refusal->message;
  }
}

TEST(MessageTest, NamesOfTheFullLengthAreTaken) {
  const std::string at_limit = repeated("\xe2\x82\xac", 42) + "ab";
  ASSERT_EQ(at_limit.size(), kNameBytesMax);
  expect_outcomes({
      {R"({"type":"join_game","gameId":")" + at_limit + "\"}", "join_game " + at_limit},
      {R"({"type":"leave_game","gameId":")" + at_limit + "\"}", "leave_game " + at_limit},
      {R"({"type":"broadcast","event":")" + at_limit + "\"}", "broadcast " + at_limit + " null"},
      {R"({"type":"join_game","gameId":" "})", "join_game  "},
      {R"({"type":"join_game","gameId":")" + repeated(R"(\u0041)", 128) + "\"}",
       "join_game " + std::string(128, 'A')},
  });
  EXPECT_FALSE(check_game_id(at_limit));
  EXPECT_EQ(check_game_id(at_limit + "x")->code, ErrorCode::kLimitReached);
  EXPECT_EQ(check_game_id("")->code, ErrorCode::kInvalidMessage);
}

TEST(MessageTest, NothingOfAFrameIsLeftInTheNext) {
  MessageParser parser;
  const auto broadcast =
      parser.parse_frame(R"({"type":"broadcast","event":"e","gameId":"old","data":[1]})");
  EXPECT_TRUE(std::holds_alternative<Message>(broadcast));
  EXPECT_TRUE(std::holds_alternative<Refusal>(parser.parse_frame(R"({"type":"join_game"})")));
  EXPECT_TRUE(std::holds_alternative<Refusal>(parser.parse_frame(R"({"type":"ping")")));
  const auto plain = parser.parse_frame(R"({"type":"broadcast","event":"e"})");
  EXPECT_EQ(std::get_if<Broadcast>(std::get_if<Message>(&plain))->data, "null");
}

TEST(MessageTest, APushedBodyIsAnyObjectWithATypeAndNothingElse) {
  MessageParser parser;
  for (const std::string_view body :
       {R"({"type":"ping"})", R"({"type":"anything","gameId":5})", R"( {"x":[1],"type":""} )"}) {
    EXPECT_FALSE(parser.check_push(body)) << body;
  }
  const std::vector<std::pair<std::string_view, ErrorCode>> refused = {
      {"", ErrorCode::kInvalidJson},
      {"[]", ErrorCode::kInvalidJson},
      {"{\"type\":\"\xff\"}", ErrorCode::kInvalidJson},
      {"{\"type\":\"a\"}\0"sv, ErrorCode::kInvalidJson},
      {"\xef\xbb\xbf{\"type\":\"a\"}", ErrorCode::kInvalidJson},
      {R"({"type":1})", ErrorCode::kInvalidMessage},
      {R"({"Type":"a"})", ErrorCode::kInvalidMessage},
  };
  for (const auto& [body, code] : refused) {
    const auto refusal = parser.check_push(body);
    ASSERT_TRUE(refusal) << body;
    EXPECT_EQ(refusal->code, code) << body;
  }
}

TEST(MessageTest, TheCodesAreTheWordsOfTheProtocol) {
  EXPECT_EQ(error_code_name(ErrorCode::kInvalidJson), "invalid_json");
  EXPECT_EQ(error_code_name(ErrorCode::kInvalidMessage), "invalid_message");
  EXPECT_EQ(error_code_name(ErrorCode::kUnknownType), "unknown_type");
  EXPECT_EQ(error_code_name(ErrorCode::kTooLarge), "too_large");
  EXPECT_EQ(error_code_name(ErrorCode::kLimitReached), "limit_reached");
  EXPECT_EQ(error_code_name(ErrorCode::kRateLimited), "rate_limited");
  EXPECT_EQ(error_code_name(ErrorCode::kUnauthorized), "unauthorized");
}

}  // namespace
}  // namespace user_session
