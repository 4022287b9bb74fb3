// The sequence as it is stored and attached, and the names of its epochs.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "digest.h"
#include "format/bytes.h"
#include "limits.h"
#include "sequence_world.h"
#include "state/sequence.h"

namespace user_session {
namespace {

// A name that comes twice would let a device go on in a history that a restore has undone.
TEST(SequenceBytesTest, NoEpochHasTheNameOfAnother) {
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

TEST(SequenceBytesTest, InTheSameMillisecondTwoInstancesNameTheirEpochsByTheirRandomness) {
  std::set<std::int64_t> names;
  for (std::int64_t seed = 0; seed < 20; ++seed) {
    Sequence sequence;
    sequence.seed(seed);
    sequence.note_request(1'795'383'198'465);
    names.insert(sequence.head().epoch);
  }
  EXPECT_EQ(names.size(), 20U);
}

TEST(SequenceBytesTest, WhileADeviceIsMissingMoreFramesAreAttached) {
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

TEST(SequenceBytesTest, WhatIsAttachedFitsIntoWhatThereIs) {
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
TEST(SequenceBytesTest, OfDamagedBytesNothingIsLeft) {
  World world;
  const Position place = world.connect(1);
  world.send("a");
  std::string row = world.row;
  std::fill(row.end() - 32, row.end() - 24, '\xff');
  Sequence sequence;
  ByteReader reader(row);
  ASSERT_FALSE(sequence.restore_row(reader));
  sequence.forget_damaged();
  EXPECT_TRUE(sequence.finish_restoring(false));
  EXPECT_FALSE(sequence.reaches(place));
  EXPECT_EQ(sequence.journal().last(), 0);
  EXPECT_FALSE(sequence.is_known());
}

TEST(SequenceBytesTest, EveryTruncationBeforeTheNewestFieldsIsRefused) {
  World world;
  world.connect(1);
  world.connect(2);
  world.leave(2);
  world.send("a");
  std::string attached;
  world.sequence.encode_attached(world.now, kJournalAttachedBytesMax, attached);
  constexpr std::size_t kMissingBytes = sizeof(Digest) + 8;
  // The row has the time and the missing devices at its end; one is missing.
  const std::size_t missing_at = world.row.size() - 4 - kMissingBytes;
  const std::size_t time_at = missing_at - 8;
  for (std::size_t size = 0; size < world.row.size(); ++size) {
    Sequence sequence;
    ByteReader reader(std::string_view(world.row).substr(0, size));
    EXPECT_EQ(sequence.restore_row(reader), size == missing_at || size == time_at)
        << size << " bytes";
  }
  const std::size_t attached_end = attached.size() - 4 - kMissingBytes;
  for (std::size_t size = 0; size < attached.size(); ++size) {
    Sequence sequence;
    ByteReader reader(std::string_view(attached).substr(0, size));
    EXPECT_EQ(sequence.restore_attached(reader), size == attached_end) << size << " bytes";
  }
}

}  // namespace
}  // namespace user_session
