#include "format/bytes.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace user_session {
namespace {

using namespace std::string_view_literals;

TEST(BytesTest, NumbersAreLittleEndianAsJavaScriptAndStoredSnapshotsHaveThem) {
  std::string bytes;
  append_u8(bytes, 0xfe);
  append_u32(bytes, 0x01020304);
  append_i64(bytes, -2);
  EXPECT_EQ(bytes, "\xfe\x04\x03\x02\x01\xfe\xff\xff\xff\xff\xff\xff\xff"sv);
}

TEST(BytesTest, TextsKeepNulAndEveryOtherByte) {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte.push_back(static_cast<char>(byte));
  std::string bytes;
  append_text(bytes, every_byte);
  append_text(bytes, "");
  ByteReader reader(bytes);
  EXPECT_EQ(reader.text(), every_byte);
  EXPECT_EQ(reader.text(), "");
  EXPECT_TRUE(reader.finished());
}

TEST(BytesTest, ExtremeNumbersComeBackAsTheyWere) {
  std::string bytes;
  append_u8(bytes, 255);
  append_u32(bytes, std::numeric_limits<std::uint32_t>::max());
  append_i64(bytes, std::numeric_limits<std::int64_t>::min());
  append_i64(bytes, std::numeric_limits<std::int64_t>::max());
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u8(), 255);
  EXPECT_EQ(reader.u32(), std::numeric_limits<std::uint32_t>::max());
  EXPECT_EQ(reader.i64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(reader.i64(), std::numeric_limits<std::int64_t>::max());
  EXPECT_TRUE(reader.finished());
}

TEST(BytesTest, AReadPastTheEndGivesNothingAndStaysFailed) {
  ByteReader reader("\x07\x01"sv);
  EXPECT_EQ(reader.u32(), 0U);
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(reader.u8(), 0) << "a later, shorter read must not give bytes of the wrong place";
  EXPECT_EQ(reader.i64(), 0);
  EXPECT_EQ(reader.text(), "");
  EXPECT_FALSE(reader.finished());
}

TEST(BytesTest, ATextLongerThanTheBytesIsNotRead) {
  ByteReader reader(
      "\xff\xff\xff\xff"
      "abc"sv);
  EXPECT_EQ(reader.text(), "");
  EXPECT_TRUE(reader.failed());
}

TEST(BytesTest, NumbersThatNoneOfOursCanBeFail) {
  for (const std::int64_t value : {kSafeIntegerMax, -kSafeIntegerMax}) {
    std::string bytes;
    append_i64(bytes, value);
    EXPECT_EQ(ByteReader(bytes).safe_integer(), value);
    bytes.clear();
    append_i64(bytes, value > 0 ? value + 1 : value - 1);
    ByteReader beyond(bytes);
    EXPECT_EQ(beyond.safe_integer(), 0);
    EXPECT_TRUE(beyond.failed());
  }
  std::string bytes;
  append_varint(bytes, kSafeIntegerMax + 1);
  ByteReader count(bytes);
  EXPECT_EQ(count.varint(), 0U);
  EXPECT_TRUE(count.failed());
}

TEST(BytesTest, UnreadBytesAreNoticed) {
  ByteReader reader("\x01\x02"sv);
  reader.u8();
  EXPECT_FALSE(reader.failed());
  EXPECT_FALSE(reader.finished());
}

TEST(BytesTest, ALengthBeyondTheBytesFailsInsteadOfAskingForMemory) {
  std::string bytes;
  append_u32(bytes, 2);
  append_u32(bytes, 0);
  append_u32(bytes, 0);
  EXPECT_EQ(ByteReader(bytes).count(4), 2U);
  ByteReader too_long(bytes);
  EXPECT_EQ(too_long.count(5), 0U);
  EXPECT_TRUE(too_long.failed());
}

TEST(BytesTest, ATruthHasOneForm) {
  for (const auto& [byte, value] : {std::pair('\0', false), std::pair('\1', true)}) {
    ByteReader reader(std::string_view(&byte, 1));
    EXPECT_EQ(reader.flag(), value);
    EXPECT_TRUE(reader.finished());
  }
  for (const char byte : {'\2', '\x80', '\xff'}) {
    ByteReader reader(std::string_view(&byte, 1));
    reader.flag();
    EXPECT_TRUE(reader.failed()) << static_cast<int>(byte);
  }
}

TEST(BytesTest, ANumberOfAnySizeHasOneForm) {
  for (const std::string_view longer : {"\x80\0"sv, "\x81\0"sv, "\xff\x80\0"sv}) {
    ByteReader reader(longer);
    reader.varint();
    EXPECT_TRUE(reader.failed());
  }
  ByteReader zero("\0"sv);
  EXPECT_EQ(zero.varint(), 0U);
  EXPECT_TRUE(zero.finished());
}

// A reader of today steps over what a later release has added, and keeps it.
TEST(BytesTest, ARecordHasRoomAtItsEnd) {
  std::string bytes = "before";
  append_record(bytes, [&] {
    append_u8(bytes, 7);
    bytes.append("more");
  });
  append_record(bytes, [&] {});
  append_u8(bytes, 9);
  ByteReader reader(std::string_view(bytes).substr(6));
  ByteReader fields(reader.text());
  EXPECT_EQ(fields.u8(), 7);
  EXPECT_TRUE(fields.has_more());
  EXPECT_EQ(fields.rest(), "more");
  EXPECT_FALSE(fields.has_more());
  EXPECT_TRUE(fields.finished());
  ByteReader empty(reader.text());
  EXPECT_FALSE(empty.has_more()) << "a field that is not there yet";
  EXPECT_EQ(empty.rest(), "");
  EXPECT_EQ(reader.position(), bytes.size() - 6 - 1);
  EXPECT_EQ(reader.u8(), 9);
  EXPECT_TRUE(reader.finished());
}

TEST(BytesTest, ADamagedRecordHasNothingMore) {
  ByteReader reader("\x05\0\0\0abc"sv);
  reader.text();
  EXPECT_TRUE(reader.failed());
  EXPECT_FALSE(reader.has_more());
  EXPECT_EQ(reader.rest(), "");
}

TEST(BytesTest, TheLengthOfALongRecordIsWritten) {
  std::string bytes;
  append_record(bytes, [&] { bytes.append(70'000, 'x'); });
  EXPECT_EQ(bytes.substr(0, 4), "\x70\x11\x01\0"sv);
  EXPECT_EQ(ByteReader(bytes).text().size(), 70'000U);
}

}  // namespace
}  // namespace user_session
