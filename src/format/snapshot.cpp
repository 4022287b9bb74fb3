// The formats of the snapshot and the logout, with all their earlier versions.
#include "format/snapshot.h"

#include "format/bytes.h"
#include "limits.h"

namespace user_session {
namespace {

// Version of the format that is written. Raise it when a change does not fit into `extension`, and
// keep reading every earlier one.
constexpr std::uint8_t kVersion = 3;
// Version that had the second of the logout among its fields, and no extension.
constexpr std::uint8_t kVersion2 = 2;
// Version that had neither.
constexpr std::uint8_t kVersion1 = 1;

// Version of a logout that is written, which has room for more fields. Earlier ones had the second
// alone, and from the second version on hashes of ended credentials' ids.
constexpr std::uint8_t kLogoutVersion = 4;
constexpr std::uint8_t kFirstLogoutVersion = 1;

// Bytes of a credential that was ended alone.
constexpr std::size_t kEndedBytes = sizeof(Digest) + sizeof(std::int64_t);

}  // namespace

void encode_snapshot(const std::vector<std::string>& active_games, TimeMs last_active,
                     std::string_view extension, std::string_view rest, std::string& out) {
  append_u8(out, kVersion);
  append_i64(out, last_active);
  append_u32(out, static_cast<std::uint32_t>(active_games.size()));
  for (const std::string& game : active_games) append_text(out, game);
  append_text(out, extension);
  append_rest(out, rest);
}

std::optional<Snapshot> decode_snapshot(std::string_view bytes) {
  ByteReader reader(bytes);
  const std::uint8_t version = reader.u8();
  if (version < kVersion1 || version > kVersion) return std::nullopt;
  Snapshot snapshot;
  snapshot.last_active = reader.safe_integer();
  if (version == kVersion2) snapshot.logout_at_s = reader.safe_integer();
  const std::uint32_t count = reader.count(sizeof(std::uint32_t));
  snapshot.active_games.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) snapshot.active_games.emplace_back(reader.text());
  if (version >= kVersion) {
    if (reader.has_more()) snapshot.extension = reader.text();
    snapshot.rest = reader.rest();
  }
  if (!reader.finished()) return std::nullopt;
  return snapshot;
}

void encode_logout(const Logout& logout, std::string& out) {
  append_u8(out, kLogoutVersion);
  append_i64(out, logout.at_s);
  append_i64(out, logout.others_at_s);
  append_digest(out, logout.spared);
  append_i64(out, logout.shown_at_s);
  append_u32(out, static_cast<std::uint32_t>(logout.ended.size()));
  for (const EndedCredential& credential : logout.ended) {
    append_digest(out, credential.id);
    append_i64(out, credential.issued_until_s);
  }
  append_rest(out, logout.rest);
}

std::optional<Logout> decode_logout(std::string_view bytes) {
  ByteReader reader(bytes);
  const std::uint8_t version = reader.u8();
  Logout logout;
  logout.at_s = reader.second();
  if (version >= kFirstLogoutVersion && version < kLogoutVersion) {
    const bool is_any_ended = reader.has_more() && reader.u32() > 0;
    return reader.finished() && !is_any_ended ? std::optional(logout) : std::nullopt;
  }
  logout.others_at_s = reader.second();
  logout.spared = reader.digest();
  logout.shown_at_s = reader.second();
  logout.ended.resize(reader.count(kEndedBytes));
  for (EndedCredential& credential : logout.ended) {
    credential.id = reader.digest();
    credential.issued_until_s = reader.second();
  }
  logout.rest = reader.rest();
  const bool is_sound = !reader.failed() && logout.ended.size() <= kEndedMax;
  if (version != kLogoutVersion || !is_sound) return std::nullopt;
  return logout;
}

}  // namespace user_session
