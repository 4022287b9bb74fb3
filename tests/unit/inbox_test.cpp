#include "state/inbox.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "effect.h"
#include "limits.h"

namespace user_session {
namespace {

constexpr TimeMs kNow = 1'000'000;
constexpr TimeMs kLater = 9'000'000;

// The rows of an inbox, as effects have written them.
struct Rows {
  std::optional<std::string> inbox;
  std::map<std::uint32_t, std::string> messages;

  // Writes what is not stored. Returns the number of rows that were written or deleted.
  std::size_t store(Inbox& from) {
    EffectList effects;
    std::string bytes;
    EXPECT_TRUE(from.is_unstored());
    const std::size_t count = from.store(effects, bytes);
    EXPECT_EQ(count, effects.list().size());
    EXPECT_FALSE(from.is_unstored());
    for (const Effect& effect : effects.list()) {
      const std::string text(effects.text(effect));
      if (effect.kind == EffectKind::kStoreInbox) inbox = text;
      if (effect.kind == EffectKind::kStoreMessage) messages[effect.number] = text;
      if (effect.kind == EffectKind::kDeleteMessage) messages.erase(effect.number);
    }
    return count;
  }

  [[nodiscard]] Inbox read() const {
    Inbox read;
    if (inbox) EXPECT_TRUE(read.restore(*inbox));
    for (const auto& [slot, bytes] : messages) EXPECT_TRUE(read.restore_message(slot, bytes));
    read.finish_restoring();
    return read;
  }
};

std::int64_t add(Inbox& inbox, std::string_view body, std::string_view push_id = "",
                 TimeMs expires_at = kLater) {
  return inbox.add(body, push_id, kNow, expires_at).message.number;
}

// The messages, the oldest first, as "number body until".
std::vector<std::string> shown(const Inbox& inbox) {
  std::vector<std::string> lines;
  for (const InboxMessage& message : inbox.all()) {
    lines.push_back(std::to_string(message.number) + ' ' + std::string(message.body()) + ' ' +
                    std::to_string(message.expires_at));
  }
  return lines;
}

void expect_same(const Inbox& one, const Inbox& other) {
  EXPECT_EQ(shown(one), shown(other));
  EXPECT_EQ(one.view(0).last, other.view(0).last);
  EXPECT_EQ(one.view(0).read, other.view(0).read);
  EXPECT_EQ(one.push_id_count(), other.push_id_count());
  for (std::int64_t place = 0; place <= one.view(0).last; place += kNow / 2) {
    EXPECT_EQ(one.is_lost_above(place), other.is_lost_above(place)) << place;
  }
}

// A number that comes twice, or goes back, would have a device take a message for one that it has.
TEST(InboxTest, NumbersAreTimesAndOnlyGoUp) {
  Inbox inbox;
  EXPECT_EQ(inbox.add("a", "", kNow, kLater).message.number, kNow);
  EXPECT_EQ(inbox.add("b", "", kNow, kLater).message.number, kNow + 1);
  EXPECT_EQ(inbox.add("c", "", kNow - 5'000, kLater).message.number, kNow + 2)
      << "a clock set back";
  EXPECT_EQ(inbox.add("d", "", kNow + 10, kLater).message.number, kNow + 10);
  inbox.clear();
  EXPECT_EQ(inbox.add("e", "", kNow, kLater).message.number, kNow + 11) << "after a clear, too";
}

TEST(InboxTest, AMessageIsOneRowAndSoIsAMark) {
  Inbox inbox;
  Rows rows;
  add(inbox, "a", "id");
  EXPECT_EQ(rows.store(inbox), 1U);
  add(inbox, "b");
  EXPECT_EQ(rows.store(inbox), 1U);
  EXPECT_FALSE(rows.inbox) << "a message's row has all that came with it";
  EXPECT_TRUE(inbox.mark_read(kNow));
  EXPECT_EQ(rows.store(inbox), 1U);
  EXPECT_EQ(rows.messages.size(), 2U);
  expect_same(rows.read(), inbox);
}

TEST(InboxTest, AMarkNeverGoesBack) {
  Inbox inbox;
  for (const std::string_view body : {"a", "b", "c"}) add(inbox, body);
  EXPECT_EQ(inbox.view(kNow).unread, 3U);
  EXPECT_TRUE(inbox.mark_read(kNow + 1));
  EXPECT_EQ(inbox.view(kNow).unread, 1U);
  EXPECT_FALSE(inbox.mark_read(kNow + 1));
  EXPECT_FALSE(inbox.mark_read(kNow));
  EXPECT_EQ(inbox.view(kNow).read, kNow + 1);
}

// Who has a place is believed; who has none gets what the user has not read.
TEST(InboxTest, APlaceThatNobodyCanHaveIsThatOfTheReadMark) {
  Inbox inbox;
  for (const std::string_view body : {"a", "b", "c"}) add(inbox, body);
  inbox.mark_read(kNow + 1);
  EXPECT_EQ(inbox.place_of(Connected::kNoPlace), kNow + 1);
  EXPECT_EQ(inbox.place_of(0), 0) << "it says that it has none";
  EXPECT_EQ(inbox.place_of(kNow), kNow);
  EXPECT_EQ(inbox.place_of(kNow + 2), kNow + 2);
  EXPECT_EQ(inbox.place_of(kNow + 3), kNow + 1) << "above all, as after a restore";
}

TEST(InboxTest, AMessageEndsAtItsTime) {
  Inbox inbox;
  Rows rows;
  add(inbox, "short", "", 2'000'000);
  add(inbox, "long");
  rows.store(inbox);
  inbox.expire(1'999'999);
  EXPECT_FALSE(inbox.is_unstored());
  EXPECT_EQ(inbox.view(1'999'999).unread, 2U);
  EXPECT_EQ(inbox.view(2'000'000).unread, 1U) << "whether or not its row is deleted already";
  inbox.expire(2'000'000);
  EXPECT_EQ(inbox.all().size(), 1U);
  rows.store(inbox);
  EXPECT_EQ(rows.messages.size(), 1U);
  expect_same(rows.read(), inbox);
  EXPECT_FALSE(inbox.is_lost_above(0)) << "it had its time";
}

// Only the row of a message that is gone knew its number and its push's id.
TEST(InboxTest, WhatOnlyAMessagesRowKnewIsKeptWhenItGoes) {
  Inbox inbox;
  Rows rows;
  add(inbox, "a", "id", 2'000'000);
  rows.store(inbox);
  inbox.expire(2'000'000);
  EXPECT_EQ(rows.store(inbox), 2U);
  const Inbox other = rows.read();
  EXPECT_TRUE(other.knows_push("id"));
  EXPECT_EQ(other.view(0).last, kNow);
}

TEST(InboxTest, OfTooManyTheOldestGoesAndItsLossIsKnown) {
  Inbox inbox;
  Rows rows;
  for (std::size_t i = 0; i < kMessagesMax; ++i) {
    EXPECT_EQ(inbox.add("x", "", kNow, kLater).dropped, 0U) << i;
  }
  rows.store(inbox);
  EXPECT_EQ(inbox.add("new", "", kNow, kLater).dropped, 1U);
  EXPECT_EQ(inbox.all().size(), kMessagesMax);
  EXPECT_EQ(inbox.all().front().number, kNow + 1);
  EXPECT_TRUE(inbox.is_lost_above(kNow - 1));
  EXPECT_FALSE(inbox.is_lost_above(kNow)) << "who had it has lost nothing";
  EXPECT_LE(rows.store(inbox), 2U);
  EXPECT_EQ(rows.messages.size(), kMessagesMax) << "the new one takes its slot";
  expect_same(rows.read(), inbox);
}

TEST(InboxTest, AUserWithAFullInboxPaysMostlyOneRowForAMessage) {
  Inbox inbox;
  Rows rows;
  std::size_t count = 0;
  for (std::size_t i = 0; i < 3 * kMessagesMax; ++i) {
    add(inbox, "x", "id " + std::to_string(i));
    count += rows.store(inbox);
  }
  EXPECT_LE(count, (3 * kMessagesMax) + 4);
  expect_same(rows.read(), inbox);
}

TEST(InboxTest, OfTooLargeOnesTheOldestGo) {
  Inbox inbox;
  const std::string large(kMessagesBytesMax / 4, 'x');
  for (int i = 0; i < 4; ++i) EXPECT_EQ(inbox.add(large, "", kNow, kLater).dropped, 0U);
  EXPECT_EQ(inbox.add("y", "", kNow, kLater).dropped, 1U);
  EXPECT_EQ(inbox.add(large, "", kNow, kLater).dropped, 1U);
  EXPECT_EQ(inbox.add(std::string(kMessagesBytesMax, 'z'), "", kNow, kLater).dropped, 4U);
  EXPECT_EQ(inbox.all().size(), 1U);
  EXPECT_TRUE(inbox.is_lost_above(kNow + 4));
  EXPECT_FALSE(inbox.is_lost_above(kNow + 5));
}

// One that has expired is no loss, so it makes room first.
TEST(InboxTest, WhatHasExpiredMakesRoomWithoutALoss) {
  Inbox inbox;
  for (std::size_t i = 0; i < kMessagesMax; ++i) add(inbox, "x", "", i == 5 ? kNow + 1 : kLater);
  EXPECT_EQ(inbox.add("new", "", kNow + 1, kLater).dropped, 0U);
  EXPECT_FALSE(inbox.is_lost_above(0));
}

TEST(InboxTest, APushThatComesTwiceIsKnownByItsIdWithOrWithoutAMessage) {
  Inbox inbox;
  Rows rows;
  EXPECT_FALSE(inbox.knows_push("a"));
  add(inbox, "x", "a");
  inbox.remember_push("b");
  rows.store(inbox);
  for (const Inbox& one : {inbox, rows.read()}) {
    EXPECT_TRUE(one.knows_push("a"));
    EXPECT_TRUE(one.knows_push("b"));
    EXPECT_FALSE(one.knows_push("c"));
    EXPECT_FALSE(one.knows_push("")) << "a push without id is none";
  }
}

TEST(InboxTest, TheNewestPushIdsAreRememberedAlsoAfterMessagesThatOnlyTheirRowsKnow) {
  Inbox inbox;
  Rows rows;
  for (std::size_t i = 0; i < kPushIdsMax; ++i) inbox.remember_push(std::to_string(i));
  rows.store(inbox);
  add(inbox, "x", "new");
  rows.store(inbox);
  for (const Inbox& one : {inbox, rows.read()}) {
    EXPECT_EQ(one.push_id_count(), kPushIdsMax);
    EXPECT_FALSE(one.knows_push("0"));
    EXPECT_TRUE(one.knows_push("1"));
    EXPECT_TRUE(one.knows_push("new"));
  }
}

// An erased message must not come back, and neither must a push that is repeated.
TEST(InboxTest, AClearErasesMessagesAndKeepsNumbersAndPushIds) {
  Inbox inbox;
  Rows rows;
  add(inbox, "a", "id");
  add(inbox, "b");
  inbox.mark_read(kNow);
  rows.store(inbox);
  inbox.clear();
  rows = Rows();
  EXPECT_EQ(rows.store(inbox), 1U);
  for (const Inbox& one : {inbox, rows.read()}) {
    EXPECT_TRUE(one.all().empty());
    EXPECT_EQ(one.view(0).last, kNow + 1);
    EXPECT_EQ(one.view(0).read, kNow + 1) << "what is erased counts as read";
    EXPECT_FALSE(one.is_lost_above(0));
    EXPECT_TRUE(one.knows_push("id"));
  }
}

TEST(InboxTest, AClearOfAnEmptyInboxWritesNothing) {
  Inbox inbox;
  inbox.clear();
  EXPECT_FALSE(inbox.is_unstored());
}

TEST(InboxTest, RowsMayBeReadInAnyOrder) {
  Inbox inbox;
  Rows rows;
  for (const std::string_view body : {"a", "b", "c"}) add(inbox, body);
  rows.store(inbox);
  Inbox other;
  for (const std::uint32_t slot : {2U, 0U, 1U}) {
    EXPECT_TRUE(other.restore_message(slot, rows.messages.at(slot)));
  }
  other.finish_restoring();
  expect_same(other, inbox);
  EXPECT_FALSE(other.is_unstored());
}

TEST(InboxTest, OfADamagedRowNothingIsKnownAndTheOthersAreRead) {
  Inbox inbox;
  Rows rows;
  add(inbox, "a", "id");
  add(inbox, "b");
  inbox.mark_read(kNow);
  rows.store(inbox);
  // One field may be missing at the end of each, which an earlier release has not written.
  const std::size_t ids_at = rows.inbox->size() - 4 - sizeof(Digest);
  for (std::size_t size = 0; size < rows.inbox->size(); ++size) {
    Inbox other;
    EXPECT_EQ(other.restore(rows.inbox->substr(0, size)), size == ids_at) << size << " bytes";
    if (size != ids_at) EXPECT_EQ(other.view(0).last, 0) << size << " bytes";
  }
  // A message whose push's id is cut off is a message, and the id is not known.
  const std::string& message = rows.messages.at(0);
  const std::size_t flag_at = message.size() - 1 - sizeof(Digest);
  for (std::size_t size = 0; size < message.size(); ++size) {
    Inbox other;
    EXPECT_EQ(other.restore_message(0, message.substr(0, size)), size >= flag_at) << size;
    other.finish_restoring();
    EXPECT_EQ(other.all().size(), size >= flag_at ? 1U : 0U) << size << " bytes";
    EXPECT_FALSE(other.knows_push("id")) << size << " bytes";
  }
}

TEST(InboxTest, WhatIsNeverWrittenIsRefused) {
  Inbox inbox;
  Rows rows;
  add(inbox, "a");
  inbox.mark_read(kNow);
  rows.store(inbox);
  Inbox other;
  EXPECT_FALSE(other.restore('\2' + rows.inbox->substr(1))) << "a version that there is not";
  EXPECT_FALSE(other.restore_message(0, '\2' + rows.messages.at(0).substr(1)));
  std::string unnumbered = rows.messages.at(0);
  unnumbered.replace(1, 8, std::string(8, '\0'));
  EXPECT_FALSE(other.restore_message(0, unnumbered));
  for (std::size_t i = 0; i <= kPushIdsMax; ++i) inbox.remember_push(std::to_string(i));
  rows.store(inbox);
  std::string many = *rows.inbox + std::string(sizeof(Digest), 'x');
  many[1 + 8 + 8 + 8] = '\1';
  EXPECT_FALSE(other.restore(many)) << "257 ids of pushes";
}

}  // namespace
}  // namespace user_session
