#include "state/journal.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "format/bytes.h"
#include "json/frame.h"
#include "limits.h"

namespace user_session {
namespace {

using Games = std::vector<std::string>;

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
  for (const Journal::Missed& one : journal.missed(seq, games)) {
    lines.push_back(std::to_string(one.seq) + ' ' + one.frame);
  }
  return lines;
}

// Games that change as a session's do, with the frames that were sent.
class Player {
 public:
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
  void note() { sent.push_back(std::to_string(journal.last()) + ' ' + frame_); }

  std::string frame_;
};

TEST(JournalTest, EveryFrameTakesTheNextNumberAlsoOneThatIsNotKept) {
  Journal journal;
  EXPECT_EQ(journal.last(), 0);
  journal.add_frame("a");
  journal.skip();
  journal.add_joined("g", 10);
  journal.add_left("g", 0, 10);
  EXPECT_EQ(journal.last(), 4);
  EXPECT_EQ(missed(journal, 0).size(), 3U);
  EXPECT_EQ(missed(journal, 0)[0], "1 a");
  EXPECT_EQ(missed(journal, 4), std::vector<std::string>{});
}

// A number that is given again would name two frames.
TEST(JournalTest, WhenAllFramesAreForgottenTheCountGoesOn) {
  Journal journal;
  journal.add_frame("x");
  journal.add_frame("x");
  journal.forget();
  EXPECT_EQ(journal.last(), 2);
  EXPECT_EQ(journal.reach(), 2);
  journal.add_frame("y");
  EXPECT_EQ(missed(journal, 2), std::vector<std::string>{"3 y"});
}

TEST(JournalTest, TheOldestFramesGoWhenThereAreTooMany) {
  Journal journal;
  for (std::size_t i = 0; i < kJournalFramesMax; ++i) journal.add_frame("x");
  EXPECT_EQ(journal.reach(), 0);
  journal.skip();
  EXPECT_EQ(journal.reach(), 0) << "what is not kept takes no place";
  journal.add_frame("y");
  EXPECT_EQ(journal.reach(), 1);
  EXPECT_EQ(missed(journal, 1).size(), kJournalFramesMax);
}

// It bounds the memory that a journal takes, and what a device that comes back is sent.
TEST(JournalTest, TheOldestFramesGoWhenTheyAreTooLarge) {
  Journal journal;
  const std::string frame(kFrameBytesMax, 'x');
  for (int i = 0; i < 4; ++i) journal.add_frame(frame);
  EXPECT_EQ(journal.reach(), 0) << "exactly as much as there may be";
  journal.add_frame("y");
  EXPECT_EQ(journal.reach(), 1);
  journal.add_joined("g", kJournalBytesMax);
  EXPECT_EQ(journal.reach(), 5) << "a change of games counts with the list that was sent";
}

TEST(JournalTest, AFrameThatFitsNowhereIsCountedAndNotReached) {
  Journal journal;
  journal.add_frame(std::string(kJournalBytesMax + 1, 'x'));
  EXPECT_EQ(journal.last(), 1);
  EXPECT_EQ(journal.reach(), 1);
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
  EXPECT_EQ(journal.last(), player.journal.last());
  EXPECT_EQ(missed(journal, 0, player.games), player.sent);
}

TEST(JournalTest, WhatIsStoredOfItIsTheNewestThatFits) {
  Journal journal;
  const std::string frame(1'000, 'x');
  for (int i = 0; i < 100; ++i) journal.add_frame(frame);
  for (const std::size_t bytes_max : {std::size_t{0}, std::size_t{999}, kJournalStoredBytesMax}) {
    const std::string bytes = encoded(journal, bytes_max);
    EXPECT_LE(bytes.size(), bytes_max + 50);
    const Journal other = restored(bytes);
    EXPECT_EQ(other.last(), journal.last());
    const std::int64_t kept = 100 - other.reach();
    EXPECT_EQ(kept, static_cast<std::int64_t>(bytes_max / 1'013)) << bytes_max;
    EXPECT_EQ(missed(other, other.reach()), missed(journal, other.reach()));
  }
}

TEST(JournalTest, ItsRecentPartStaysSmallAndIsContiguous) {
  Journal journal;
  for (int i = 0; i < 1'000; ++i) {
    const auto size = static_cast<std::size_t>(i) * 37 % (kJournalRecentBytesMax - 50);
    journal.add_frame(std::string(size, 'x'));
    if (i % 5 == 0) journal.skip();
    const std::string bytes = recent_of(journal);
    ASSERT_LE(bytes.size(), kJournalRecentBytesMax + 50);
    const Journal other = restored(bytes);
    ASSERT_EQ(other.last(), journal.last());
    ASSERT_GT(other.last(), other.reach());
    ASSERT_EQ(missed(other, other.reach()), missed(journal, other.reach()));
  }
}

// It counts on where it was, and forgets as it would have.
TEST(JournalTest, ARestoredOneGoesOnAsIfNothingHadHappened) {
  Journal journal;
  for (int i = 0; i < 200; ++i) journal.add_frame(std::string(50, 'a'));
  Journal other = restored(encoded(journal, kJournalBytesMax));
  for (int i = 0; i < 100; ++i) {
    journal.add_frame(std::string(3'000, 'b'));
    other.add_frame(std::string(3'000, 'b'));
    ASSERT_EQ(other.last(), journal.last());
    ASSERT_EQ(other.reach(), journal.reach());
    ASSERT_EQ(recent_of(other), recent_of(journal));
  }
}

// A journal that takes half of something would skip frames in silence.
TEST(JournalTest, EveryTruncationIsRefused) {
  Player player;
  player.join("a");
  player.say("frame");
  player.leave(0);
  const std::string bytes = encoded(player.journal);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Journal journal;
    EXPECT_FALSE(restore(journal, bytes.substr(0, size))) << size << " bytes";
  }
}

struct Stored {
  std::int64_t seq = 5;
  std::int64_t reach = 3;
  std::string records = {};
};

std::string record(std::uint8_t kind, std::uint64_t seq, std::uint64_t size, std::uint64_t place) {
  std::string bytes;
  append_record(bytes, [&] {
    append_u8(bytes, kind);
    append_varint(bytes, seq);
    append_varint(bytes, size);
    append_varint(bytes, place);
    append_text(bytes, "g");
  });
  return bytes;
}

std::string encoded(const Stored& stored) {
  std::string bytes;
  append_i64(bytes, stored.seq);
  append_i64(bytes, stored.reach);
  append_text(bytes, stored.records);
  return bytes;
}

bool is_taken(const Stored& stored) {
  Journal journal;
  return restore(journal, encoded(stored));
}

TEST(JournalTest, WhatNoJournalHasWrittenIsRefused) {
  EXPECT_TRUE(is_taken({.records = record(1, 4, 1, 0) + record(2, 5, 9, 0)}));
  EXPECT_TRUE(is_taken({.records = record(3, 5, kJournalBytesMax, kActiveGamesMax - 1)}));
  EXPECT_TRUE(is_taken({.records = record(3, 4, 1, kActiveGamesMax)}))
      << "the list that an earlier server left may be longer";
  EXPECT_TRUE(is_taken({.seq = 3}));
  EXPECT_FALSE(is_taken({.records = record(1, 3, 1, 0)})) << "before its reach";
  EXPECT_FALSE(is_taken({.records = record(1, 6, 1, 0)})) << "after its end";
  EXPECT_FALSE(is_taken({.records = record(1, 5, 1, 0) + record(1, 4, 1, 0)})) << "backwards";
  EXPECT_FALSE(is_taken({.records = record(1, 4, 1, 0) + record(1, 4, 1, 0)})) << "twice";
  EXPECT_FALSE(is_taken({.records = record(1, 4, kJournalBytesMax + 1, 0)})) << "too large";
  std::string many;
  for (std::size_t seq = 1; seq <= kJournalFramesMax + 1; ++seq) many += record(2, seq, 1, 0);
  EXPECT_FALSE(is_taken({.seq = 1000, .reach = 0, .records = many})) << "more than are kept";
  const std::string large = record(2, 4, kJournalBytesMax, 0) + record(2, 5, 1, 0);
  EXPECT_FALSE(is_taken({.records = large})) << "more bytes than are kept";
  EXPECT_FALSE(is_taken({.reach = 6})) << "it reaches further than it is";
  EXPECT_FALSE(is_taken({.reach = -1})) << "before the first";
}

// A roll-back must not bring a device half of a stretch, nor forget the place of all.
TEST(JournalTest, AFrameOfAKindThatOnlyALaterReleaseHasIsForgottenWithThoseBeforeIt) {
  for (const std::uint8_t kind : std::initializer_list<std::uint8_t>{0, 4, 255}) {
    const std::string bytes =
        encoded(Stored{.records = record(1, 4, 1, 0) + record(kind, 5, 1, 0)});
    Journal journal = restored(bytes);
    EXPECT_EQ(journal.last(), 5);
    EXPECT_EQ(journal.reach(), 5) << static_cast<int>(kind);
    journal.add_frame("new");
    EXPECT_EQ(missed(journal, 5), std::vector<std::string>{"6 new"});
    const Journal other = restored(encoded(journal));
    EXPECT_EQ(missed(other, 5), std::vector<std::string>{"6 new"});
  }
  const Journal mismatched = restored(encoded(Stored{.records = record(1, 4, 2, 0)}));
  EXPECT_EQ(mismatched.reach(), 4) << "another size than its text";
}

}  // namespace
}  // namespace user_session
