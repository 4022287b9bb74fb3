#include "state/values.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "format/bytes.h"

namespace user_session {
namespace {

constexpr std::int64_t kReach = 10;

// Sets a value, or deletes it if there is no text, and takes it for stored.
std::int64_t change(Values& values, std::string_view key, std::optional<std::string_view> text,
                    std::int64_t seq) {
  const std::int64_t forgotten =
      values.change({.key = key, .text = text, .now = 1'000, .seq = seq, .reach = kReach});
  values.note_stored();
  return forgotten;
}

// The row of a change, as it is stored, parted as the caller parts it.
struct Row {
  std::uint32_t slot = 0;
  std::string header;
  std::string text;
};

Row row_of(Values& values, std::string_view key, std::string_view text) {
  values.change({.key = key, .text = text, .from = "phone", .now = 1'000, .seq = 11});
  std::string bytes;
  values.encode_changed(
      "head", {.text = "run-1234567890-1.5", .run = "run-1234567890-1", .number = 5}, bytes);
  const std::uint32_t slot = values.changed_slot();
  values.note_stored();
  const auto size = static_cast<std::size_t>(static_cast<unsigned char>(bytes.at(0))) |
                    static_cast<std::size_t>(static_cast<unsigned char>(bytes.at(1))) << 8U;
  return {.slot = slot, .header = bytes.substr(2, size), .text = bytes.substr(2 + size)};
}

TEST(ValuesTest, VersionsCountUpWhateverTheClockSays) {
  Values values;
  values.change({.key = "a", .text = "1", .now = 1'000});
  EXPECT_EQ(values.find("a")->version, 1'000);
  values.change({.key = "b", .text = "1", .now = 1'000});
  EXPECT_EQ(values.find("b")->version, 1'001);
  values.change({.key = "a", .text = "2", .now = 5});
  EXPECT_EQ(values.find("a")->version, 1'002);
  values.clear();
  values.change({.key = "a", .text = "3", .now = 6});
  EXPECT_EQ(values.find("a")->version, 1'003) << "also after a clear";
}

TEST(ValuesTest, ARowSaysAllThatAChangeWrites) {
  Values values;
  const Row row = row_of(values, "the key", R"({"a": 1})");
  EXPECT_EQ(row.text, R"({"a": 1})");
  Values others;
  const auto read =
      others.restore(row.slot, row.header, static_cast<std::uint32_t>(row.text.size()));
  ASSERT_TRUE(read);
  const Value* value = others.find("the key");
  ASSERT_NE(value, nullptr);
  EXPECT_EQ(value->from, "phone");
  EXPECT_EQ(value->version, 1'000);
  EXPECT_EQ(value->seq, 11);
  EXPECT_EQ(read->head, "head");
  EXPECT_EQ(read->request.run, "run-1234567890-1");
  EXPECT_EQ(read->request.number, 5);
  EXPECT_TRUE(Values::is_equal(*others.find("the key"), row.text));
  EXPECT_FALSE(Values::is_equal(*others.find("the key"), R"({"a":  1})"));
  EXPECT_FALSE(Values::is_equal(*others.find("the key"), R"({"a": 2})")) << "of the same length";
  EXPECT_EQ(others.last_version(), 1'000);
}

TEST(ValuesTest, AHeaderThatIsCutOrOfAnotherTextIsDamaged) {
  Values values;
  const Row row = row_of(values, "the key", "12345");
  Values others;
  for (std::size_t size = 0; size < row.header.size(); ++size) {
    EXPECT_FALSE(others.restore(0, row.header.substr(0, size), 5)) << size;
  }
  EXPECT_FALSE(others.restore(0, row.header, 4));
  EXPECT_FALSE(others.restore(kValuesMax + kDeletedValuesMax, row.header, 5));
  EXPECT_TRUE(others.views().empty());
  EXPECT_TRUE(others.restore(0, row.header + "later", 5)) << "a later release may say more";
}

TEST(ValuesTest, AValueKeepsItsSlotAndADeletedOneIsTakenWhenNobodyCanMissIt) {
  Values values;
  change(values, "a", "1", 11);
  change(values, "b", "1", 12);
  change(values, "a", std::nullopt, 13);
  EXPECT_EQ(values.find("a"), nullptr);
  values.change({.key = "a", .text = "2", .now = 1'000, .seq = 14, .reach = kReach});
  EXPECT_EQ(values.changed_slot(), 0U) << "its own";
  change(values, "a", std::nullopt, 15);
  values.change({.key = "c", .text = "1", .now = 1'000, .seq = 16, .reach = 14});
  EXPECT_EQ(values.changed_slot(), 2U) << "the deletion may be missed";
  values.change({.key = "d", .text = "1", .now = 1'000, .seq = 17, .reach = 15});
  EXPECT_EQ(values.changed_slot(), 0U);
}

TEST(ValuesTest, TheOldestDeletionIsForgottenOnlyWhenThereAreTooMany) {
  Values values;
  std::int64_t seq = kReach;
  for (std::size_t i = 0; i < kValuesMax; ++i) change(values, "k" + std::to_string(i), "1", ++seq);
  EXPECT_TRUE(values.is_full());
  for (std::size_t i = 0; i < kDeletedValuesMax; ++i) {
    EXPECT_EQ(change(values, "k" + std::to_string(i), std::nullopt, ++seq), 0);
    EXPECT_EQ(change(values, "n" + std::to_string(i), "1", ++seq), 0);
  }
  change(values, "k100", std::nullopt, ++seq);
  const std::int64_t first_deleted = kReach + static_cast<std::int64_t>(kValuesMax) + 1;
  EXPECT_EQ(change(values, "one more", "1", ++seq), first_deleted);
  EXPECT_EQ(values.changed_since(first_deleted).size(), 2 * kDeletedValuesMax + 1)
      << "all but the first deletion can be told";
}

TEST(ValuesTest, AllTogetherAreLimited) {
  Values values;
  const std::string text(kValuesBytesMax / 8, '1');
  for (int i = 0; i < 7; ++i) change(values, "k" + std::to_string(i), text, 0);
  EXPECT_FALSE(values.is_too_large(text, nullptr));
  EXPECT_TRUE(values.is_too_large(text + "1", nullptr));
  change(values, "k7", text, 0);
  EXPECT_TRUE(values.is_too_large("1", nullptr));
  EXPECT_FALSE(values.is_too_large(text, values.find("k7")));
  change(values, "k7", std::nullopt, 0);
  EXPECT_FALSE(values.is_too_large(text, nullptr)) << "a deleted one takes no room";
}

TEST(ValuesTest, AFrameIsAsLargeAsWithTheTexts) {
  Values values;
  change(values, "a", "12345", 0);
  change(values, "b", "{}", 0);
  EXPECT_EQ(values.full_size("no reference"), 0U);
  std::string frame = "[";
  for (const ValueView& view : values.views()) {
    append_reference(frame, view.slot);
    frame += ',';
  }
  EXPECT_EQ(values.full_size(frame), std::string_view("[12345,{},").size());
  for (std::uint32_t slot = 0; slot < kValuesMax + kDeletedValuesMax; ++slot) {
    std::string reference;
    append_reference(reference, slot);
    EXPECT_EQ(reference.size(), kReferenceBytes);
    EXPECT_EQ(reference[0], kReferenceMark);
    EXPECT_EQ(referred_slot(reference), slot);
  }
  EXPECT_EQ(values.full_size("\xff\x80"), 0U) << "a mark that a damaged row has brought";
  EXPECT_EQ(values.full_size("\xff\xff\x80\x80"), 1U + 5U);
}

}  // namespace
}  // namespace user_session
