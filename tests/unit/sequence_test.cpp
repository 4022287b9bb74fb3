#include "state/sequence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "format/bytes.h"
#include "limits.h"

namespace user_session {
namespace {

// A session in small: connections, the sequence, its row and the carrier's attachment.
class World {
 public:
  World() { sequence.seed(seed_); }

  // Each is one step.
  Position connect(ConnectionId id, ProtocolVersion version = ProtocolVersion::kVersion2) {
    const bool was_anyone_here = connections.count() > 0;
    connections.open(id, std::to_string(id), version);
    if (version == ProtocolVersion::kVersion2) {
      sequence.note_connected(now);
      sequence.note_told();
    }
    finish(was_anyone_here);
    return sequence.head();
  }
  void leave(ConnectionId id) {
    if (connections[id].version == ProtocolVersion::kVersion2) {
      sequence.note_gone(std::to_string(id), now);
    }
    connections.close(id);
    finish(true);
  }
  // Returns the frame as version 2 gets it.
  std::string send(std::string_view type) {
    const bool is_anyone_here = connections.count() > 0;
    std::string frame = R"({"type":")" + std::string(type) + R"("})";
    sequence.count_frame(frame, now, connections);
    if (connections.v2_count() > 0) sequence.stamp(frame);
    finish(is_anyone_here);
    return frame;
  }
  void ask() {
    sequence.note_request(now);
    finish(true);
  }
  void clear() {
    const bool is_anyone_here = connections.count() > 0;
    sequence.clear(now, connections);
    finish(is_anyone_here);
  }
  // A new instance with the sockets that were open. Returns true if an epoch was cut short.
  bool sleep() { return wake(connections.count() > 0); }
  // The carrier's attachment can't be read, or all sockets are gone.
  bool lose_attachment() { return wake(false); }
  bool crash() {
    connections = Connections();
    return wake(false);
  }

  // What a device with this place is brought, or "reset".
  std::vector<std::string> brought(Position since) {
    if (!sequence.reaches(since)) return {"reset"};
    std::vector<std::string> lines;
    for (const Journal::Missed& one : sequence.journal().missed(since.seq, {})) {
      lines.push_back(std::to_string(one.seq) + ' ' + one.frame);
    }
    return lines;
  }

  Sequence sequence;
  Connections connections;
  TimeMs now = 1'000'000;
  int rows = 0;
  std::string row;

 private:
  void finish(bool was_anyone_here) {
    if (connections.v2_count() > 0) sequence.note_seen(now);
    sequence.finish_step(connections.count() > 0, was_anyone_here);
    if (sequence.is_unstored()) {
      row.clear();
      sequence.encode_row(row);
      sequence.note_stored();
      ++rows;
    }
    if (connections.count() == 0) return;
    attachment_.clear();
    sequence.encode_attached(now, kJournalAttachedBytesMax, attachment_);
    sequence.note_attached();
  }
  bool wake(bool is_carried) {
    sequence = Sequence();
    sequence.seed(++seed_);
    if (!row.empty()) {
      ByteReader reader(row);
      EXPECT_TRUE(sequence.restore_row(reader) && reader.finished());
    }
    if (is_carried) {
      ByteReader reader(attachment_);
      EXPECT_TRUE(sequence.restore_attached(reader) && reader.finished());
    }
    const bool is_cut_short = sequence.finish_restoring(is_carried);
    finish(false);
    return is_cut_short;
  }

  std::int64_t seed_ = 0;
  std::string attachment_;
};

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
  EXPECT_EQ(world.brought(first), (Lines{R"(1 {"type":"a"})", R"(2 {"type":"b"})", R"(3 {"type":"c"})"}));
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

// What is worse than a reset is none: a device that goes on where frames are missing.
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

// A name that comes twice would let a device go on in a history that a restore has undone.
TEST(SequenceTest, NoEpochHasTheNameOfAnother) {
  std::set<std::int64_t> names;
  std::size_t count = 0;
  for (std::int64_t seed = 0; seed < 100; ++seed) {
    Sequence sequence;
    sequence.seed(seed);
    Connections connections;
    for (TimeMs now = 1'795'383'198'465; now < 1'795'383'198'475; ++now) {
      sequence.clear(now + (seed * 10), connections);
      sequence.note_connected(now + (seed * 10));
      sequence.finish_step(false, true);
      names.insert(sequence.head().epoch);
      ++count;
      sequence.clear(now, connections);
    }
  }
  EXPECT_EQ(names.size(), count);
  EXPECT_GT(*names.begin(), 0);
  EXPECT_LE(*names.rbegin(), kSafeIntegerMax);
}

TEST(SequenceTest, InTheSameMillisecondTwoInstancesNameTheirEpochsByTheirRandomness) {
  std::set<std::int64_t> names;
  for (std::int64_t seed = 0; seed < 20; ++seed) {
    Sequence sequence;
    sequence.seed(seed);
    sequence.note_request(1'795'383'198'465);
    names.insert(sequence.head().epoch);
  }
  EXPECT_EQ(names.size(), 20U);
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

TEST(SequenceTest, WhileADeviceIsMissingMoreFramesAreAttached) {
  World world;
  world.connect(1);
  world.connect(2);
  const auto attached = [&] {
    std::string bytes;
    world.sequence.encode_attached(world.now, kJournalAttachedBytesMax, bytes);
    return bytes.size();
  };
  for (int i = 0; i < 50; ++i) world.send(std::string(100, 'x'));
  EXPECT_LT(attached(), 2 * kJournalRecentBytesMax);
  world.leave(2);
  EXPECT_GT(attached(), 5'000U);
  world.now += kAwaitedMs + 1;
  EXPECT_LT(attached(), 2 * kJournalRecentBytesMax) << "it is not expected any more";
  world.now -= kAwaitedMs + 1;
  world.sequence.note_back("2");
  EXPECT_LT(attached(), 2 * kJournalRecentBytesMax) << "it is back";
}

TEST(SequenceTest, WhatIsAttachedFitsIntoWhatThereIs) {
  World world;
  for (ConnectionId id = 0; id < 20; ++id) world.connect(id);
  for (ConnectionId id = 1; id < 20; ++id) world.leave(id);
  for (int i = 0; i < 50; ++i) world.send(std::string(300, 'x'));
  for (const std::size_t bytes_max : {300U, 600U, 1'200U, 5'000U, 20'000U}) {
    std::string bytes = "before";
    world.sequence.encode_attached(world.now, bytes_max, bytes);
    EXPECT_LE(bytes.size(), bytes_max + 6) << bytes_max;
    Sequence other;
    ByteReader reader(std::string_view(bytes).substr(6));
    EXPECT_TRUE(other.restore_attached(reader) && reader.finished()) << bytes_max;
    EXPECT_EQ(other.head(), world.sequence.head());
  }
}

// The numbers begin anew, since those that were read may be any.
TEST(SequenceTest, OfDamagedBytesNothingIsLeft) {
  World world;
  const Position place = world.connect(1);
  world.send("a");
  std::string row = world.row;
  std::fill(row.end() - 32, row.end() - 24, '\x80');
  Sequence sequence;
  ByteReader reader(row);
  ASSERT_FALSE(sequence.restore_row(reader));
  sequence.forget_damaged();
  EXPECT_TRUE(sequence.finish_restoring(false));
  EXPECT_FALSE(sequence.reaches(place));
  EXPECT_EQ(sequence.journal().last(), 0);
  EXPECT_FALSE(sequence.is_known());
}

TEST(SequenceTest, EveryTruncationBeforeTheNewestFieldsIsRefused) {
  World world;
  world.connect(1);
  world.connect(2);
  world.leave(2);
  world.send("a");
  std::string attached;
  world.sequence.encode_attached(world.now, kJournalAttachedBytesMax, attached);
  // The row has the time and the missing devices at its end; one is missing.
  const std::size_t missing_at = world.row.size() - 4 - 16;
  const std::size_t time_at = missing_at - 8;
  for (std::size_t size = 0; size < world.row.size(); ++size) {
    Sequence sequence;
    ByteReader reader(std::string_view(world.row).substr(0, size));
    EXPECT_EQ(sequence.restore_row(reader), size == missing_at || size == time_at)
        << size << " bytes";
  }
  const std::size_t attached_end = attached.size() - 4 - 16;
  for (std::size_t size = 0; size < attached.size(); ++size) {
    Sequence sequence;
    ByteReader reader(std::string_view(attached).substr(0, size));
    EXPECT_EQ(sequence.restore_attached(reader), size == attached_end) << size << " bytes";
  }
}

}  // namespace
}  // namespace user_session
