#include "state/journal.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "format/bytes.h"
#include "json/frame.h"
#include "limits.h"

namespace user_session {
namespace {

using Games = std::vector<std::string>;

Journal running() {
  Journal journal;
  journal.begin(1000);
  return journal;
}

std::string encoded(const Journal& journal, std::size_t bytes_max = kJournalStoredBytesMax) {
  std::string bytes;
  journal.encode(bytes_max, bytes);
  return bytes;
}

std::string recent_of(const Journal& journal) {
  std::string bytes;
  journal.encode_recent(bytes);
  return bytes;
}

bool restore(Journal& journal, std::string_view bytes) {
  ByteReader reader(bytes);
  return journal.restore(reader) && reader.finished();
}

Journal restored(std::string_view bytes) {
  Journal journal;
  EXPECT_TRUE(restore(journal, bytes));
  return journal;
}

// What followed a number, as lines.
std::vector<std::string> missed(const Journal& journal, std::int64_t seq, const Games& games = {}) {
  std::vector<std::string> lines;
  for (const Journal::Missed& one :
       journal.missed({.epoch = journal.head().epoch, .seq = seq}, games)) {
    lines.push_back(std::to_string(one.seq) + ' ' + one.frame);
  }
  return lines;
}

bool reaches(const Journal& journal, std::int64_t seq) {
  return journal.reaches({.epoch = journal.head().epoch, .seq = seq});
}

// Games that change as a session's do, with the frames that were sent.
class Player {
 public:
  Player() { journal.begin(1000); }

  void join(const std::string& game) {
    games.push_back(game);
    write_game_joined(frame_, game, list());
    journal.add_joined(game, frame_.size());
    note();
  }
  void leave(std::size_t place) {
    const std::string game = games[place];
    games.erase(games.begin() + static_cast<std::ptrdiff_t>(place));
    write_game_left(frame_, game, list());
    journal.add_left(game, place, frame_.size());
    note();
  }
  void say(std::string_view frame) {
    frame_ = frame;
    journal.add_frame(frame);
    note();
  }

  Journal journal;
  Games games;
  std::vector<std::string> sent;

 private:
  std::string list() {
    std::string json;
    write_games(json, games);
    return json;
  }
  void note() { sent.push_back(std::to_string(journal.head().seq) + ' ' + frame_); }

  std::string frame_;
};

TEST(JournalTest, EveryFrameTakesTheNextNumberAlsoOneThatIsNotKept) {
  Journal journal = running();
  EXPECT_EQ(journal.head(), (Position{.epoch = 1000, .seq = 0}));
  journal.add_frame("a");
  journal.skip();
  journal.add_joined("g", 10);
  journal.add_left("g", 0, 10);
  EXPECT_EQ(journal.head(), (Position{.epoch = 1000, .seq = 4}));
  EXPECT_EQ(missed(journal, 0).size(), 3U);
  EXPECT_EQ(missed(journal, 0)[0], "1 a");
}

// A device that comes with a number of the future, or of another epoch, has seen what nobody knows.
TEST(JournalTest, ItReachesOnlyWhatItHasAllOf) {
  Journal journal = running();
  for (int i = 0; i < 3; ++i) journal.add_frame("x");
  for (const std::int64_t seq : {0, 1, 2, 3}) EXPECT_TRUE(reaches(journal, seq)) << seq;
  for (const std::int64_t seq : {-1, 4}) EXPECT_FALSE(reaches(journal, seq)) << seq;
  EXPECT_FALSE(journal.reaches({.epoch = 999, .seq = 2}));
  EXPECT_FALSE(journal.reaches({.epoch = 1001, .seq = 2}));
  EXPECT_FALSE(journal.reaches({}));
  EXPECT_EQ(missed(journal, 3), std::vector<std::string>{});
  EXPECT_EQ(missed(journal, 1), (std::vector<std::string>{"2 x", "3 x"}));
  journal.stop();
  EXPECT_FALSE(reaches(journal, 3)) << "what came since the stop is not known";
}

// Were an epoch begun twice, a device would take the numbers of one for those of the other.
TEST(JournalTest, ANewEpochIsUnlikeAllBeforeAlsoWhenTheClockWasSetBack) {
  Journal journal = running();
  journal.add_frame("x");
  journal.begin(500);
  EXPECT_EQ(journal.head(), (Position{.epoch = 1001, .seq = 0}));
  EXPECT_TRUE(journal.is_running());
  EXPECT_EQ(missed(journal, 0), std::vector<std::string>{});
  journal.begin(2000);
  EXPECT_EQ(journal.head().epoch, 2000);
}

TEST(JournalTest, TheOldestFramesGoWhenThereAreTooMany) {
  Journal journal = running();
  for (std::size_t i = 0; i < kJournalFramesMax; ++i) journal.add_frame("x");
  EXPECT_TRUE(reaches(journal, 0));
  journal.skip();
  EXPECT_TRUE(reaches(journal, 0)) << "what is not kept takes no place";
  journal.add_frame("y");
  EXPECT_FALSE(reaches(journal, 0));
  EXPECT_TRUE(reaches(journal, 1));
  EXPECT_EQ(missed(journal, 1).size(), kJournalFramesMax);
  EXPECT_EQ(journal.reach().seq, 1);
}

// It bounds the memory that a journal takes, and what a device that comes back is sent.
TEST(JournalTest, TheOldestFramesGoWhenTheyAreTooLarge) {
  Journal journal = running();
  const std::string frame(kFrameBytesMax, 'x');
  for (int i = 0; i < 4; ++i) journal.add_frame(frame);
  EXPECT_TRUE(reaches(journal, 0)) << "exactly as much as there may be";
  journal.add_frame("y");
  EXPECT_FALSE(reaches(journal, 0));
  EXPECT_TRUE(reaches(journal, 1));
  journal.add_joined("g", kJournalBytesMax);
  EXPECT_FALSE(reaches(journal, 4)) << "a change of games counts with the list that was sent";
  EXPECT_TRUE(reaches(journal, 5));
}

TEST(JournalTest, AFrameThatFitsNowhereIsCountedAndNotReached) {
  Journal journal = running();
  journal.add_frame(std::string(kJournalBytesMax + 1, 'x'));
  EXPECT_EQ(journal.head().seq, 1);
  EXPECT_FALSE(reaches(journal, 0));
  EXPECT_TRUE(reaches(journal, 1));
  journal.add_frame("y");
  EXPECT_EQ(missed(journal, 1), std::vector<std::string>{"2 y"});
}

// Were a list rebuilt wrongly, a device would show games that the user has left.
TEST(JournalTest, ChangesOfGamesAreToldWithTheListsOfTheirTime) {
  Player player;
  player.join("a");
  player.join("b");
  player.join("c");
  player.leave(1);
  player.say("between");
  player.join("b");
  player.leave(0);
  player.leave(1);
  player.join("\"quoted\"");
  player.leave(0);
  player.leave(0);
  player.join("d");
  for (std::size_t seq = 0; seq <= player.sent.size(); ++seq) {
    const std::vector<std::string> rest(player.sent.begin() + static_cast<std::ptrdiff_t>(seq),
                                        player.sent.end());
    EXPECT_EQ(missed(player.journal, static_cast<std::int64_t>(seq), player.games), rest) << seq;
  }
}

TEST(JournalTest, AllOfItComesBackFromItsBytes) {
  Player player;
  player.join("a");
  player.journal.skip();
  player.join("b");
  player.leave(0);
  player.say("{\"x\":1}");
  const Journal journal = restored(encoded(player.journal));
  EXPECT_TRUE(journal.is_running());
  EXPECT_EQ(journal.head(), player.journal.head());
  EXPECT_EQ(missed(journal, 0, player.games), player.sent);
  player.journal.stop();
  EXPECT_FALSE(restored(encoded(player.journal)).is_running());
}

TEST(JournalTest, WhatIsStoredOfItIsTheNewestThatFits) {
  Journal journal = running();
  const std::string frame(1'000, 'x');
  for (int i = 0; i < 100; ++i) journal.add_frame(frame);
  for (const std::size_t bytes_max : {std::size_t{0}, std::size_t{999}, kJournalStoredBytesMax}) {
    const std::string bytes = encoded(journal, bytes_max);
    EXPECT_LE(bytes.size(), bytes_max + 50);
    const Journal other = restored(bytes);
    EXPECT_EQ(other.head(), journal.head());
    const std::int64_t kept = 100 - other.reach().seq;
    EXPECT_EQ(kept, static_cast<std::int64_t>(bytes_max / 1'009)) << bytes_max;
    EXPECT_EQ(missed(other, other.reach().seq), missed(journal, other.reach().seq));
  }
}

TEST(JournalTest, ItsRecentPartStaysSmallAndIsContiguous) {
  Journal journal = running();
  for (int i = 0; i < 1'000; ++i) {
    const auto size = static_cast<std::size_t>(i) * 37 % (kJournalRecentBytesMax - 50);
    journal.add_frame(std::string(size, 'x'));
    if (i % 5 == 0) journal.skip();
    const std::string bytes = recent_of(journal);
    ASSERT_LE(bytes.size(), kJournalRecentBytesMax + 50);
    const Journal other = restored(bytes);
    ASSERT_EQ(other.head(), journal.head());
    ASSERT_GT(other.head().seq, other.reach().seq);
    ASSERT_EQ(missed(other, other.reach().seq), missed(journal, other.reach().seq));
  }
}

// It counts on where it was, and forgets as it would have.
TEST(JournalTest, ARestoredOneGoesOnAsIfNothingHadHappened) {
  Journal journal = running();
  for (int i = 0; i < 200; ++i) journal.add_frame(std::string(50, 'a'));
  Journal other = restored(encoded(journal, kJournalBytesMax));
  for (int i = 0; i < 100; ++i) {
    journal.add_frame(std::string(3'000, 'b'));
    other.add_frame(std::string(3'000, 'b'));
    ASSERT_EQ(other.head(), journal.head());
    ASSERT_EQ(other.reach(), journal.reach());
    ASSERT_EQ(recent_of(other), recent_of(journal));
  }
}

TEST(JournalTest, OfSeveralTheFurthestCounts) {
  Journal one = running();
  one.add_frame("1");
  const std::string early = encoded(one);
  one.add_frame("2");
  const std::string late = encoded(one);
  one.begin(1);
  const std::string next_epoch = encoded(one);
  for (const auto& [first, second, expected] :
       {std::tuple(early, late, late), std::tuple(late, early, late),
        std::tuple(late, next_epoch, next_epoch), std::tuple(next_epoch, late, next_epoch)}) {
    Journal journal = restored(first);
    EXPECT_TRUE(restore(journal, second));
    EXPECT_EQ(encoded(journal), expected);
  }
}

// An attachment from before the stop would have it count on, as if nothing had been sent since.
TEST(JournalTest, WhatHasStoppedIsNotStartedByWhatStillRanAtThatPlace) {
  Journal journal = running();
  journal.add_frame("x");
  const std::string before = encoded(journal);
  journal.stop();
  const std::string after = encoded(journal);
  EXPECT_TRUE(restore(journal, before));
  EXPECT_FALSE(journal.is_running());
  Journal other = restored(before);
  EXPECT_TRUE(restore(other, after));
  EXPECT_FALSE(other.is_running());
}

// A journal that takes half of something would skip frames in silence.
TEST(JournalTest, EveryTruncationIsRefusedAndChangesNothing) {
  Player player;
  player.join("a");
  player.say("frame");
  player.leave(0);
  const std::string bytes = encoded(player.journal);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Journal journal = running();
    journal.add_frame("own");
    const std::string before = encoded(journal);
    EXPECT_FALSE(restore(journal, bytes.substr(0, size))) << size << " bytes";
    EXPECT_EQ(encoded(journal), before) << size << " bytes";
  }
}

struct Stored {
  std::int64_t epoch = 1000;
  std::uint8_t is_running = 1;
  std::int64_t seq = 5;
  std::int64_t reach = 3;
  std::string records = {};
};

std::string record(std::uint8_t kind, std::uint64_t seq, std::uint64_t size, std::uint64_t place) {
  std::string bytes;
  append_u8(bytes, kind);
  append_varint(bytes, seq);
  append_varint(bytes, size);
  append_varint(bytes, place);
  append_text(bytes, "g");
  return bytes;
}

bool is_taken(const Stored& stored) {
  std::string bytes;
  append_i64(bytes, stored.epoch);
  append_i64(bytes, stored.seq);
  append_u8(bytes, stored.is_running);
  append_i64(bytes, stored.reach);
  append_text(bytes, stored.records);
  Journal journal;
  const bool is_restored = restore(journal, bytes);
  EXPECT_EQ(is_restored, journal.head().epoch != 0);
  return is_restored;
}

TEST(JournalTest, WhatNoJournalHasWrittenIsRefused) {
  EXPECT_TRUE(is_taken({.records = record(1, 4, 1, 0) + record(2, 5, 9, 0)}));
  EXPECT_TRUE(is_taken({.records = record(3, 5, kJournalBytesMax, kActiveGamesMax - 1)}));
  EXPECT_TRUE(is_taken({.records = record(3, 4, 1, kActiveGamesMax)}))
      << "the list that an earlier server left may be longer";
  EXPECT_TRUE(is_taken({.seq = 3}));
  for (const std::uint8_t kind : std::initializer_list<std::uint8_t>{0, 4, 255}) {
    EXPECT_FALSE(is_taken({.records = record(kind, 4, 1, 0)})) << static_cast<int>(kind);
  }
  EXPECT_FALSE(is_taken({.records = record(1, 3, 1, 0)})) << "before its reach";
  EXPECT_FALSE(is_taken({.records = record(1, 6, 1, 0)})) << "after its end";
  EXPECT_FALSE(is_taken({.records = record(1, 5, 1, 0) + record(1, 4, 1, 0)})) << "backwards";
  EXPECT_FALSE(is_taken({.records = record(1, 4, 1, 0) + record(1, 4, 1, 0)})) << "twice";
  EXPECT_FALSE(is_taken({.records = record(1, 4, kJournalBytesMax + 1, 0)})) << "too large";
  EXPECT_FALSE(is_taken({.records = record(1, 4, 2, 0)})) << "another size than its text";
  EXPECT_FALSE(is_taken({.records = record(1, 4, 1, 1)})) << "a place without a game";
  EXPECT_FALSE(is_taken({.records = record(2, 4, 1, 1)})) << "a game that joined in between";
  EXPECT_FALSE(is_taken({.epoch = -1})) << "an epoch that nobody began";
  EXPECT_FALSE(is_taken({.is_running = 2})) << "neither running nor stopped";
  std::string many;
  for (std::size_t seq = 1; seq <= kJournalFramesMax + 1; ++seq) many += record(2, seq, 1, 0);
  EXPECT_FALSE(is_taken({.seq = 1000, .reach = 0, .records = many})) << "more than are kept";
  const std::string large = record(2, 4, kJournalBytesMax, 0) + record(2, 5, 1, 0);
  EXPECT_FALSE(is_taken({.records = large})) << "more bytes than are kept";
  EXPECT_FALSE(is_taken({.reach = 6})) << "it reaches further than it is";
  EXPECT_FALSE(is_taken({.reach = -1})) << "before the first";
}

}  // namespace
}  // namespace user_session
