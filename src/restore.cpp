// The waking of an instance: rows and attachments become a User. commit.h defines the words. When
// something is written is decided in commit.cpp; write_extension is here, beside its reader.
#include <algorithm>
#include <utility>

#include "commit.h"
#include "format/bytes.h"
#include "format/snapshot.h"
#include "limits.h"

namespace user_session {
namespace {

// Format of the extension that is written, and that of release 0.1.0. New fields need no other
// number: a release that meets one it doesn't know keeps the extension as it is while it has
// nothing to write in its place, and what it sends meanwhile is missing from the places in it.
constexpr std::uint8_t kExtensionVersion = 3;
constexpr std::uint8_t kOldExtensionVersion = 2;

constexpr std::string_view kConnectAgain = "connect again";

// Reads the extension of release 0.1.0, behind its version. Only the devices are taken: nobody has
// a place or a run from that release. Returns false if it is damaged.
bool restore_old_extension(ByteReader& reader, RememberedDevices& devices) {
  // A hash of the games, whether the row was whole, when a device was there, and the journal.
  reader.i64();
  reader.u8();
  reader.i64();
  for (int i = 0; i < 2; ++i) reader.i64();
  reader.u8();
  reader.i64();
  reader.text();
  // Each device's requests, of three numbers each.
  constexpr std::size_t kRequestBytes = 3 * sizeof(std::int64_t);
  for (std::uint32_t left = reader.count(2 * sizeof(std::uint32_t)); left > 0; --left) {
    reader.text();
    for (std::uint32_t i = reader.count(kRequestBytes) * 3; i > 0; --i) reader.i64();
  }
  return devices.restore_old(reader) && reader.finished();
}

}  // namespace

void Persistence::write_extension(const User& user) {
  has_extension_ = true;
  std::string& out = stored_extension_;
  out.clear();
  append_u8(out, kExtensionVersion);
  append_record(out, [&] { user.sequence.encode_row(out); });
  append_record(out, [&] { user.runs.encode(out); });
  append_record(out, [&] { user.devices.encode(out); });
  append_varint(out, static_cast<std::uint64_t>(user.values.last_version()));
  append_rest(out, extension_rest_);
}

bool Persistence::restore(const Woken& event, User& user, Step& step) {
  user.id = event.user_id;
  user.sequence.seed(event.randomness);
  restore_access(event, user, step);
  const bool is_row_sound = restore_row(event, user, step);
  const bool are_rows_sound = restore_values(event, is_row_sound, user, step);
  restore_inbox(event, user, step);
  const bool is_any_gone = restore_connections(event, user, step);
  return is_any_gone || !are_rows_sound;
}

void Persistence::restore_access(const Woken& event, User& user, Step& step) {
  const auto logout = event.logout ? decode_logout(*event.logout) : Logout{};
  user.access.restore({.rates = event.rate_limits,
                       .not_before_s = event.not_before_s,
                       .clock_skew_s = event.clock_skew_s,
                       .is_nobody_checked = event.is_nobody_checked},
                      logout.value_or(Logout{}));
  if (logout) return;
  user.access.end_until(user.access.latest(step.now));
  step.effects.log("the stored logout can't be read: it is taken to have been now");
}

bool Persistence::restore_row(const Woken& event, User& user, Step& step) {
  if (!event.snapshot) {
    if (event.legacy) restore_legacy(*event.legacy, user, step);
    return true;
  }
  auto snapshot = decode_snapshot(*event.snapshot);
  if (!snapshot) {
    step.effects.quarantine();
    step.effects.log(
        "the stored session is damaged or of an unknown version: it is kept aside, and the session "
        "starts empty");
    return false;
  }
  const std::int64_t logout_at_s = snapshot->logout_at_s;
  if (logout_at_s > user.access.logout().at_s) user.access.end_until(logout_at_s);
  user.last_active = stored_last_active_ = snapshot->last_active;
  user.games.restore(std::move(snapshot->active_games));
  stored_extension_ = std::move(snapshot->extension);
  snapshot_rest_ = std::move(snapshot->rest);
  return restore_extension(user, step);
}

void Persistence::restore_legacy(const Legacy& legacy, User& user, Step& step) {
  for (const std::string_view game : legacy.games) {
    if (!game.empty() && !user.games.has(game)) user.games.add(game);
  }
  user.touch(legacy.last_active);
  step.effects.erase();
  is_row_due_ = true;
}

bool Persistence::restore_extension(User& user, Step& step) {
  if (stored_extension_.empty()) return true;
  ByteReader reader(stored_extension_);
  const std::uint8_t version = reader.u8();
  bool is_sound = true;
  if (version == kOldExtensionVersion) {
    is_sound = restore_old_extension(reader, user.devices);
  } else if (version == kExtensionVersion) {
    has_extension_ = true;
    ByteReader sequence(reader.text());
    is_sound = user.sequence.restore_row(sequence);
    if (reader.has_more()) {
      ByteReader runs(reader.text());
      is_sound = user.runs.restore(runs) && is_sound;
    }
    if (reader.has_more()) {
      ByteReader devices(reader.text());
      is_sound = user.devices.restore(devices) && is_sound;
    }
    if (reader.has_more()) stored_version_ = static_cast<std::int64_t>(reader.varint());
    user.values.note_version(stored_version_);
    is_sound = is_sound && !reader.failed();
    extension_rest_ = reader.rest();
  }
  if (is_sound) return true;
  step.effects.log("what is stored of the devices of version 2 is damaged: they start over");
  user.sequence.forget_damaged();
  user.runs.forget();
  user.devices.forget();
  return false;
}

void Persistence::restore_inbox(const Woken& event, User& user, Step& step) {
  bool is_sound = !event.inbox || user.inbox.restore(*event.inbox);
  if (event.kept) is_sound = user.inbox.restore_kept(*event.kept) && is_sound;
  for (const WokenMessage& message : event.messages) {
    is_sound = user.inbox.restore_message(message.slot, message.bytes) && is_sound;
  }
  user.inbox.finish_restoring();
  if (!is_sound) step.effects.log("a row of the inbox is damaged: what it had is lost");
}

bool Persistence::restore_values(const Woken& event, bool is_row_sound, User& user, Step& step) {
  Values::Restored newest;
  bool is_sound = is_row_sound;
  for (const WokenValue& woken : event.values) {
    const auto row = user.values.restore(woken.slot, woken.header, woken.text_size);
    if (!row) {
      is_sound = false;
      step.effects.quarantine_value(woken.slot);
      step.effects.log(
          "the row of a value is damaged or of an unknown version: it is kept aside, and devices "
          "start over");
    }
    if (!row || row->version <= stored_version_) continue;
    if (row->request.number > 0) user.runs.note_done(row->request);
    if (row->version > newest.version) newest = *row;
  }
  // The carrier's attachment knows of these requests.
  user.runs.note_attached();
  if (is_sound && newest.version > 0) {
    ByteReader head(newest.head);
    is_sound = user.sequence.restore_head(head);
    if (!is_sound) {
      step.effects.log("what the row of a value says of the frames is damaged: devices start over");
    }
  }
  if (is_sound || event.values.empty()) return is_sound;
  // The rows no longer say together what went out, so no place of before is good. The snapshot says
  // so from now on, whatever the rows of the values say.
  user.sequence.forget_damaged();
  is_row_due_ = true;
  return false;
}

bool Persistence::restore_connections(const Woken& event, User& user, Step& step) {
  const bool is_carried = restore_carrier(event, user);
  bool is_any_gone = event.is_any_lost;
  bool is_any_lost = false;
  for (const WokenConnection& woken : event.connections) {
    user.touch(woken.heartbeat);
    const auto attachment = decode_attachment(woken.attachment);
    if (!attachment) {
      // Nobody knows any more whose connection this is.
      step.effects.expel(woken.connection, kTryAgainCode, kConnectAgain);
      is_any_gone = is_any_lost = true;
    } else if (user.access.is_ended(attachment->credential)) {
      step.effects.expel(woken.connection, kLogoutCode, kLogoutReason);
      is_any_gone = true;
    } else {
      restore_connection(woken, *attachment, user, step.now);
    }
  }
  if (user.connections.count() == 0) user.presence = Presence::kOffline;
  if (is_any_lost) step.effects.log("the attachment of a connection is damaged: it is closed");
  user.sequence.note_counted(user.values.newest_seq());
  if (user.sequence.finish_restoring(is_carried)) {
    user.runs.forget_not_done();
    // The numbers go back, which the devices that are here must be told.
    is_any_gone = true;
  }
  const TimeMs attached_at = clock_at_attaching_;
  const bool is_any_attached = carrier_ != kNoConnection;
  // No connection has gone on through a sleep, so there is no sleep to count.
  const bool is_new = !is_any_attached || user.connections.count() == 0;
  user.meter.wake(step.now, user.last_active, event.is_measured, is_new);
  if (is_new) return is_any_gone;
  user.meter.add(Counter::kAsleepMs, std::max<TimeMs>(0, step.now - attached_at));
  const auto& sockets = event.connections;
  user.meter.add(Counter::kHeartbeatsAsleep,
                 std::count_if(sockets.begin(), sockets.end(), [&](const WokenConnection& woken) {
                   return woken.heartbeat > attached_at;
                 }));
  return is_any_gone;
}

bool Persistence::restore_carrier(const Woken& event, User& user) {
  std::optional<Attachment> newest;
  for (const WokenConnection& woken : event.connections) {
    const auto attachment = decode_attachment(woken.attachment);
    if (!attachment || (newest && attachment->order <= newest->order)) continue;
    newest = attachment;
    carrier_ = woken.connection;
  }
  return newest && restore_carried(*newest, user);
}

bool Persistence::restore_carried(const Attachment& attachment, User& user) {
  order_ = attachment.order;
  user.presence = attached_presence_ = attachment.presence;
  attached_last_active_ = attachment.last_active;
  clock_at_attaching_ = attachment.attached_at;
  user.meter.restore(attachment.metrics, attachment.counted_since);
  user.touch(attachment.last_active);
  metrics_rest_ = attachment.metrics_rest;
  user_rest_ = attachment.user_rest;
  shared_rest_.clear();
  if (attachment.shared.empty()) return false;
  ByteReader reader(attachment.shared);
  ByteReader sequence(reader.text());
  bool is_sound = user.sequence.restore_attached(sequence);
  user.runs.forget();
  if (reader.has_more()) {
    ByteReader runs(reader.text());
    is_sound = user.runs.restore(runs) && is_sound;
  }
  shared_rest_ = reader.rest();
  is_sound = is_sound && !reader.failed() && shared_rest_.size() <= kRestBytesMax;
  if (is_sound) return true;
  user.runs.forget();
  user.sequence.forget_damaged();
  return false;
}

void Persistence::restore_connection(const WokenConnection& woken, const Attachment& attachment,
                                     User& user, TimeMs now) {
  // The first connection would make the user online, but the newest attachment says what is right.
  const Presence presence = user.presence;
  Connection& connection = user.open(woken.connection, attachment.device_id, attachment.version);
  user.presence = presence;
  connection.tab_id = attachment.tab_id;
  connection.run = attachment.run;
  connection.rest = attachment.rest;
  connection.presence = attachment.device_presence;
  connection.connected_at = attachment.connected_at;
  connection.seen_at = attachment.seen_at;
  connection.heartbeat_at = woken.heartbeat;
  connection.is_attached = true;
  connection.attached_presence = connection.presence;
  connection.attached_seen_at = attachment.seen_at;
  user.connections.grant(connection, attachment.credential);
  user.access.note_shown(attachment.credential, now);
}

}  // namespace user_session
