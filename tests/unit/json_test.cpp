// RFC 8259, rule by rule: each text as a value within a frame, or as a whole frame, and whether it
// is taken. The expectation is what JSON.parse of a device does with it, but for the nesting, which
// is a test of its own.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "json/message.h"
#include "limits.h"

namespace user_session {
namespace {

using namespace std::string_view_literals;

enum class Verdict { kTaken, kRefused };

struct Case {
  std::string_view text;
  Verdict verdict;
};

constexpr Verdict kTaken = Verdict::kTaken;
constexpr Verdict kRefused = Verdict::kRefused;

// As a value: whole frames of it are `{"type":"ping","x":TEXT}`.
constexpr Case kValues[] = {
    // Literal names, in lower case.
    {"null", kTaken},
    {"true", kTaken},
    {"false", kTaken},
    {"nul", kRefused},
    {"nulll", kRefused},
    {"True", kRefused},
    {"TRUE", kRefused},
    {"fals", kRefused},
    {"undefined", kRefused},
    {"NaN", kRefused},
    {"-NaN", kRefused},
    {"Infinity", kRefused},
    {"-Infinity", kRefused},
    {"ping", kRefused},
    // Numbers: int.
    {"0", kTaken},
    {"-0", kTaken},
    {"7", kTaken},
    {"-12", kTaken},
    {"1234567890", kTaken},
    {"9007199254740993", kTaken},
    {"18446744073709551616", kTaken},
    {"-9223372036854775809", kTaken},
    {"100000000000000000000000000000000000000000000000000", kTaken},
    {"00", kRefused},
    {"01", kRefused},
    {"-01", kRefused},
    {"-", kRefused},
    {"--1", kRefused},
    {"+1", kRefused},
    {"- 1", kRefused},
    {"1 2", kRefused},
    {"1_000", kRefused},
    {"0x1F", kRefused},
    {"0b1", kRefused},
    {"0o7", kRefused},
    {"1a", kRefused},
    {"1n", kRefused},
    {"\xef\xbc\x91", kRefused},
    // Numbers: frac.
    {"0.0", kTaken},
    {"-0.5", kTaken},
    {"1.25", kTaken},
    {"3.14159265358979323846264338327950288", kTaken},
    {".5", kRefused},
    {"-.5", kRefused},
    {"1.", kRefused},
    {"1.e1", kRefused},
    {"1.2.3", kRefused},
    // Numbers: exp.
    {"1e2", kTaken},
    {"1E2", kTaken},
    {"1e+2", kTaken},
    {"1E-2", kTaken},
    {"0e0", kTaken},
    {"0E+0", kTaken},
    {"1.5e02", kTaken},
    {"1e-400", kTaken},
    {"1e400", kTaken},
    {"-1E400", kTaken},
    {"1e", kRefused},
    {"1E+", kRefused},
    {"1e-", kRefused},
    {"1e+-2", kRefused},
    {"1ee2", kRefused},
    {"1e2.5", kRefused},
    {"e2", kRefused},
    // Strings: what needs no escape.
    {R"("")", kTaken},
    {R"("a")", kTaken},
    {R"("'")", kTaken},
    {R"("/")", kTaken},
    {R"("/* no comment */")", kTaken},
    {"\"\x7f\"", kTaken},
    {"\"\xc2\x80\"", kTaken},
    {"\"\xc3\xa9\"", kTaken},
    {"\"\xe2\x80\xa8\xe2\x80\xa9\"", kTaken},
    {"\"\xef\xbb\xbf\"", kTaken},
    {"\"\xef\xbf\xbf\"", kTaken},
    {"\"\xf0\x9f\x8e\xb2\"", kTaken},
    {"\"\xf4\x8f\xbf\xbf\"", kTaken},
    {"\"", kRefused},
    {R"("a)", kRefused},
    {R"(a")", kRefused},
    {R"('a')", kRefused},
    {"`a`", kRefused},
    {R"("a" "b")", kRefused},
    {R"("a"b)", kRefused},
    {"\"\t\"", kRefused},
    {"\"\n\"", kRefused},
    {"\"\r\"", kRefused},
    {"\"\x01\"", kRefused},
    {"\"\x1f\"", kRefused},
    // Strings: escapes.
    {R"("\"\\\/\b\f\n\r\t")", kTaken},
    {R"("\u0041")", kTaken},
    {R"("\u00e9\u00E9")", kTaken},
    {R"("\u0000")", kTaken},
    {R"("\u2028")", kTaken},
    {R"("\uFFFF")", kTaken},
    {R"("\ud83c\udfb2")", kTaken},
    {R"("\uDBFF\uDFFF")", kTaken},
    {R"("\\u12")", kTaken},
    {R"("\")", kRefused},
    {R"("\\\")", kRefused},
    {R"("\a")", kRefused},
    {R"("\v")", kRefused},
    {R"("\0")", kRefused},
    {R"("\'")", kRefused},
    {R"("\x41")", kRefused},
    {R"("\U0041")", kRefused},
    {R"("\u")", kRefused},
    {R"("\u004")", kRefused},
    {R"("\u00g1")", kRefused},
    {R"("\u{41}")", kRefused},
    {"\"\\\n\"", kRefused},
    {"\"\\\xc3\xa9\"", kRefused},
    // Arrays.
    {"[]", kTaken},
    {"[ ]", kTaken},
    {"[1]", kTaken},
    {"[null,true,\"a\",{},[]]", kTaken},
    {" [ 1 ,\t2\n,\r3 ] ", kTaken},
    {"[[[[]]]]", kTaken},
    {"[", kRefused},
    {"]", kRefused},
    {"[1", kRefused},
    {"[1,", kRefused},
    {"[1,]", kRefused},
    {"[,1]", kRefused},
    {"[,]", kRefused},
    {"[1,,2]", kRefused},
    {"[1 2]", kRefused},
    {"[1;2]", kRefused},
    {"[1:2]", kRefused},
    {"[1}", kRefused},
    {"[1]]", kRefused},
    {"[\"a\":1]", kRefused},
    {"(1)", kRefused},
    // Objects.
    {"{}", kTaken},
    {"{ }", kTaken},
    {R"({"a":1})", kTaken},
    {R"({"":0})", kTaken},
    {R"({"a":1,"a":2})", kTaken},
    {R"({"a\u0062":{"c":[]}})", kTaken},
    {" { \"a\" : 1 ,\n\"b\"\t: 2 } ", kTaken},
    {"{", kRefused},
    {"}", kRefused},
    {R"({"a")", kRefused},
    {R"({"a"})", kRefused},
    {R"({"a":})", kRefused},
    {R"({"a":1,})", kRefused},
    {R"({,"a":1})", kRefused},
    {R"({"a":1,,"b":2})", kRefused},
    {R"({"a":1 "b":2})", kRefused},
    {R"({"a" 1})", kRefused},
    {R"({"a"::1})", kRefused},
    {R"({"a":1:2})", kRefused},
    {R"({"a",1})", kRefused},
    {R"({a:1})", kRefused},
    {R"({'a':1})", kRefused},
    {R"({1:1})", kRefused},
    {R"({null:1})", kRefused},
    {R"({[]:1})", kRefused},
    {R"({"a":1])", kRefused},
    {R"({"a":1}})", kRefused},
    {R"({"a":1;"b":2})", kRefused},
    {R"({"a"=1})", kRefused},
    // White space is four characters and no other, and comments are none.
    {" \t\n\r1\r\n\t ", kTaken},
    {"\v1", kRefused},
    {"\f1", kRefused},
    {"\xc2\xa0"
     "1",
     kRefused},
    {"\xe2\x80\xa8"
     "1",
     kRefused},
    {"1//\n", kRefused},
    {"/**/1", kRefused},
    {"1#", kRefused},
    {"1,", kRefused},
    {",1", kRefused},
    {"1;", kRefused},
};

// As a whole frame. What is JSON but no object is no frame.
constexpr Case kFrames[] = {
    {R"({"type":"ping"})", kTaken},
    {" \t\n\r{\"type\":\"ping\"}\r\n\t ", kTaken},
    {R"({"type":"pong","type":"ping"})", kTaken},
    {R"({"\u0074ype":"pin\u0067"})", kTaken},
    {"", kRefused},
    {" ", kRefused},
    {R"({"type":"ping","x":})", kRefused},
    {R"({"type":"ping","x":1,5})", kRefused},
    {R"({"type":"ping"}{"type":"ping"})", kRefused},
    {R"({"type":"ping"} {})", kRefused},
    {R"({"type":"ping"},)", kRefused},
    {R"({"type":"ping"}x)", kRefused},
    {R"({"type":"ping"}//)", kRefused},
    {R"({"type":"ping"}])", kRefused},
    {R"(x{"type":"ping"})", kRefused},
    {R"({"type":"ping")", kRefused},
    {R"("type":"ping")", kRefused},
    {"\v{\"type\":\"ping\"}", kRefused},
    {"{\"type\":\"ping\"}\f", kRefused},
    {"\xef\xbb\xbf{\"type\":\"ping\"}", kRefused},
    {"{\"type\":\"ping\"}\xef\xbb\xbf", kRefused},
    {"{\"type\":\"ping\"}\0"sv, kRefused},
    {"\0{\"type\":\"ping\"}"sv, kRefused},
    {"{\"type\":\"pi\0ng\"}"sv, kRefused},
    {"{\"type\":\0\"ping\"}"sv, kRefused},
    {"{\0t\0y\0p\0e\0"sv, kRefused},
};

// Bytes that are no UTF-8. No device can send them in a text frame, nor JSON.parse be given them.
constexpr std::string_view kNoUtf8[] = {
    "\x80", "\xbf",     "\xc0\x80",     "\xc1\xbf",         "\xc3",         "\xc3(",
    "\xe2", "\xe2\x80", "\xe0\x80\x80", "\xed\xa0\x80",     "\xed\xbf\xbf", "\xf0\x80\x80\x80",
    "\xf4", "\xf0\x9f", "\xf0\x9f\x8e", "\xf4\x90\x80\x80", "\xf5",         "\xfe",
    "\xff", "a\xff",
};

std::string frame_with(std::string_view value) {
  return R"({"type":"ping","x":)" + std::string(value) + '}';
}

Verdict verdict_on(std::string_view frame) {
  MessageParser parser;
  const auto read = parser.parse_frame(frame);
  const auto* refusal = std::get_if<Refusal>(&read);
  if (refusal == nullptr) return kTaken;
  EXPECT_EQ(refusal->code, ErrorCode::kInvalidJson) << frame;
  return kRefused;
}

// The value in the frame, in an array of it, behind what only the parser reads, and as `data`.
std::vector<std::string> frames_with(std::string_view value) {
  const std::string text(value);
  return {frame_with(text), frame_with('[' + text + ']'), frame_with("\"\\u0061\",\"y\":" + text),
          R"({"type":"ping","data":)" + text + '}'};
}

TEST(JsonTest, EveryValueOfTheGrammarIsTakenAndNoOther) {
  for (const auto& [text, verdict] : kValues) {
    for (const std::string& frame : frames_with(text)) {
      EXPECT_EQ(verdict_on(frame), verdict) << frame;
    }
  }
}

TEST(JsonTest, AFrameIsOneObjectAndNothingMore) {
  for (const auto& [text, verdict] : kFrames) EXPECT_EQ(verdict_on(text), verdict) << text;
  for (const auto& [text, verdict] : kValues) {
    const bool is_object = text.find('{') == text.find_first_not_of(" \t\n\r");
    if (!is_object) EXPECT_EQ(verdict_on(text), kRefused) << text;
  }
}

TEST(JsonTest, WhatIsNoUtf8IsRefusedInNamesAndInTexts) {
  for (const std::string_view bytes : kNoUtf8) {
    const std::string text(bytes);
    EXPECT_EQ(verdict_on(frame_with('"' + text + '"')), kRefused);
    EXPECT_EQ(verdict_on(frame_with("{\"" + text + "\":1}")), kRefused);
    EXPECT_EQ(verdict_on(R"({"type":"ping",")" + text + "\":1}"), kRefused);
    EXPECT_EQ(verdict_on(text + frame_with("1")), kRefused);
  }
}

// A text that was cut in the middle of an emoji has one.
TEST(JsonTest, HalfOfASurrogatePairIsTaken) {
  for (const std::string_view text :
       {R"("\ud83c")", R"("\udfb2")", R"("\udfb2\ud83c")", R"("\ud83c\ud83c")", R"("\ud83cx")",
        R"("\ud83c\n")", R"("\ud83c\u0041")", R"("\ud83c\\udfb2")", R"({"\ud83c":1})",
        R"(["\uD83C",{"a":"\uDFB2"}])"}) {
    EXPECT_EQ(verdict_on(frame_with(text)), kTaken) << text;
  }
}

TEST(JsonTest, HalfOfASurrogatePairMakesNoOtherMistakeGood) {
  for (const std::string_view text :
       {R"(\ud83c)", R"("\ud83c)", R"("\ud83c\")", R"("\ud83c\u")", R"("\ud83c\udfb")",
        R"("\ud83c\udfg2")", R"("\ud83")", R"("\Ud83c")", R"("\ud83c\x")", "\"\\ud83c\n\"",
        "\"\\ud83c\xff\"", "\"\\ud83c\xed\xbe\xb2\""}) {
    EXPECT_EQ(verdict_on(frame_with(text)), kRefused) << text;
  }
}

// JSON.parse has no such limit.
TEST(JsonTest, NestingEndsAtALimit) {
  for (const auto& [open, close] : {std::pair{"[", "]"}, std::pair{"{\"a\":", "}"}}) {
    std::string value = "1";
    for (int depth = 1; depth < kNestingMax; ++depth) value = open + value + close;
    EXPECT_EQ(verdict_on(frame_with(value)), kTaken) << value;
    EXPECT_EQ(verdict_on(frame_with(open + value + close)), kRefused) << value;
    const std::string endless = std::string(20'000, open[0]);
    EXPECT_EQ(verdict_on(frame_with(endless)), kRefused);
  }
}

}  // namespace
}  // namespace user_session
