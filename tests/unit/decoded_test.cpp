#include "decoded.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "format/attachment.h"
#include "format/bytes.h"
#include "format/snapshot.h"
#include "limits.h"
#include "state/devices.h"
#include "state/idempotency.h"
#include "state/journal.h"
#include "state/kept.h"

namespace user_session {
namespace {

Names some_names() {
  Names names;
  names.add("phone");
  names.add("token");
  return names;
}

// Frame 2 was left to the first frame after connecting.
Journal some_journal() {
  Journal journal;
  journal.begin(900);
  journal.add_frame(R"({"type":"a"})");
  journal.skip();
  journal.add_frame(R"({"type":"b"})");
  journal.add_frame(R"({"type":"c"})");
  return journal;
}

Idempotency some_requests() {
  Idempotency requests;
  requests.opened("laptop");
  requests.opened("tablet");
  requests.add("laptop", "r1", 1, false, 1'000);
  requests.add("laptop", "r2", 2, false, 1'000);
  return requests;
}

std::string some_row() {
  RememberedDevices remembered;
  const auto nobody = [](const std::string&) { return false; };
  remembered.add("laptop", 900, nobody);
  RememberedDevice& phone = remembered.add("phone", 950, nobody);
  phone.name = "My phone";
  phone.last_active = 1'000;
  phone.add_credential(hash_of("token"));
  phone.add_credential(1);
  Snapshot row = {.active_games = {"go", "tic tac"}, .last_active = 1'000, .extension = {}};
  append_u8(row.extension, 2);
  append_i64(row.extension, 0);
  append_u8(row.extension, 0);
  append_i64(row.extension, 1'000);
  some_journal().encode(kJournalStoredBytesMax, row.extension);
  some_requests().encode(Idempotency::kRow, 1'000, row.extension);
  remembered.encode(row.extension);
  std::string bytes;
  encode_snapshot(row.active_games, row.last_active, row.extension, bytes);
  return bytes;
}

std::string some_attachment(const Metrics& metrics) {
  std::string shared;
  append_i64(shared, 990);
  append_u32(shared, 1);
  append_i64(shared, static_cast<std::int64_t>(hash_of("phone")));
  append_i64(shared, 980);
  some_journal().encode_recent(shared);
  some_requests().encode("laptop", 1'000, shared);
  std::string bytes;
  encode_attachment({.order = 7,
                     .last_active = 1'000,
                     .presence = Presence::kAway,
                     .credential = {.issued_at_s = 1, .expires_at = 5'000, .id = hash_of("token")},
                     .device_id = "laptop",
                     .attached_at = 1'000,
                     .counted_since = 500,
                     .metrics = metrics,
                     .version = ProtocolVersion::kVersion2,
                     .tab_id = "t1",
                     .connected_at = 900,
                     .seen_at = 1'000,
                     .shared = shared},
                    bytes);
  return bytes;
}

std::string without_hash(const std::string& line) { return line.substr(0, line.rfind(" #")); }

TEST(DecodedTest, ARowSaysWhatAPersonLooksFor) {
  std::string plain;
  encode_snapshot({}, 5, {}, plain);
  EXPECT_EQ(without_hash(decoded_row(plain, {})), "games=[] lastActive=5");
  EXPECT_EQ(
      without_hash(decoded_row(some_row(), some_names())),
      "games=[go, \"tic tac\"] lastActive=1000 count=partial epoch=900 seq=4 frames=[1, 3-4] "
      "requests=[laptop:2] "
      "devices=[laptop(900), phone(950-1000, name=\"My phone\", credentials=token+#00000001)]");
}

TEST(DecodedTest, AnAttachmentSaysWhatIsNotAsUsual) {
  std::string plain;
  encode_attachment({.order = 1,
                     .last_active = 5,
                     .device_id = "phone",
                     .attached_at = 5,
                     .connected_at = 5,
                     .seen_at = 5},
                    plain);
  EXPECT_EQ(without_hash(decoded_attachment(plain, {})), "order=1 lastActive=5 device=phone");
  EXPECT_EQ(without_hash(decoded_attachment(some_attachment({}), some_names())),
            "order=7 lastActive=1000 presence=away device=laptop tab=t1 version=2 issued=1 "
            "expires=5000 credential=token connected=900 epoch=900 seq=4 frames=[1, 3-4] "
            "v2Seen=990 requests=[laptop:2] missing=[phone(980)]");
}

TEST(DecodedTest, ALogoutNamesTheCredentialsThatItEnded) {
  std::string bytes;
  encode_logout({.at_s = 9, .credential_ids = {hash_of("token")}}, bytes);
  EXPECT_EQ(without_hash(decoded_logout(bytes, some_names())), "second=9 ended=[token]");
}

TEST(DecodedTest, KeptPushesSayWhoHasThem) {
  KeptPushes kept;
  kept.remember("id");
  kept.add("one", {}, 10);
  kept.give_all("phone", 0, 900);
  kept.add("two", {.epoch = 950, .seq = 3}, 20);
  kept.give_all("phone", 900, 950);
  std::string bytes;
  kept.encode(bytes);
  EXPECT_EQ(without_hash(decoded_kept(bytes, some_names())),
            "pushes=[1(until=10), 2(950.3, until=20)] given=[phone(2, epoch=950, before=1)] "
            "pushIds=1");
}

TEST(DecodedTest, ALongListIsShownByItsEnds) {
  Snapshot row;
  for (int i = 1; i <= 9; ++i) row.active_games.push_back(std::to_string(i));
  std::string bytes;
  encode_snapshot(row.active_games, row.last_active, row.extension, bytes);
  EXPECT_EQ(without_hash(decoded_row(bytes, {})), "games=[1, 2, 3, ..., 7, 8, 9](9) lastActive=0");
}

TEST(DecodedTest, DamagedBytesAreShownAsTheyAre) {
  EXPECT_EQ(decoded_row("\x04x\\", {}), "\\x04x\\x5c #596cd797");
  EXPECT_EQ(without_hash(decoded_logout("\x01", {})), "\\x01");
  EXPECT_EQ(without_hash(decoded_kept("\x02", {})), "\\x02");
  EXPECT_EQ(without_hash(decoded_attachment("x", {})), "x");
  std::string later;
  encode_snapshot({}, 5, "later", later);
  EXPECT_EQ(without_hash(decoded_row(later, {})), "games=[] lastActive=5 extension=later");
}

// The words leave much out. A change of it must be seen all the same.
TEST(DecodedTest, AnyOtherByteOfARowIsAnotherLine) {
  const std::string row = some_row();
  const std::string line = decoded_row(row, some_names());
  for (std::size_t i = 0; i < row.size(); ++i) {
    std::string other = row;
    other[i] = static_cast<char>(other[i] ^ 1);
    const std::string hash = line.substr(line.rfind('#'));
    EXPECT_FALSE(decoded_row(other, some_names()).ends_with(hash)) << "byte " << i;
  }
}

TEST(DecodedTest, AnyOtherByteOfAnAttachmentIsAnotherLineExceptInItsCounts) {
  Metrics metrics;
  metrics.add(Counter::kAsleepMs, 1'000'000);
  const std::string attachment = some_attachment({});
  const std::string line = decoded_attachment(attachment, some_names());
  EXPECT_EQ(decoded_attachment(some_attachment(metrics), some_names()), line);
  std::string counts;
  Metrics().append_to(counts);
  const std::size_t counts_at = attachment.find(counts);
  for (std::size_t i = 0; i < attachment.size(); ++i) {
    if (i >= counts_at && i < counts_at + counts.size()) continue;
    std::string other = attachment;
    other[i] = static_cast<char>(other[i] ^ 1);
    const std::string hash = line.substr(line.rfind('#'));
    EXPECT_FALSE(decoded_attachment(other, some_names()).ends_with(hash)) << "byte " << i;
  }
}

}  // namespace
}  // namespace user_session
