#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "limits.h"
#include "state/kept.h"

namespace user_session {
namespace {

constexpr Position kPlace = {.epoch = 1000, .seq = 3};

std::string encoded(const KeptPushes& kept) {
  std::string bytes;
  kept.encode(bytes);
  return bytes;
}

std::vector<std::string> frames_of(const KeptPushes& kept) {
  std::vector<std::string> frames;
  for (const KeptPush& push : kept.all()) frames.push_back(push.body);
  return frames;
}

KeptPushes some() {
  KeptPushes kept;
  kept.remember("id");
  kept.add("one", kPlace, 10);
  kept.give_all("phone", kPlace.epoch, kPlace.epoch);
  kept.add("two", {}, 20);
  kept.give_all("laptop", kPlace.epoch, kPlace.epoch);
  return kept;
}

// What nobody forgets would fill the row; what is forgotten without a word, nobody would miss.
TEST(KeptTest, OfTooManyTheOldestAreForgottenAndCounted) {
  KeptPushes kept;
  for (std::size_t i = 0; i < kKeptPushesMax; ++i) {
    EXPECT_EQ(kept.add(std::to_string(i), kPlace, 10), 0U) << i;
  }
  EXPECT_EQ(kept.add("new", kPlace, 10), 1U);
  EXPECT_EQ(kept.all().size(), kKeptPushesMax);
  EXPECT_EQ(kept.all().front().body, "1");
  EXPECT_EQ(kept.all().back().body, "new");
}

TEST(KeptTest, OfTooLargeOnesTheOldestAreForgottenAndCounted) {
  KeptPushes kept;
  const std::string large(kKeptBytesMax / 4, 'x');
  for (int i = 0; i < 4; ++i) EXPECT_EQ(kept.add(large, kPlace, 10), 0U);
  EXPECT_EQ(kept.add("y", kPlace, 10), 1U);
  EXPECT_EQ(kept.add(large, kPlace, 10), 1U);
  EXPECT_EQ(kept.add(std::string(kKeptBytesMax, 'z'), kPlace, 10), 4U);
  EXPECT_EQ(kept.all().size(), 1U);
}

TEST(KeptTest, EachEndsAtItsOwnTime) {
  KeptPushes kept = some();
  EXPECT_FALSE(kept.expire(9));
  EXPECT_TRUE(kept.expire(10));
  EXPECT_EQ(frames_of(kept), std::vector<std::string>{"two"});
  EXPECT_FALSE(kept.expire(19));
  EXPECT_TRUE(kept.expire(20));
  EXPECT_TRUE(kept.all().empty());
}

// A number that is given again would have a device take a new push for one that it has.
TEST(KeptTest, ADeviceIsGivenEachOnce) {
  KeptPushes kept;
  EXPECT_EQ(kept.given("phone", kPlace.epoch), 0);
  kept.add("one", kPlace, 10);
  EXPECT_TRUE(kept.give_all("phone", kPlace.epoch, kPlace.epoch));
  EXPECT_FALSE(kept.give_all("phone", kPlace.epoch, kPlace.epoch))
      << "that is no news to be stored";
  EXPECT_EQ(kept.given("phone", kPlace.epoch), 1);
  EXPECT_EQ(kept.given("laptop", kPlace.epoch), 0);
  kept.expire(10);
  kept.add("two", kPlace, 20);
  EXPECT_EQ(kept.all().front().number, 2);
  EXPECT_TRUE(kept.give_all("phone", kPlace.epoch, kPlace.epoch));
  EXPECT_EQ(kept.given("phone", kPlace.epoch), 2);
}

// The first frame of an epoch tells a device its place there. If it comes from an earlier one it
// has never seen that frame, nor what came with it.
TEST(KeptTest, WhatADeviceHasNotSeenItIsGivenAgain) {
  KeptPushes kept;
  kept.add("one", {}, 10);
  EXPECT_TRUE(kept.give_all("phone", 0, 1));
  kept.add("two", {}, 10);
  EXPECT_TRUE(kept.give_all("phone", 1, 2));
  EXPECT_EQ(kept.given("phone", 1), 1);
  kept.add("three", {.epoch = 2, .seq = 1}, 10);
  EXPECT_TRUE(kept.give_all("phone", 2, 2));
  EXPECT_EQ(kept.given("phone", 1), 1) << "it is still there that it has not seen the second";
  EXPECT_EQ(kept.given("phone", 2), 3);
  EXPECT_TRUE(kept.give_all("phone", 1, 3));
  EXPECT_TRUE(kept.give_all("phone", 1, 4));
  EXPECT_EQ(kept.given("phone", 1), 1) << "nor when it tried again";
  EXPECT_EQ(kept.given("phone", 4), 3);
  EXPECT_FALSE(kept.give_all("phone", 4, 4));
  EXPECT_EQ(kept.given("phone", 0), 3) << "one without a place gets none twice";
}

TEST(KeptTest, OfTooManyDevicesTheOneThatWasGivenSomethingFirstIsForgotten) {
  KeptPushes kept;
  kept.add("one", kPlace, 10);
  for (std::size_t i = 0; i < kRememberedDevicesMax; ++i) {
    kept.give_all(std::to_string(i), kPlace.epoch, kPlace.epoch);
  }
  kept.add("two", kPlace, 10);
  kept.give_all("0", kPlace.epoch, kPlace.epoch);
  kept.give_all("new", kPlace.epoch, kPlace.epoch);
  EXPECT_EQ(kept.given("0", kPlace.epoch), 2) << "it was given something since";
  EXPECT_EQ(kept.given("1", kPlace.epoch), 0);
  EXPECT_EQ(kept.given("2", kPlace.epoch), 1);
  EXPECT_EQ(kept.given("new", kPlace.epoch), 2);
}

TEST(KeptTest, APushThatComesTwiceIsKnownByItsId) {
  KeptPushes kept;
  EXPECT_TRUE(kept.remember("a"));
  EXPECT_FALSE(kept.remember("a"));
  EXPECT_TRUE(kept.remember("b"));
  for (std::size_t i = 0; i < kPushIdsMax - 1; ++i) kept.remember(std::to_string(i));
  EXPECT_EQ(kept.push_id_count(), kPushIdsMax);
  EXPECT_FALSE(kept.remember("b"));
  EXPECT_TRUE(kept.remember("a")) << "the oldest is forgotten";
}

TEST(KeptTest, AllOfItComesBackFromItsBytes) {
  const KeptPushes kept = some();
  KeptPushes other;
  other.add("old", kPlace, 5);
  ASSERT_TRUE(other.restore(encoded(kept)));
  EXPECT_EQ(encoded(other), encoded(kept));
  EXPECT_EQ(frames_of(other), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(other.all()[0].position, kPlace);
  EXPECT_EQ(other.all()[0].number, 1);
  EXPECT_EQ(other.all()[1].position, Position{});
  EXPECT_EQ(other.all()[1].expires_at, 20);
  EXPECT_EQ(other.given("phone", kPlace.epoch), 1);
  EXPECT_EQ(other.given("laptop", kPlace.epoch), 2);
  EXPECT_FALSE(other.remember("id"));
  other.add("three", kPlace, 30);
  EXPECT_EQ(other.all().back().number, 3) << "the numbers go on";
}

// Half of it would give a device a push again, or never.
TEST(KeptTest, OfDamagedBytesNothingIsKnown) {
  const std::string bytes = encoded(some());
  std::vector<std::string> damaged = {bytes + '\0', '\x02' + bytes.substr(1)};
  for (std::size_t size = 0; size < bytes.size(); ++size) damaged.push_back(bytes.substr(0, size));
  for (const std::string& bad : damaged) {
    KeptPushes kept = some();
    EXPECT_FALSE(kept.restore(bad)) << bad.size() << " bytes";
    EXPECT_EQ(encoded(kept), encoded({})) << bad.size() << " bytes";
  }
}

TEST(KeptTest, WhatIsNeverWrittenIsRefused) {
  constexpr std::size_t kFirstPush = 1 + 8 + 4;
  std::string last_number = encoded(some());
  last_number[1] = '\1';
  std::string backwards = encoded(some());
  backwards[kFirstPush] = '\2';
  for (const std::string& bad : {last_number, backwards}) {
    KeptPushes kept;
    EXPECT_FALSE(kept.restore(bad));
  }
}

}  // namespace
}  // namespace user_session
