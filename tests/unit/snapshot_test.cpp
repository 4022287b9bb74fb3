#include "format/snapshot.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "format/bytes.h"
#include "limits.h"

namespace user_session {
namespace {

using namespace std::string_view_literals;

std::string encoded(const std::vector<std::string>& games, TimeMs last_active,
                    const std::string& extension = "") {
  std::string bytes;
  encode_snapshot(games, last_active, extension, {}, bytes);
  return bytes;
}

std::string encoded_logout(std::int64_t logout_at_s, std::vector<std::uint64_t> ended = {}) {
  std::string bytes;
  encode_logout({.at_s = logout_at_s, .credential_ids = std::move(ended), .rest = {}}, bytes);
  return bytes;
}

TEST(SnapshotTest, ItsBytesStayThoseThatAreStoredToday) {
  EXPECT_EQ(encoded({"go", ""}, 256, "later"),
            "\x03"
            "\0\x01\0\0\0\0\0\0"
            "\x02\0\0\0"
            "\x02\0\0\0go"
            "\0\0\0\0"
            "\x05\0\0\0later"sv);
}

TEST(SnapshotTest, WhatTheFirstVersionStoredIsStillRead) {
  const auto snapshot = decode_snapshot(
      "\x01"
      "\0\x01\0\0\0\0\0\0"
      "\x01\0\0\0"
      "\x02\0\0\0go"sv);
  EXPECT_EQ(snapshot,
            (Snapshot{.active_games = {"go"}, .last_active = 256, .extension = {}, .rest = {}}));
}

TEST(SnapshotTest, WhatTheSecondVersionStoredIsStillReadItsLogoutToo) {
  const auto snapshot = decode_snapshot(
      "\x02"
      "\0\x01\0\0\0\0\0\0"
      "\x03\0\0\0\0\0\0\0"
      "\x01\0\0\0"
      "\x02\0\0\0go"sv);
  EXPECT_EQ(snapshot, (Snapshot{.active_games = {"go"},
                                .last_active = 256,
                                .extension = {},
                                .rest = {},
                                .logout_at_s = 3}));
}

TEST(SnapshotTest, GamesComeBackInTheirOrderAndToTheByte) {
  const std::vector<std::string> games = {"z", "a", std::string("nul\0!", 5), "\xf0\x9f\x8e\xb2"};
  const Snapshot expected = {.active_games = games,
                             .last_active = 1'795'383'198'465,
                             .extension = std::string("\0\xff", 2),
                             .rest = {}};
  EXPECT_EQ(decode_snapshot(encoded(games, expected.last_active, expected.extension)), expected);
  EXPECT_EQ(decode_snapshot(encoded({}, 0)), Snapshot{});
}

TEST(SnapshotTest, ALogoutHasItsOwnBytesAndComesBack) {
  EXPECT_EQ(encoded_logout(256, {7}),
            "\x03"
            "\0\x01\0\0\0\0\0\0"
            "\x01\0\0\0"
            "\x07\0\0\0\0\0\0\0"sv);
  for (const std::int64_t second : {std::int64_t{0}, std::int64_t{1'795'383'198}}) {
    EXPECT_EQ(decode_logout(encoded_logout(second, {1, 2})),
              (Logout{.at_s = second, .credential_ids = {1, 2}, .rest = {}}));
  }
}

TEST(SnapshotTest, WhatRelease010StoredOfALogoutIsStillRead) {
  EXPECT_EQ(decode_logout("\x01\0\x01\0\0\0\0\0\0"sv),
            (Logout{.at_s = 256, .credential_ids = {}, .rest = {}}));
  EXPECT_EQ(decode_logout('\x02' + encoded_logout(256, {7}).substr(1)),
            (Logout{.at_s = 256, .credential_ids = {7}, .rest = {}}));
}

// A logout that is misread lets somebody in who was logged out.
TEST(SnapshotTest, ALogoutThatIsDamagedIsNotMisread) {
  const std::string good = encoded_logout(1'795'383'198, {7});
  // Release 0.1.0 wrote nothing behind the second.
  constexpr std::size_t kSecondEnd = 1 + 8;
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(decode_logout(std::string_view(good).substr(0, size)).has_value(), size == kSecondEnd)
        << size << " bytes";
  }
  for (int version = 0; version < 256; ++version) {
    std::string bytes = good;
    bytes[0] = static_cast<char>(version);
    const bool is_known = version == 2 || version == 3;
    EXPECT_EQ(decode_logout(bytes).has_value(), is_known) << "version " << version;
  }
  EXPECT_FALSE(decode_logout('\x02' + good.substr(1) + '\0')) << "release 0.1.0 added nothing";
  EXPECT_FALSE(decode_logout(encoded_logout(-1))) << "before the epoch";
}

TEST(SnapshotTest, TheFullestUserComesBack) {
  const std::vector<std::string> games(kActiveGamesMax, std::string(kNameBytesMax, 'g'));
  const auto snapshot = decode_snapshot(encoded(games, 1));
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->active_games, games);
}

TEST(SnapshotTest, ItIsAppendedToWhatIsThere) {
  std::string out = "before";
  encode_snapshot({}, 0, {}, {}, out);
  EXPECT_EQ(out, "before" + encoded({}, 0));
}

TEST(SnapshotTest, EveryTruncationIsRefusedButForTheExtension) {
  const std::string bytes = encoded({"chess", "go"}, 1'000'000);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(decode_snapshot(std::string_view(bytes).substr(0, size)).has_value(),
              size == bytes.size() - 4)
        << size << " bytes";
  }
}

TEST(SnapshotTest, AVersionOfLaterCodeIsNotMisread) {
  for (int version = 0; version < 256; ++version) {
    std::string bytes = encoded({"chess"}, 1);
    bytes[0] = static_cast<char>(version);
    EXPECT_EQ(decode_snapshot(bytes).has_value(), version == 3) << "version " << version;
  }
}

TEST(SnapshotTest, AnAbsurdCountAsksForNoMemory) {
  for (const std::uint32_t count : {3U, 0x4000'0000U, 0xffff'ffffU}) {
    std::string bytes;
    append_u8(bytes, 3);
    append_i64(bytes, 1);
    append_u32(bytes, count);
    append_text(bytes, "chess");
    append_text(bytes, "go");
    EXPECT_FALSE(decode_snapshot(bytes)) << count << " games in " << bytes.size() << " bytes";
  }
}

TEST(SnapshotTest, AnAbsurdLengthOfAGameIsRefused) {
  std::string bytes = encoded({"chess"}, 1);
  bytes[16] = '\xff';
  EXPECT_FALSE(decode_snapshot(bytes));
}

TEST(SnapshotTest, ALogoutOfMoreCredentialsThanAreRememberedIsRefused) {
  std::vector<std::uint64_t> ids;
  for (std::size_t id = 1; id <= kRevokedMax; ++id) ids.push_back(id);
  EXPECT_TRUE(decode_logout(encoded_logout(1, ids)));
  ids.push_back(1000);
  EXPECT_FALSE(decode_logout(encoded_logout(1, ids)));
}

}  // namespace
}  // namespace user_session
