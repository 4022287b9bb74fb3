#include "state/sequence.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "limits.h"
#include "sequence_world.h"

namespace user_session {
namespace {

using Lines = std::vector<std::string>;

const Lines kReset = {"reset"};

TEST(SequenceTest, TheFirstDeviceGetsAPlaceOfAnEpochThatIsComplete) {
  World world;
  EXPECT_FALSE(world.sequence.is_known());
  EXPECT_EQ(world.sequence.head(), Position{});
  const Position place = world.connect(1);
  EXPECT_GT(place.epoch, 0);
  EXPECT_EQ(place.seq, 0);
  EXPECT_EQ(world.rows, 1);
  EXPECT_EQ(world.connect(2), place) << "nothing was sent since";
  EXPECT_EQ(world.rows, 1);
  EXPECT_FALSE(world.crash()) << "nothing was lost";
  EXPECT_EQ(world.brought(place), Lines{});
}

// Who is told no epoch, or the wrong one, is reset without a reason or, worse, is not.
TEST(SequenceTest, TheFirstFrameOfAnEpochTellsItsName) {
  World world;
  const Position first = world.connect(1);
  const std::string frame = world.send("a");
  const Position second = world.sequence.head();
  EXPECT_NE(second.epoch, first.epoch);
  EXPECT_EQ(frame, R"({"type":"a","seq":1,"epoch":)" + std::to_string(second.epoch) + '}');
  EXPECT_EQ(world.send("b"), R"({"type":"b","seq":2})");
  EXPECT_FALSE(world.sleep());
  EXPECT_EQ(world.send("c"), R"({"type":"c","seq":3})") << "the sockets carry it through a sleep";
  EXPECT_EQ(world.brought(first),
            (Lines{R"(1 {"type":"a"})", R"(2 {"type":"b"})", R"(3 {"type":"c"})"}));
}

TEST(SequenceTest, ARequestBeginsAnEpochThatTheNextFrameTells) {
  World world;
  const Position first = world.connect(1);
  world.ask();
  EXPECT_EQ(world.rows, 2);
  world.ask();
  EXPECT_EQ(world.rows, 2);
  const Position open = world.sequence.head();
  EXPECT_NE(open.epoch, first.epoch);
  EXPECT_EQ(open.seq, 0);
  EXPECT_FALSE(world.sleep());
  EXPECT_TRUE(world.send("a").ends_with(R"("epoch":)" + std::to_string(open.epoch) + '}'));
  EXPECT_EQ(world.rows, 2);
}

TEST(SequenceTest, AFrameThatOnlyVersion1GetsDoesNotTellTheEpoch) {
  World world;
  world.connect(1);
  world.connect(2, ProtocolVersion::kVersion1);
  world.leave(1);
  EXPECT_EQ(world.send("a"), R"({"type":"a"})");
  world.connect(1);
  EXPECT_NE(world.send("b").find(R"("seq":2,"epoch":)"), std::string::npos);
}

TEST(SequenceTest, WhenTheLastHasLeftARowHasAllAndNumbersGoOn) {
  World world;
  const Position first = world.connect(1);
  world.send("a");
  const Position last = world.sequence.head();
  world.leave(1);
  EXPECT_EQ(world.rows, 3) << "one for the place, one for the begin, one for the end";
  EXPECT_FALSE(world.crash());
  EXPECT_EQ(world.brought(first), Lines{R"(1 {"type":"a"})"});
  EXPECT_EQ(world.brought(last), Lines{});
  EXPECT_EQ(world.brought({.epoch = last.epoch, .seq = 2}), kReset) << "a number of the future";
  EXPECT_EQ(world.brought({.epoch = last.epoch + 1, .seq = 1}), kReset) << "another epoch";
  EXPECT_EQ(world.brought({.epoch = Position::kUnknown, .seq = 0}), kReset);
  world.connect(1);
  EXPECT_TRUE(world.send("b").starts_with(R"({"type":"b","seq":2,"epoch":)"));
}

TEST(SequenceTest, AVisitWithoutNewsWritesNothing) {
  World world;
  world.connect(1);
  world.leave(1);
  const int rows = world.rows;
  for (int i = 0; i < 3; ++i) {
    world.connect(1);
    world.leave(1);
    EXPECT_FALSE(world.crash());
  }
  EXPECT_EQ(world.rows, rows);
}

// Worse than a reset is none: a device goes on where frames are missing.
TEST(SequenceTest, ACrashResetsEverybodyOnce) {
  World world;
  const Position first = world.connect(1);
  world.send("a");
  const Position lost = world.sequence.head();
  EXPECT_TRUE(world.crash());
  EXPECT_EQ(world.brought(first), kReset) << "the frame that followed is lost";
  EXPECT_EQ(world.brought(lost), kReset);
  EXPECT_TRUE(world.crash()) << "no row says yet that it is over";
  const Position next = world.connect(1);
  EXPECT_FALSE(world.crash());
  EXPECT_EQ(world.brought(next), Lines{});
  EXPECT_EQ(world.brought(lost), kReset);
}

TEST(SequenceTest, WithoutTheCarriersAttachmentAnEpochIsCutShortForThoseWhoStay) {
  World world;
  world.connect(1);
  world.send("a");
  const Position lost = world.sequence.head();
  EXPECT_TRUE(world.lose_attachment());
  EXPECT_EQ(world.brought(lost), kReset);
  const std::string frame = world.send("b");
  EXPECT_NE(frame.find(R"("epoch":)"), std::string::npos) << "who stays is told the new epoch";
  EXPECT_EQ(world.brought(lost), kReset);
  EXPECT_FALSE(world.sleep());
}

TEST(SequenceTest, SixteenCompleteEpochsAreKnown) {
  World world;
  std::vector<Position> places = {world.connect(1)};
  for (std::size_t i = 0; i < kEpochsMax; ++i) {
    world.send("x");
    places.push_back(world.sequence.head());
    world.leave(1);
    world.connect(1);
  }
  EXPECT_EQ(world.brought(places[0]), kReset);
  for (std::size_t i = 1; i < places.size(); ++i) {
    EXPECT_EQ(world.brought(places[i]).size(), places.size() - 1 - i) << i;
  }
  // A number beyond an epoch's last belongs to nobody, though a later epoch has it.
  EXPECT_EQ(world.brought({.epoch = places[5].epoch, .seq = places[5].seq + 1}), kReset);
}

TEST(SequenceTest, APlaceIsGoodWhileTheFramesAfterItAreKept) {
  World world;
  const Position place = world.connect(1);
  for (std::size_t i = 0; i < kJournalFramesMax; ++i) world.send("x");
  EXPECT_EQ(world.brought(place).size(), kJournalFramesMax);
  world.send("y");
  EXPECT_EQ(world.brought(place), kReset);
}

// A row for each push to an empty room would fill the list of epochs, and forget places.
TEST(SequenceTest, APushToNobodyIsAnEpochOfItsOwnThatTheNextOneTakesOver) {
  World world;
  const Position place = world.connect(1);
  world.leave(1);
  int rows = world.rows;
  std::vector<Position> alone;
  for (std::size_t i = 0; i < kEpochsMax + 4; ++i) {
    world.send("push");
    alone.push_back(world.sequence.head());
    EXPECT_EQ(world.rows, ++rows) << "one row, whole";
    EXPECT_FALSE(world.crash());
  }
  EXPECT_EQ(world.brought(place).size(), kEpochsMax + 4) << "the place before them is still known";
  EXPECT_EQ(world.brought(alone[0]), kReset) << "it was taken over: nobody was told it";
  EXPECT_EQ(world.brought(alone.back()), Lines{});
}

TEST(SequenceTest, AnEpochThatADeviceWasToldIsNotTakenOver) {
  World world;
  world.connect(1);
  world.leave(1);
  world.send("push");
  const Position told = world.connect(1);
  const int rows = world.rows;
  world.leave(1);
  EXPECT_EQ(world.rows, rows + 1) << "that it was told is news, once";
  EXPECT_FALSE(world.crash());
  world.send("push");
  EXPECT_EQ(world.brought(told).size(), 1U);
  const int after_push = world.rows;
  world.connect(1);
  world.leave(1);
  world.connect(1);
  world.leave(1);
  EXPECT_EQ(world.rows, after_push + 1);
}

// If no row says that it was told, the next push takes it over; a device that was is then reset.
TEST(SequenceTest, ThatAnEpochWasToldMayBeLostInACrash) {
  World world;
  world.connect(1);
  world.leave(1);
  world.send("push");
  const Position told = world.connect(1);
  EXPECT_FALSE(world.crash());
  EXPECT_EQ(world.brought(told), Lines{}) << "no frame was lost";
  world.send("push");
  EXPECT_EQ(world.brought(told), kReset);
}

TEST(SequenceTest, ItIsCountedWhileADeviceOfVersion2MayComeBack) {
  World world;
  const Position place = world.connect(1);
  world.connect(2, ProtocolVersion::kVersion1);
  world.leave(1);
  const int rows = world.rows;
  world.now += kAwaitedMs;
  world.send("a");
  EXPECT_EQ(world.rows, rows + 1) << "the epoch has begun";
  EXPECT_EQ(world.brought(place).size(), 1U);
  ++world.now;
  world.send("b");
  EXPECT_EQ(world.rows, rows + 2) << "all places are forgotten";
  EXPECT_FALSE(world.sequence.is_known());
  EXPECT_EQ(world.brought(place), kReset);
  for (int i = 0; i < 3; ++i) world.send("c");
  world.leave(2);
  EXPECT_EQ(world.rows, rows + 2) << "version 1 alone pays no row";
  EXPECT_FALSE(world.crash());
  EXPECT_EQ(world.brought(place), kReset) << "also after a crash";
}

TEST(SequenceTest, Version1AloneIsNeverCountedWhateverTheTime) {
  for (const TimeMs now : {TimeMs{-5'000}, TimeMs{0}, TimeMs{1}, TimeMs{1'000'000}}) {
    World world;
    world.now = now;
    world.connect(1, ProtocolVersion::kVersion1);
    for (int i = 0; i < 3; ++i) world.send("a");
    world.clear();
    world.leave(1);
    world.send("a");
    EXPECT_EQ(world.rows, 0) << now;
    EXPECT_FALSE(world.sequence.is_known()) << now;
  }
}

TEST(SequenceTest, AfterUncountedFramesADeviceGetsANewPlaceWithGreaterNumbers) {
  World world;
  world.connect(1);
  world.send("a");
  world.leave(1);
  world.now += kAwaitedMs + 1;
  world.send("b");
  const int rows = world.rows;
  EXPECT_EQ(world.connect(1).seq, 1);
  EXPECT_EQ(world.rows, rows + 1);
  EXPECT_TRUE(world.send("c").starts_with(R"({"type":"c","seq":2,"epoch":)"));
}

// Who comes back to a place from before has data that is erased.
TEST(SequenceTest, AfterAClearEveryPlaceBeforeIsAReset) {
  World world;
  const Position first = world.connect(1);
  world.send("a");
  const Position before = world.sequence.head();
  world.clear();
  const Position cleared = world.sequence.head();
  EXPECT_EQ(cleared.seq, 2) << "numbers go on; the `state` has the next";
  EXPECT_EQ(world.brought(first), kReset);
  EXPECT_EQ(world.brought(before), kReset);
  EXPECT_EQ(world.brought(cleared), Lines{});
  EXPECT_EQ(world.send("b"), R"({"type":"b","seq":3})") << "the `state` has told the epoch";
  EXPECT_EQ(world.brought(cleared), Lines{R"(3 {"type":"b"})"});
  EXPECT_TRUE(world.crash()) << "it is not complete";
}

TEST(SequenceTest, AClearWithNobodyThereKeepsTheLastNumberAndNoPlace) {
  World world;
  world.connect(1);
  world.send("a");
  const Position before = world.sequence.head();
  world.leave(1);
  world.clear();
  EXPECT_FALSE(world.crash());
  EXPECT_EQ(world.brought(before), kReset);
  EXPECT_EQ(world.connect(1).seq, 2);
}

TEST(SequenceTest, ARestoredBackupResumesNobodyOnWhatIsUndone) {
  World world;
  world.connect(1);
  for (int i = 0; i < 3; ++i) world.send("x");
  world.leave(1);
  const Position saved = world.sequence.head();
  const std::string backup = world.row;
  world.connect(1);
  for (int i = 0; i < 4; ++i) world.send("undone");
  const Position undone = world.sequence.head();
  world.leave(1);
  world.row = backup;
  EXPECT_FALSE(world.crash());
  world.connect(2);
  for (int i = 0; i < 8; ++i) world.send("new");
  EXPECT_EQ(world.sequence.head().seq, 11);
  EXPECT_EQ(undone.seq, 7);
  EXPECT_EQ(world.brought(undone), kReset) << "7 is another frame now";
  EXPECT_EQ(world.brought(saved).size(), 8U) << "it has seen nothing that is undone";
}

}  // namespace
}  // namespace user_session
