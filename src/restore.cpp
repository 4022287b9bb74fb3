// The waking of an instance: rows and attachments become a User. commit.h defines the words. When
// something is written is decided in commit.cpp; write_extension is here, beside its reader.
#include <algorithm>
#include <utility>

#include "commit.h"
#include "format/hash.h"
#include "format/snapshot.h"
#include "limits.h"

namespace user_session {
namespace {

// Format of the extension, the part of the snapshot that only version 2 of the protocol needs. A
// release that does not know this number leaves the extension alone. Format 1 was never released.
constexpr std::uint8_t kExtensionVersion = 2;

constexpr std::string_view kConnectAgain = "connect again";

// Returns a hash of the games, which the extension holds. An earlier release of this server, which
// may run after a roll-back, changes the games without the sequence and writes the extension back
// as it was. The hash then no longer fits, which shows that the stored sequence has missed changes.
std::int64_t fingerprint(const std::vector<std::string>& games) {
  std::uint64_t hash = hash_of({});
  // The end of each game is hashed too, since "ab", "c" is another list than "a", "bc".
  constexpr std::string_view kEnd("\0", 1);
  for (const std::string& game : games) hash = hash_of(kEnd, hash_of(game, hash));
  return static_cast<std::int64_t>(hash);
}

// Reads what an attachment carries for devices of version 2: the sequence and the requests that are
// done. Returns false if it is damaged.
bool restore_shared(const Attachment& attachment, User& user) {
  if (attachment.shared.empty()) return true;
  ByteReader reader(attachment.shared);
  Journal carried;
  const bool is_sound = user.sequence.restore_attached(reader, carried) &&
                        user.idempotency.restore(attachment.device_id, reader) && reader.finished();
  if (is_sound) user.sequence.advance_to(std::move(carried));
  return is_sound;
}

// Closes the connections of version 2 when there is no sequence: nobody could count their frames.
void expel_uncounted(User& user, Step& step) {
  user.connections.each([&](ConnectionId id, const Connection& connection) {
    if (connection.version != ProtocolVersion::kVersion2) return;
    user.close(id, step.now);
    step.effects.expel(id, kTryAgainCode, kConnectAgain);
  });
}

}  // namespace

void Persistence::write_extension(const User& user, TimeMs now, std::string& out) {
  out.clear();
  append_u8(out, kExtensionVersion);
  append_i64(out, fingerprint(user.games.list()));
  user.sequence.encode_row(now, user.connections.count() > 0, out);
  user.idempotency.encode(Idempotency::kRow, now, out);
  user.devices.encode(out);
}

void Persistence::restore(const Woken& event, User& user, Step& step) {
  user.id = event.user_id;
  restore_access(event, user, step);
  restore_row(event, user, step);
  if (event.kept && !user.kept.restore(*event.kept)) {
    step.effects.log("the kept pushes are damaged: they are lost");
  }
  restore_connections(event, user, step);
}

void Persistence::restore_access(const Woken& event, User& user, Step& step) {
  const auto logout = event.logout ? decode_logout(*event.logout) : Logout{};
  user.access.restore(event.rate_limits, logout.value_or(Logout{}));
  user.access.refuse_before(event.not_before_s);
  if (logout) return;
  user.access.end_until(step.now / kMsPerSecond);
  step.effects.log("the stored logout is damaged: it is taken to have been now");
}

void Persistence::restore_row(const Woken& event, User& user, Step& step) {
  if (!event.snapshot) {
    if (event.legacy) restore_legacy(*event.legacy, user, step);
    return;
  }
  auto snapshot = decode_snapshot(*event.snapshot);
  if (!snapshot) {
    step.effects.quarantine();
    step.effects.log(
        "the stored session is damaged or of an unknown version: it is kept aside, and the session "
        "starts empty");
    return;
  }
  const std::int64_t logout_at_s = snapshot->logout_at_s;
  if (logout_at_s > user.access.logout().at_s) user.access.end_until(logout_at_s);
  user.last_active = stored_last_active_ = snapshot->last_active;
  user.games.restore(std::move(snapshot->active_games));
  stored_extension_ = std::move(snapshot->extension);
  restore_extension(user, step);
}

void Persistence::restore_legacy(const Legacy& legacy, User& user, Step& step) {
  for (const std::string_view game : legacy.games) {
    if (!game.empty() && !user.games.has(game)) user.games.add(game);
  }
  user.touch(legacy.last_active);
  step.effects.erase();
  is_row_due_ = true;
}

void Persistence::restore_extension(User& user, Step& step) {
  if (stored_extension_.empty()) return;
  ByteReader reader(stored_extension_);
  if (reader.u8() != kExtensionVersion) return;
  const bool has_same_games = reader.i64() == fingerprint(user.games.list());
  if (!user.sequence.restore_row(reader) || !user.idempotency.restore(Idempotency::kRow, reader) ||
      !user.devices.restore(reader) || !reader.finished()) {
    step.effects.log("what is stored of the devices of version 2 is damaged: they start over");
    user.sequence.distrust_row();
    user.idempotency = {};
    user.devices.forget();
    return;
  }
  if (!has_same_games) user.sequence.distrust_row();
  user.sequence.note_row_restored();
}

void Persistence::restore_connections(const Woken& event, User& user, Step& step) {
  bool is_any_lost = false;
  bool is_any_ended = false;
  for (const WokenConnection& woken : event.connections) {
    user.touch(woken.heartbeat);
    const auto attachment = decode_attachment(woken.attachment);
    if (!attachment || !restore_shared(*attachment, user)) {
      // Nobody knows any more whose connection this is, or which frames it carried.
      step.effects.expel(woken.connection, kTryAgainCode, kConnectAgain);
      is_any_lost = true;
    } else if (user.access.is_ended(attachment->credential)) {
      step.effects.expel(woken.connection, kLogoutCode, kLogoutReason);
      is_any_ended = true;
    } else {
      restore_connection(woken, *attachment, user);
    }
  }
  user.sequence.finish_restoring();
  const TimeMs attached_at = clock_at_attaching_;
  const bool is_any_attached = carrier_ != kNoConnection;
  if (is_any_lost) {
    step.effects.log("the attachment of a connection is damaged: it is closed");
    // The lost attachment may have been the only one with the newest sequence number.
    if (user.sequence.is_running()) user.sequence.stop();
  }
  // The newest sequence may stand only in the attachment of an expelled connection. Commit attaches
  // to a connection that stays when there is no carrier.
  if (is_any_ended && user.sequence.is_running()) carrier_ = kNoConnection;
  if (!user.sequence.is_running()) expel_uncounted(user, step);
  // No connection has gone on through a sleep, so there is no sleep to count.
  const bool is_new = !is_any_attached || user.connections.count() == 0;
  user.meter.wake(step.now, user.last_active, event.is_measured, is_new);
  if (is_new) return;
  user.meter.add(Counter::kAsleepMs, std::max<TimeMs>(0, step.now - attached_at));
  const auto& sockets = event.connections;
  user.meter.add(Counter::kHeartbeatsAsleep,
                 std::count_if(sockets.begin(), sockets.end(), [&](const WokenConnection& woken) {
                   return woken.heartbeat > attached_at;
                 }));
}

void Persistence::restore_connection(const WokenConnection& woken, const Attachment& attachment,
                                     User& user) {
  Connection& connection = user.open(woken.connection, attachment.device_id, attachment.version);
  connection.tab_id = attachment.tab_id;
  connection.presence = attachment.device_presence;
  connection.connected_at = attachment.connected_at;
  connection.seen_at = attachment.seen_at;
  connection.heartbeat_at = woken.heartbeat;
  connection.is_attached = true;
  connection.attached_presence = connection.presence;
  connection.attached_seen_at = attachment.seen_at;
  user.connections.grant(connection, attachment.credential);
  user.access.note_shown(attachment.credential);
  if (attachment.order <= order_) return;
  order_ = attachment.order;
  carrier_ = woken.connection;
  user.presence = attached_presence_ = attachment.presence;
  attached_last_active_ = attachment.last_active;
  clock_at_attaching_ = attachment.attached_at;
  user.meter.restore(attachment.metrics, attachment.counted_since);
  user.touch(attachment.last_active);
}

}  // namespace user_session
