#include "state/runs.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "format/bytes.h"
#include "limits.h"

namespace user_session {
namespace {

using enum Runs::Known;

constexpr auto kNobody = [](std::string_view) { return false; };
constexpr std::string_view kRun = "laptop-run-000001";

RequestId request(std::int64_t number, std::string_view run = kRun) {
  return {.text = kNoText, .run = run, .number = number};
}

std::string name(std::size_t number) { return "run-of-client-" + std::to_string(1000 + number); }

bool use(Runs& runs, std::int64_t number, std::string_view run = kRun) {
  return runs.use(request(number, run));
}

// Uses a number and notes that the request is done.
void ask(Runs& runs, std::int64_t number, std::string_view run = kRun) {
  ASSERT_TRUE(use(runs, number, run));
  runs.note_done(request(number, run));
}

std::string encoded(const Runs& runs) {
  std::string bytes;
  runs.encode(bytes);
  return bytes;
}

bool restore(Runs& runs, std::string_view bytes) {
  ByteReader reader(bytes);
  return runs.restore(reader) && reader.finished();
}

Runs restored(std::string_view bytes) {
  Runs runs;
  EXPECT_TRUE(restore(runs, bytes));
  return runs;
}

// Bytes of one run: the name, the highest number, the first that is known, a flag and the bits.
std::string one_run(std::string_view run, std::uint64_t highest, std::uint64_t known_from) {
  std::string bytes;
  append_u32(bytes, 1);
  append_record(bytes, [&] {
    append_text(bytes, run);
    append_varint(bytes, highest);
    append_varint(bytes, known_from);
    append_u8(bytes, 1);
    append_i64(bytes, 0);
  });
  return bytes;
}

// A request that is done twice is a second move in a game, or a second message to a friend.
TEST(RunsTest, WhatIsDoneIsKnownAsDoneAndWhatWasRefusedAsNotDone) {
  Runs runs;
  ask(runs, 1);
  ASSERT_TRUE(use(runs, 2));
  ask(runs, 3);
  EXPECT_EQ(runs.find(request(1)), kDone);
  EXPECT_EQ(runs.find(request(2)), kNotDone) << "it was used, and refused";
  EXPECT_EQ(runs.find(request(3)), kDone);
  EXPECT_EQ(runs.find(request(4)), kNotDone) << "it never came";
  runs.note_done(request(2));
  EXPECT_EQ(runs.find(request(2)), kDone) << "when it was asked again";
  EXPECT_EQ(runs.find(request(1, name(1))), kNothing) << "of another run";
}

// A number that names two requests would have the second acknowledged, and not done.
TEST(RunsTest, ANumberIsUsedOnceAndUpwards) {
  Runs runs;
  EXPECT_TRUE(use(runs, 5));
  EXPECT_FALSE(use(runs, 5));
  EXPECT_FALSE(use(runs, 4));
  EXPECT_TRUE(use(runs, 6));
  EXPECT_TRUE(use(runs, 5, name(1))) << "each run counts by itself";
  EXPECT_EQ(runs.find(request(4)), kNothing) << "the run may have used it before it was known";
}

TEST(RunsTest, TheWindowHasTheHighestNumberAndSixtyFourBelowIt) {
  Runs runs;
  for (std::int64_t number = 1; number <= 100; ++number) {
    if (number % 2 == 0) {
      ask(runs, number);
    } else {
      ASSERT_TRUE(use(runs, number));
    }
  }
  for (std::int64_t number = 1; number <= 100; ++number) {
    const bool is_known = number >= 100 - kRunWindow;
    const Runs::Known known = number % 2 == 0 ? kDone : kNotDone;
    EXPECT_EQ(runs.find(request(number)), is_known ? known : kNothing) << number;
  }
}

// A run that leaves numbers out must not find its old bits under new numbers.
TEST(RunsTest, AWindowThatMovesByAnyNumberKeepsItsBitsInTheirPlaces) {
  for (std::int64_t by = 1; by <= kRunWindow + 2; ++by) {
    Runs runs;
    ask(runs, 1);
    ask(runs, 2);
    ASSERT_TRUE(use(runs, 2 + by));
    EXPECT_EQ(runs.find(request(2)), by <= kRunWindow ? kDone : kNothing) << by;
    EXPECT_EQ(runs.find(request(1)), by < kRunWindow ? kDone : kNothing) << by;
    EXPECT_EQ(runs.find(request(2 + by)), kNotDone) << by;
    if (by > 1) EXPECT_EQ(runs.find(request(1 + by)), kNotDone) << by;
  }
}

// After a crash only rows are left, which say what was done and never what was not.
TEST(RunsTest, AfterACrashNothingIsKnownAsNotDoneUntilTheRunAsksAnew) {
  Runs runs;
  ask(runs, 1);
  ASSERT_TRUE(use(runs, 2));
  runs.forget_not_done();
  EXPECT_EQ(runs.find(request(1)), kDone);
  EXPECT_EQ(runs.find(request(2)), kNothing);
  EXPECT_EQ(runs.find(request(3)), kNothing) << "it may have been done, and no row says so";
  ASSERT_TRUE(use(runs, 5));
  EXPECT_EQ(runs.find(request(5)), kNotDone);
  EXPECT_EQ(runs.find(request(6)), kNotDone);
  EXPECT_EQ(runs.find(request(4)), kNothing) << "for good";
  EXPECT_EQ(runs.find(request(1)), kDone);
}

TEST(RunsTest, ThirtyTwoRunsWithoutAConnectionAreRemembered) {
  Runs runs;
  const auto is_here = [](std::string_view run) { return run == name(0) || run == name(1); };
  for (std::size_t i = 0; i < kAwayRunsMax + 3; ++i) {
    ASSERT_TRUE(runs.use(request(1, name(i))));
    runs.note_done(request(1, name(i)));
  }
  EXPECT_EQ(runs.size(), kAwayRunsMax + 3) << "nothing is forgotten within a step";
  runs.trim(is_here);
  EXPECT_EQ(runs.size(), kAwayRunsMax + 2);
  EXPECT_EQ(runs.find(request(1, name(0))), kDone) << "it is connected";
  EXPECT_EQ(runs.find(request(1, name(2))), kNothing) << "it asked longest ago";
  EXPECT_EQ(runs.find(request(1, name(3))), kDone);
  ask(runs, 2, name(3));
  runs.note_closed();
  runs.trim(kNobody);
  EXPECT_EQ(runs.size(), kAwayRunsMax);
  EXPECT_EQ(runs.find(request(1, name(0))), kNothing) << "it has left, and asked longest ago";
  EXPECT_EQ(runs.find(request(2, name(3))), kDone) << "it asked last";
}

// They have to fit into one attachment, however many are connected.
TEST(RunsTest, NoMoreRunsAreRememberedThanFitIntoAnAttachment) {
  Runs runs;
  const auto everybody = [](std::string_view) { return true; };
  for (std::size_t i = 0; i <= kRunsMax; ++i) {
    ASSERT_TRUE(runs.use(request(1, name(i))));
  }
  runs.trim(everybody);
  EXPECT_EQ(runs.size(), kRunsMax);
  EXPECT_EQ(runs.find(request(1, name(0))), kNothing);
  EXPECT_EQ(runs.find(request(1, name(1))), kNotDone);
}

// A request of a run that was forgotten may have been done: to do it would be to do it twice.
TEST(RunsTest, OfARunThatWasForgottenNothingOlderIsEverKnownAgain) {
  Runs runs;
  ask(runs, 7);
  runs.forget_oldest();
  EXPECT_EQ(runs.find(request(7)), kNothing);
  EXPECT_EQ(runs.find(request(8)), kNothing);
  ask(runs, 9);
  EXPECT_EQ(runs.find(request(8)), kNothing);
  EXPECT_EQ(runs.find(request(10)), kNotDone);
}

TEST(RunsTest, EveryChangeIsAttachedAndNothingElse) {
  Runs runs;
  EXPECT_FALSE(runs.is_unattached());
  const auto is_change = [&](auto work) {
    runs.note_attached();
    work();
    return runs.is_unattached();
  };
  EXPECT_TRUE(is_change([&] { EXPECT_TRUE(use(runs, 1)); }));
  EXPECT_TRUE(is_change([&] { runs.note_done(request(1)); }));
  EXPECT_FALSE(is_change([&] { EXPECT_EQ(runs.find(request(1)), kDone); }));
  EXPECT_FALSE(is_change([&] { EXPECT_FALSE(use(runs, 1)); }));
  EXPECT_FALSE(is_change([&] { runs.trim(kNobody); }));
  EXPECT_TRUE(is_change([&] { runs.forget_oldest(); }));
}

TEST(RunsTest, TheyComeBackInTheOrderInWhichTheyWillBeForgotten) {
  Runs runs;
  for (std::size_t i = 0; i < 3; ++i) ask(runs, 1, name(i));
  ask(runs, 300, name(0));
  ASSERT_TRUE(use(runs, 302, name(0)));
  Runs other;
  ask(other, 1, name(9));
  ASSERT_TRUE(restore(other, encoded(runs)));
  EXPECT_EQ(encoded(other), encoded(runs));
  EXPECT_EQ(other.find(request(1, name(9))), kNothing);
  EXPECT_EQ(other.find(request(300, name(0))), kDone);
  EXPECT_EQ(other.find(request(301, name(0))), kNotDone);
  other.forget_oldest();
  EXPECT_EQ(other.find(request(1, name(1))), kNothing);
  EXPECT_EQ(other.find(request(300, name(0))), kDone);
}

TEST(RunsTest, ThatNothingIsKnownAsNotDoneComesBack) {
  Runs runs;
  ask(runs, 1);
  runs.forget_not_done();
  const Runs other = restored(encoded(runs));
  EXPECT_EQ(other.find(request(1)), kDone);
  EXPECT_EQ(other.find(request(2)), kNothing);
}

TEST(RunsTest, EveryTruncationIsRefused) {
  Runs runs;
  for (std::size_t i = 0; i < 2; ++i) ask(runs, 1, name(i));
  const std::string bytes = encoded(runs);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Runs other;
    EXPECT_FALSE(restore(other, bytes.substr(0, size))) << size << " bytes";
  }
  Runs other;
  EXPECT_FALSE(restore(other, std::string(4, '\xff'))) << "a count beyond the bytes";
}

TEST(RunsTest, WhatIsNeverWrittenIsRefused) {
  Runs runs;
  EXPECT_TRUE(restore(runs, one_run(kRun, 1, 1)));
  EXPECT_TRUE(restore(runs, one_run(std::string(kRunBytesMax, 'x'), 1, 1)));
  EXPECT_FALSE(restore(runs, one_run(std::string(kRunBytesMax + 1, 'x'), 1, 1)));
  EXPECT_FALSE(restore(runs, one_run(kRun, 0, 1))) << "a run that has asked nothing";
  EXPECT_FALSE(restore(runs, one_run(kRun, kSafeIntegerMax + 1, 1)));
  std::string many;
  append_u32(many, kRunsMax + 1);
  for (std::size_t i = 0; i <= kRunsMax; ++i) many += one_run(name(i), 1, 1).substr(4);
  EXPECT_FALSE(restore(runs, many));
}

}  // namespace
}  // namespace user_session
