#include "snapshot.h"

#include "bytes.h"

namespace user_session {
namespace {

// Raise it with any change of the format, and keep reading every earlier one.
constexpr std::uint8_t kVersion = 2;
// Had no logout.
constexpr std::uint8_t kVersion1 = 1;

}  // namespace

void encode_snapshot(const std::vector<std::string>& active_games, TimeMs last_active,
                     std::int64_t logout_at_s, std::string& out) {
  append_u8(out, kVersion);
  append_i64(out, last_active);
  append_i64(out, logout_at_s);
  append_u32(out, static_cast<std::uint32_t>(active_games.size()));
  for (const std::string& game : active_games) append_text(out, game);
}

std::optional<Snapshot> decode_snapshot(std::string_view bytes) {
  ByteReader reader(bytes);
  const std::uint8_t version = reader.u8();
  if (version != kVersion && version != kVersion1) return std::nullopt;
  Snapshot snapshot;
  snapshot.last_active = reader.i64();
  if (version != kVersion1) snapshot.logout_at_s = reader.i64();
  const std::uint32_t count = reader.count(sizeof(std::uint32_t));
  snapshot.active_games.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) snapshot.active_games.emplace_back(reader.text());
  if (!reader.finished()) return std::nullopt;
  return snapshot;
}

}  // namespace user_session
