#include "requests.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "bytes.h"
#include "limits.h"

namespace user_session {
namespace {

constexpr TimeMs kNow = 1'000'000;

std::string name(std::size_t number) { return "id-" + std::to_string(number); }

DoneRequests with(std::size_t count) {
  DoneRequests done;
  for (std::size_t i = 0; i < count; ++i) done.add(name(i), static_cast<std::int64_t>(i), kNow);
  return done;
}

std::string encoded(const DoneRequests& done, TimeMs now = kNow) {
  std::string bytes;
  done.encode(now, bytes);
  return bytes;
}

bool restore(DoneRequests& done, std::string_view bytes) {
  ByteReader reader(bytes);
  return done.restore(reader) && reader.finished();
}

TEST(RequestsTest, WhatWasDoneIsAnsweredWithTheNumberOfThen) {
  DoneRequests done;
  EXPECT_EQ(done.find("a", kNow), std::nullopt);
  done.add("a", 7, kNow);
  done.add("b", 8, kNow);
  EXPECT_EQ(done.find("a", kNow), 7);
  EXPECT_EQ(done.find("b", kNow), 8);
  EXPECT_EQ(done.find("c", kNow), std::nullopt);
  EXPECT_EQ(done.find("", kNow), std::nullopt);
}

// One that is forgotten too early is done twice; one that is not forgotten takes memory for ever.
TEST(RequestsTest, TheNewestSixtyFourAreRemembered) {
  const DoneRequests done = with(kRequestsMax + 40);
  EXPECT_EQ(done.size(), kRequestsMax);
  for (std::size_t i = 0; i < kRequestsMax + 40; ++i) {
    EXPECT_EQ(done.find(name(i), kNow).has_value(), i >= 40) << i;
  }
}

TEST(RequestsTest, EachIsRememberedForTenMinutes) {
  const DoneRequests done = with(1);
  EXPECT_EQ(done.find(name(0), kNow + kRequestsKeptMs - 1), 0);
  EXPECT_EQ(done.find(name(0), kNow + kRequestsKeptMs), std::nullopt);
  EXPECT_FALSE(done.is_empty(kNow + kRequestsKeptMs - 1));
  EXPECT_TRUE(done.is_empty(kNow + kRequestsKeptMs));
  EXPECT_TRUE(DoneRequests().is_empty(kNow));
  EXPECT_EQ(done.find(name(0), kNow - 5'000), 0) << "a clock that was set back forgets nothing";
}

TEST(RequestsTest, AnIdThatIsUsedAgainLaterTakesNoSecondPlace) {
  DoneRequests done = with(kRequestsMax);
  done.add(name(3), 99, kNow + kRequestsKeptMs);
  EXPECT_EQ(done.size(), kRequestsMax);
  EXPECT_EQ(done.find(name(3), kNow + kRequestsKeptMs), 99);
  EXPECT_EQ(done.find(name(0), kNow), 0) << "and none else is forgotten for it";
}

TEST(RequestsTest, TheyComeBackInTheOrderInWhichTheyWillBeForgotten) {
  const DoneRequests done = with(kRequestsMax + 10);
  DoneRequests other;
  ASSERT_TRUE(restore(other, encoded(done)));
  EXPECT_EQ(encoded(other), encoded(done));
  other.add("new", 1, kNow);
  EXPECT_EQ(other.find(name(10), kNow), std::nullopt);
  EXPECT_EQ(other.find(name(11), kNow), 11);
}

TEST(RequestsTest, WhatNobodyWillAskForIsNotStored) {
  DoneRequests done = with(3);
  done.add("late", 9, kNow + 10);
  DoneRequests other;
  ASSERT_TRUE(restore(other, encoded(done, kNow + kRequestsKeptMs)));
  EXPECT_EQ(other.size(), 1U);
  EXPECT_EQ(other.find("late", kNow + 10), 9);
}

// A device's attachment and the row may both know of one, and the row's may be older.
TEST(RequestsTest, WhatIsKnownIsNotReplacedByWhatIsRestored) {
  DoneRequests done;
  done.add("a", 1, kNow);
  DoneRequests later;
  later.add("a", 5, kNow + kRequestsKeptMs);
  later.add("b", 6, kNow + kRequestsKeptMs);
  ASSERT_TRUE(restore(later, encoded(done)));
  EXPECT_EQ(later.find("a", kNow + kRequestsKeptMs), 5);
  EXPECT_EQ(later.size(), 2U);
}

TEST(RequestsTest, EveryTruncationIsRefused) {
  const std::string bytes = encoded(with(3));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    DoneRequests done;
    EXPECT_FALSE(restore(done, bytes.substr(0, size))) << size << " bytes";
  }
  DoneRequests done;
  EXPECT_FALSE(restore(done, std::string(4, '\xff'))) << "a count beyond the bytes";
}

}  // namespace
}  // namespace user_session
