#include "decoded.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "credential.h"
#include "digest.h"
#include "effect.h"
#include "format/attachment.h"
#include "format/bytes.h"
#include "format/snapshot.h"
#include "json/message.h"
#include "state/connections.h"
#include "state/devices.h"
#include "state/inbox.h"
#include "state/runs.h"
#include "state/sequence.h"

namespace user_session {
namespace {

constexpr TimeMs kNow = 1'795'383'198'465;

Credential some_token() {
  Credential credential = {.issued_at_s = 1, .expires_at = 5'000, .name = {}};
  identify(credential, {.session = kNoText, .token = "token"});
  return credential;
}

Names some_names() {
  Names names;
  names.add("phone");
  names.add("token");
  return names;
}

// An epoch is complete at number 1, and another one is open; frame 3 is left to the first frame
// after connecting. The phone is missing.
Sequence some_sequence(const Connections& connections) {
  Sequence sequence;
  sequence.seed(1);
  sequence.note_seen(990);
  sequence.note_request(kNow);
  sequence.count_frame(R"({"type":"a"})", 1'000, connections);
  sequence.finish_step(false, true);
  sequence.count_frame(R"({"type":"b"})", kNow, connections);
  sequence.count_state(kNow, connections);
  sequence.count_frame(R"({"type":"c"})", kNow, connections);
  sequence.note_gone("phone", 980);
  sequence.note_seen(990);
  return sequence;
}

Runs some_runs() {
  const auto request = [](std::string_view run, std::int64_t number) {
    return RequestId{.text = kNoText, .run = run, .number = number};
  };
  Runs runs;
  for (const std::int64_t number : {1, 2, 3, 5}) {
    EXPECT_TRUE(runs.use(request("laptop-run-000001", number)));
    runs.note_done(request("laptop-run-000001", number));
  }
  EXPECT_TRUE(runs.use(request("phone-run-0000001", 7)));
  return runs;
}

std::string some_row(const Connections& connections) {
  RememberedDevices remembered;
  const auto nobody = [](std::string_view) { return false; };
  remembered.add("laptop", 900, nobody);
  RememberedDevice& phone = remembered.add("phone", 950, nobody);
  phone.name = "My phone";
  phone.last_active = 1'000;
  phone.add_credential(some_token());
  phone.add_credential({.issued_at_s = 2, .sign_in = digest_of("unknown"), .name = {}});
  phone.has_forgotten = true;
  std::string extension;
  append_u8(extension, 3);
  append_record(extension, [&] { some_sequence(connections).encode_row(extension); });
  append_record(extension, [&] { some_runs().encode(extension); });
  append_record(extension, [&] { remembered.encode(extension); });
  append_varint(extension, 77);
  extension += "later";
  std::string bytes;
  encode_snapshot({"go", "tic tac"}, 1'000, extension, {}, bytes);
  return bytes;
}

std::string some_attachment(const Connections& connections, const Metrics& metrics) {
  std::string shared;
  append_record(shared, [&] { some_sequence(connections).encode_attached(1'000, 9'000, shared); });
  append_record(shared, [&] { some_runs().encode(shared); });
  std::string bytes;
  encode_attachment({.order = 7,
                     .last_active = 1'000,
                     .presence = Presence::kAway,
                     .credential = some_token(),
                     .device_id = "laptop",
                     .attached_at = 1'000,
                     .counted_since = 500,
                     .metrics = metrics,
                     .version = ProtocolVersion::kVersion2,
                     .tab_id = "t1",
                     .run = "laptop-run-000001",
                     .connected_at = 900,
                     .seen_at = 1'000,
                     .rest = "later",
                     .shared = shared},
                    bytes);
  return bytes;
}

// One device of version 2 is connected.
Connections some_connections() {
  Connections connections;
  connections.open(1, "laptop", ProtocolVersion::kVersion2);
  return connections;
}

std::string without_hash(const std::string& line) { return line.substr(0, line.rfind(" #")); }

TEST(DecodedTest, ARowSaysWhatAPersonLooksFor) {
  std::string plain;
  encode_snapshot({}, 5, {}, {}, plain);
  EXPECT_EQ(without_hash(decoded_row(plain, {})), "games=[] lastActive=5");
  EXPECT_EQ(
      without_hash(decoded_row(some_row(some_connections()), some_names())),
      "games=[go, \"tic tac\"] lastActive=1000 epochs=[7353889580914960.1] open=7353889580915694 "
      "seq=4 "
      "v2Seen=990 missing=[phone(980)] runs=[laptop-run-000001:1-3+5, phone-run-0000001:(used=7, "
      "from=7)] "
      "devices=[laptop(900), phone(950-1000, name=\"My phone\", credentials=token+#861e962e, "
      "forgotten)] "
      "values=77 rest=later");
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
  EXPECT_EQ(without_hash(decoded_attachment(some_attachment(some_connections(), {}), some_names())),
            "order=7 lastActive=1000 presence=away device=laptop tab=t1 version=2 issued=1 "
            "expires=5000 credential=token renewals=unknown connected=900 run=laptop-run-000001 "
            "open=7353889580915694 epoch=unannounced seq=4 reach=0 frames=[1-2, 4] v2Seen=990 "
            "missing=[phone(980)] runs=[laptop-run-000001:1-3+5, phone-run-0000001:(used=7, "
            "from=7)] rest=later");
}

TEST(DecodedTest, ACredentialIsToldByAllOfItsIds) {
  const auto words = [](std::string_view session, std::string_view token, bool is_sign_in_time) {
    Credential credential = {.issued_at_s = 4, .name = {}, .is_sign_in_time = is_sign_in_time};
    const CredentialIds ids = {.session = session, .token = token};
    identify(credential, ids);
    Names names;
    names.add(credential, ids);
    std::string bytes;
    encode_attachment({.credential = credential, .device_id = "D"}, bytes);
    const std::string line = without_hash(decoded_attachment(bytes, names));
    return line.substr(line.find("issued="));
  };
  EXPECT_EQ(words("S", "", false), "issued=4 credential=S");
  EXPECT_EQ(words("S", "J", true), "issued=4 credential=S token=J authTime=yes");
  EXPECT_EQ(words("", "J", true), "issued=4 credential=J signIn=second-4 token=J authTime=yes");
  EXPECT_EQ(words("", "J", false), "issued=4 credential=J renewals=unknown");
  EXPECT_EQ(words("", "", false), "issued=4") << "its second is all that it has";
}

TEST(DecodedTest, ALogoutNamesTheCredentialsThatItEnded) {
  std::string bytes;
  encode_logout({.at_s = 9,
                 .others_at_s = 10,
                 .spared = digest_of("phone"),
                 .shown_at_s = 11,
                 .ended = {{.id = digest_of("token"), .issued_until_s = 8}},
                 .rest = {}},
                bytes);
  EXPECT_EQ(without_hash(decoded_logout(bytes, some_names())),
            "second=9 others=10 spared=phone shown=11 ended=[token(8)]");
}

TEST(DecodedTest, TheInboxSaysWhatIsThereAndWhatIsRead) {
  Inbox inbox;
  inbox.add(R"({"type":"x"})", "id", 10, 20);
  inbox.mark_read(10);
  EffectList effects;
  std::string bytes;
  inbox.store(effects, bytes);
  const Effect& message = effects.list().at(0);
  const Effect& row = effects.list().at(1);
  ASSERT_EQ(message.kind, EffectKind::kStoreMessage);
  ASSERT_EQ(row.kind, EffectKind::kStoreInbox);
  EXPECT_EQ(without_hash(decoded_message(effects.text(message))),
            R"(inbox=10 until=20 body="{"type":"x"}" pushId=yes)");
  EXPECT_EQ(without_hash(decoded_inbox(effects.text(row))), "last=10 read=10 pushIds=1");
}

TEST(DecodedTest, ALongListIsShownByItsEnds) {
  std::vector<std::string> games;
  for (int i = 1; i <= 9; ++i) games.push_back(std::to_string(i));
  std::string bytes;
  encode_snapshot(games, 0, {}, {}, bytes);
  EXPECT_EQ(without_hash(decoded_row(bytes, {})), "games=[1, 2, 3, ..., 7, 8, 9](9) lastActive=0");
}

TEST(DecodedTest, DamagedBytesAreShownAsTheyAre) {
  EXPECT_EQ(decoded_row("\x04x\\", {}), "\\x04x\\x5c #596cd797");
  EXPECT_EQ(without_hash(decoded_logout("\x01", {})), "\\x01");
  EXPECT_EQ(without_hash(decoded_attachment("x", {})), "x");
  EXPECT_EQ(without_hash(decoded_inbox("\x02")), "\\x02");
  EXPECT_EQ(without_hash(decoded_message("\x02")), "\\x02");
  std::string later;
  encode_snapshot({}, 5, "later", {}, later);
  EXPECT_EQ(without_hash(decoded_row(later, {})), "games=[] lastActive=5 extension=later");
}

// The words leave much out. A change of it must be seen all the same.
TEST(DecodedTest, AnyOtherByteOfARowIsAnotherLine) {
  const std::string row = some_row(some_connections());
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
  const Connections connections = some_connections();
  const std::string attachment = some_attachment(connections, {});
  const std::string line = decoded_attachment(attachment, some_names());
  EXPECT_EQ(decoded_attachment(some_attachment(connections, metrics), some_names()), line);
  // The length of the user's part, then that of the counts and the counts.
  constexpr std::size_t kUserLengthAt = 1;
  constexpr std::size_t kCountsAt = kUserLengthAt + 4 + (4 * 8) + 1;
  constexpr std::size_t kCountsEnd = kCountsAt + 4 + Metrics::kCount;
  for (std::size_t i = 0; i < attachment.size(); ++i) {
    if (i >= kUserLengthAt && i < kUserLengthAt + 4) continue;
    if (i >= kCountsAt && i < kCountsEnd) continue;
    std::string other = attachment;
    other[i] = static_cast<char>(other[i] ^ 1);
    const std::string hash = line.substr(line.rfind('#'));
    EXPECT_FALSE(decoded_attachment(other, some_names()).ends_with(hash)) << "byte " << i;
  }
}

}  // namespace
}  // namespace user_session
