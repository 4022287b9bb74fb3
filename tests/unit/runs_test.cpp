#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "format/bytes.h"
#include "limits.h"
#include "state/idempotency.h"

namespace user_session {
namespace {

constexpr TimeMs kNow = 1'000'000;

std::string name(std::size_t number) { return "id-" + std::to_string(number); }

DoneRequests with(std::size_t count) {
  DoneRequests done;
  for (std::size_t i = 0; i < count; ++i)
    done.add(name(i), static_cast<std::int64_t>(i), false, kNow);
  return done;
}

std::int64_t seq_of(const DoneRequests& done, std::string_view id, TimeMs now) {
  const DoneRequest* request = done.find(id, now);
  return request == nullptr ? -1 : request->seq;
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
  EXPECT_EQ(done.find("a", kNow), nullptr);
  done.add("a", 7, false, kNow);
  done.add("b", 8, false, kNow);
  EXPECT_EQ(seq_of(done, "a", kNow), 7);
  EXPECT_EQ(seq_of(done, "b", kNow), 8);
  EXPECT_EQ(done.find("c", kNow), nullptr);
  EXPECT_EQ(done.find("", kNow), nullptr);
}

// One that is forgotten too early is done twice; one that is not forgotten takes memory for ever.
TEST(RequestsTest, TheNewestSixtyFourAreRemembered) {
  const DoneRequests done = with(kRequestsMax + 40);
  EXPECT_EQ(done.size(), kRequestsMax);
  for (std::size_t i = 0; i < kRequestsMax + 40; ++i) {
    EXPECT_EQ(done.find(name(i), kNow) != nullptr, i >= 40) << i;
  }
}

TEST(RequestsTest, EachIsRememberedForTenMinutes) {
  const DoneRequests done = with(1);
  EXPECT_EQ(seq_of(done, name(0), kNow + kRequestsKeptMs - 1), 0);
  EXPECT_EQ(done.find(name(0), kNow + kRequestsKeptMs), nullptr);
  EXPECT_FALSE(done.is_empty(kNow + kRequestsKeptMs - 1));
  EXPECT_TRUE(done.is_empty(kNow + kRequestsKeptMs));
  EXPECT_TRUE(DoneRequests().is_empty(kNow));
  EXPECT_EQ(seq_of(done, name(0), kNow - 5'000), 0) << "a clock that was set back forgets nothing";
}

TEST(RequestsTest, AnIdThatIsUsedAgainLaterTakesNoSecondPlace) {
  DoneRequests done = with(kRequestsMax);
  done.add(name(3), 99, false, kNow + kRequestsKeptMs);
  EXPECT_EQ(done.size(), kRequestsMax);
  EXPECT_EQ(seq_of(done, name(3), kNow + kRequestsKeptMs), 99);
  EXPECT_EQ(seq_of(done, name(0), kNow), 0) << "and none else is forgotten for it";
}

TEST(RequestsTest, TheyComeBackInTheOrderInWhichTheyWillBeForgotten) {
  const DoneRequests done = with(kRequestsMax + 10);
  DoneRequests other;
  ASSERT_TRUE(restore(other, encoded(done)));
  EXPECT_EQ(encoded(other), encoded(done));
  other.add("new", 1, false, kNow);
  EXPECT_EQ(other.find(name(10), kNow), nullptr);
  EXPECT_EQ(seq_of(other, name(11), kNow), 11);
}

TEST(RequestsTest, WhatNobodyWillAskForIsNotStored) {
  DoneRequests done = with(3);
  done.add("late", 9, false, kNow + 10);
  DoneRequests other;
  ASSERT_TRUE(restore(other, encoded(done, kNow + kRequestsKeptMs)));
  EXPECT_EQ(other.size(), 1U);
  EXPECT_EQ(seq_of(other, "late", kNow + 10), 9);
}

// A device's attachment and the row may both know of one, and the row's may be older.
TEST(RequestsTest, WhatIsKnownIsNotReplacedByWhatIsRestored) {
  DoneRequests done;
  done.add("a", 1, false, kNow);
  DoneRequests later;
  later.add("a", 5, false, kNow + kRequestsKeptMs);
  later.add("b", 6, false, kNow + kRequestsKeptMs);
  ASSERT_TRUE(restore(later, encoded(done)));
  EXPECT_EQ(seq_of(later, "a", kNow + kRequestsKeptMs), 5);
  EXPECT_EQ(later.size(), 2U);
}

// Two tabs of a device carry what each has asked for. What was asked last must not give way to
// older requests, in whatever order the attachments are read.
TEST(RequestsTest, OfWhatSeveralSocketsCarriedTheNewestIsKept) {
  DoneRequests older = with(kRequestsMax);
  DoneRequests newer;
  for (std::size_t i = 0; i < kRequestsMax; ++i) newer.add("new" + name(i), 1, false, kNow + 1);
  const std::string v2_bytes = encoded(newer);
  ASSERT_TRUE(restore(newer, encoded(older)));
  EXPECT_EQ(encoded(newer), v2_bytes);
  ASSERT_TRUE(restore(older, v2_bytes));
  EXPECT_EQ(encoded(older), v2_bytes);
}

TEST(RequestsTest, ThatACredentialIsSharedIsRemembered) {
  DoneRequests done;
  done.add("a", 0, true, kNow);
  done.add("b", 7, true, kNow);
  done.add("c", 7, false, kNow);
  DoneRequests other;
  ASSERT_TRUE(restore(other, encoded(done)));
  EXPECT_TRUE(other.find("a", kNow)->is_credential_shared);
  EXPECT_EQ(seq_of(other, "a", kNow), 0);
  EXPECT_TRUE(other.find("b", kNow)->is_credential_shared);
  EXPECT_EQ(seq_of(other, "b", kNow), 7);
  EXPECT_FALSE(other.find("c", kNow)->is_credential_shared);
}

std::string attached(Idempotency& book, std::string_view device_id) {
  std::string bytes;
  book.encode(device_id, kNow, bytes);
  book.note_attached(device_id);
  return bytes;
}

bool carries(std::string_view bytes, std::string_view device_id, std::string_view id) {
  Idempotency book;
  ByteReader reader(bytes);
  return book.restore("nobody", reader) && book.find(device_id, id, kNow) != nullptr;
}

// What is in no attachment is done again after a sleep.
TEST(RequestBookTest, WhatTheClosedSocketCarriedRidesInTheNextAttachmentOfAny) {
  Idempotency book;
  for (const std::string_view id : {"a", "a", "b"}) book.opened(id);
  book.add("a", "r", 1, false, kNow);
  EXPECT_TRUE(book.is_unsaved());
  EXPECT_TRUE(carries(attached(book, "a"), "a", "r"));
  EXPECT_FALSE(book.is_unsaved());
  EXPECT_FALSE(carries(attached(book, "b"), "a", "r")) << "it rides with its own socket";
  book.closed("a", kNow);
  EXPECT_TRUE(book.is_unsaved()) << "though the device has another";
  EXPECT_TRUE(carries(attached(book, "b"), "a", "r"));
  EXPECT_TRUE(carries(attached(book, "b"), "a", "r")) << "the newest has it all";
  EXPECT_TRUE(carries(attached(book, "a"), "a", "r"));
  EXPECT_FALSE(carries(attached(book, "b"), "a", "r"));
}

TEST(RequestBookTest, AnAttachmentOfAnotherSocketLeavesNothingBehind) {
  Idempotency book;
  book.opened("a");
  book.opened("b");
  book.add("a", "r", 1, false, kNow);
  EXPECT_TRUE(carries(attached(book, "b"), "a", "r"));
  EXPECT_FALSE(book.is_unsaved());
  EXPECT_TRUE(book.is_unstored());
}

TEST(RequestBookTest, WhatTheRowHasNeedNotBeCarried) {
  Idempotency book;
  book.opened("a");
  book.add("a", "r", 1, false, kNow);
  book.note_stored();
  EXPECT_FALSE(book.is_unsaved());
  EXPECT_FALSE(book.is_unstored());
  EXPECT_FALSE(carries(attached(book, "a"), "a", "r"));
  book.closed("a", kNow);
  EXPECT_FALSE(book.is_unsaved());
  EXPECT_NE(book.find("a", "r", kNow), nullptr);
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
