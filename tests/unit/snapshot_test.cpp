#include "format/snapshot.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "digest.h"
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

std::string encoded(const Logout& logout) {
  std::string bytes;
  encode_logout(logout, bytes);
  return bytes;
}

constexpr Digest kMine = {'m', 'i', 'n', 'e'};
constexpr Digest kTheirs = {'t', 'h', 'e', 'i', 'r', 's'};

// All fields have a value of their own.
Logout some_logout() {
  return {.at_s = 256,
          .others_at_s = 257,
          .spared = kMine,
          .shown_at_s = 258,
          .ended = {{.id = kTheirs, .issued_until_s = 7}},
          .rest = {}};
}

// Rows of release 0.1.0 have hashes of single credentials, and earlier ones have none.
std::string old_logout(std::int64_t at_s, const std::vector<std::int64_t>& hashes) {
  std::string bytes;
  append_u8(bytes, 2);
  append_i64(bytes, at_s);
  append_u32(bytes, static_cast<std::uint32_t>(hashes.size()));
  for (const std::int64_t hash : hashes) append_i64(bytes, hash);
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
  EXPECT_EQ(encoded(some_logout()),
            "\x04"
            "\0\x01\0\0\0\0\0\0"
            "\x01\x01\0\0\0\0\0\0"
            "mine\0\0\0\0\0\0\0\0\0\0\0\0"
            "\x02\x01\0\0\0\0\0\0"
            "\x01\0\0\0"
            "theirs\0\0\0\0\0\0\0\0\0\0"
            "\x07\0\0\0\0\0\0\0"sv);
  EXPECT_EQ(decode_logout(encoded(some_logout())), some_logout());
  EXPECT_EQ(decode_logout(encoded(Logout{})), Logout{});
  Logout later = some_logout();
  later.rest = "later";
  EXPECT_EQ(decode_logout(encoded(later)), later);
}

TEST(SnapshotTest, WhatRelease010StoredOfALogoutIsStillRead) {
  Logout logout;
  logout.at_s = 256;
  EXPECT_EQ(decode_logout("\x01\0\x01\0\0\0\0\0\0"sv), logout);
  EXPECT_EQ(decode_logout("\x02\0\x01\0\0\0\0\0\0"sv), logout);
  EXPECT_EQ(decode_logout(old_logout(256, {})), logout);
}

// Its hashes say nothing of today's credentials. To leave them out would let in who was ended.
TEST(SnapshotTest, SingleCredentialsThatRelease010EndedCantBeRead) {
  EXPECT_FALSE(decode_logout(old_logout(256, {7})));
  EXPECT_FALSE(decode_logout(old_logout(256, {}) + '\0')) << "release 0.1.0 added nothing";
  EXPECT_FALSE(decode_logout(old_logout(-1, {}))) << "before the epoch";
}

// A logout that is misread lets somebody in who was logged out.
TEST(SnapshotTest, ALogoutThatIsDamagedIsNotMisread) {
  const std::string good = encoded(some_logout());
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decode_logout(std::string_view(good).substr(0, size))) << size << " bytes";
  }
  for (int version = 0; version < 256; ++version) {
    std::string bytes = good;
    bytes[0] = static_cast<char>(version);
    EXPECT_EQ(decode_logout(bytes).has_value(), version == 4) << "version " << version;
  }
  constexpr std::size_t kOthersAt = 1 + 8;
  constexpr std::size_t kShownAt = kOthersAt + 8 + 16;
  constexpr std::size_t kEndedAt = kShownAt + 8 + 4 + 16;
  for (const std::size_t at : {std::size_t{1}, kOthersAt, kShownAt, kEndedAt}) {
    std::string bytes = good;
    EXPECT_TRUE(decode_logout(bytes.replace(at, 8, "\xff\xff\xff\xff\xff\xff\x1f\0"sv))) << at;
    EXPECT_FALSE(decode_logout(bytes.replace(at, 8, "\0\0\0\0\0\0\x20\0"sv))) << at << ": 2^53";
    EXPECT_FALSE(decode_logout(bytes.replace(at, 8, std::string(8, '\xff')))) << at << ": -1";
  }
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
  Logout logout;
  for (std::size_t id = 1; id <= kEndedMax; ++id) {
    logout.ended.push_back({.id = digest_of(std::to_string(id)), .issued_until_s = 1});
  }
  EXPECT_TRUE(decode_logout(encoded(logout)));
  logout.ended.push_back({.id = kMine, .issued_until_s = 1});
  EXPECT_FALSE(decode_logout(encoded(logout)));
}

}  // namespace
}  // namespace user_session
