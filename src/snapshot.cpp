#include "snapshot.h"

#include "bytes.h"

namespace user_session {
namespace {

// Raise it when `extension` is not enough for a change, and keep reading every earlier one.
constexpr std::uint8_t kVersion = 3;
// Had the logout among its fields and no extension.
constexpr std::uint8_t kVersion2 = 2;
// Had neither.
constexpr std::uint8_t kVersion1 = 1;

constexpr std::uint8_t kLogoutVersion = 1;

}  // namespace

void encode_snapshot(const Snapshot& snapshot, std::string& out) {
  append_u8(out, kVersion);
  append_i64(out, snapshot.last_active);
  append_u32(out, static_cast<std::uint32_t>(snapshot.active_games.size()));
  for (const std::string& game : snapshot.active_games) append_text(out, game);
  append_text(out, snapshot.extension);
}

std::optional<Snapshot> decode_snapshot(std::string_view bytes) {
  ByteReader reader(bytes);
  const std::uint8_t version = reader.u8();
  if (version < kVersion1 || version > kVersion) return std::nullopt;
  Snapshot snapshot;
  snapshot.last_active = reader.time();
  if (version == kVersion2) snapshot.logout_at_s = reader.time();
  const std::uint32_t count = reader.count(sizeof(std::uint32_t));
  snapshot.active_games.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) snapshot.active_games.emplace_back(reader.text());
  if (version >= kVersion) snapshot.extension = reader.text();
  if (!reader.finished()) return std::nullopt;
  return snapshot;
}

void encode_logout(std::int64_t logout_at_s, std::string& out) {
  append_u8(out, kLogoutVersion);
  append_i64(out, logout_at_s);
}

std::optional<std::int64_t> decode_logout(std::string_view bytes) {
  ByteReader reader(bytes);
  const std::uint8_t version = reader.u8();
  const std::int64_t logout_at_s = reader.time();
  if (!reader.finished() || version != kLogoutVersion || logout_at_s < 0) return std::nullopt;
  return logout_at_s;
}

}  // namespace user_session
