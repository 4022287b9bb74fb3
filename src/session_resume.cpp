// How devices of version 2 miss nothing: the count of what goes to all, what of it survives what,
// and the requests that are done only once.
//
// While a device is connected its socket's attachment carries the count, exact after each step.
// When nobody is, the stored row does. In between the row can only say whether it still tells the
// truth: the first frame that it does not know costs a row that says so, and the last device that
// leaves one that is right again. So after a crash a row that says that it tells all can be
// believed, and after any other the count can't be continued: a new epoch begins. Changes of games
// write their rows anyway, with the count in them.
#include <algorithm>

#include "hash.h"
#include "limits.h"
#include "session.h"

namespace user_session {
namespace {

// The first was never released.
constexpr std::uint8_t kExtensionVersion = 2;

// The games that a count was stored with. A server of an earlier version keeps the count and
// changes the games.
std::int64_t fingerprint(const std::vector<std::string>& games) {
  std::uint64_t hash = hash_of({});
  // With what ends each: "ab", "c" is another list than "a", "bc".
  constexpr std::string_view kEnd("\0", 1);
  for (const std::string& game : games) hash = hash_of(kEnd, hash_of(game, hash));
  return static_cast<std::int64_t>(hash);
}

}  // namespace

// Counting

bool Session::continue_count() {
  if (!journal_.is_running()) return false;
  if (v2_count_ > 0 || now_ - v2_seen_at_ <= kAwaitedMs) return true;
  stop_count();
  return false;
}

void Session::stop_count() {
  journal_.stop();
  is_count_stored_ = true;
  is_row_due_ = true;
}

void Session::count_frame(std::string_view frame) {
  if (!continue_count()) return;
  journal_.add_frame(frame);
  leave_stored_count();
}

void Session::count_state() {
  if (!continue_count()) return;
  journal_.skip();
  leave_stored_count();
}

void Session::leave_stored_count() {
  if (open_count_ > 0 && !is_count_stored_) return;
  is_count_stored_ = open_count_ == 0;
  is_row_due_ = true;
}

void Session::begin_count() {
  journal_.begin(now_);
  stored_position_ = {};
  surviving_seq_ = 0;
  is_count_stored_ = true;
}

void Session::forget_count(std::string_view frame, EffectList& effects) {
  const bool goes_on = journal_.is_running() && open_count_ > 0;
  begin_count();
  if (!goes_on) journal_.stop();
  // Each of them may carry some of what is to be forgotten.
  for (Connection& connection : connections_) connection.is_attached = false;
  numbered_ = frame;
  add_position(numbered_, journal_.head(), false);
  send_by_version(frame, numbered_, effects);
}

// Sending

void Session::send_to_all(std::string_view frame, std::string_view v2_frame, EffectList& effects) {
  numbered_.clear();
  if (v2_count_ > 0) {
    numbered_ = v2_frame;
    add_seq(numbered_, journal_.head().seq);
  }
  send_by_version(frame, numbered_, effects);
}

void Session::send_by_version(std::string_view frame, std::string_view v2_frame,
                              EffectList& effects) {
  if (v2_count_ == 0) return effects.send_to_all(frame);
  if (v2_count_ == open_count_) return effects.send_to_all(v2_frame);
  send_to(ProtocolVersion::kVersion1, frame, effects);
  send_to(ProtocolVersion::kVersion2, v2_frame, effects);
}

void Session::send_to(ProtocolVersion version, std::string_view frame, EffectList& effects,
                      ConnectionId except) {
  for (ConnectionId id = 0; id < connections_.size(); ++id) {
    const Connection& connection = connections_[id];
    if (connection.is_open && connection.version == version && id != except) {
      effects.send(id, frame);
    }
  }
}

void Session::resume(const Connected& event, EffectList& effects) {
  note_back(event.device_id);
  const bool has_been_here = event.since.epoch != 0;
  const bool is_exact = has_been_here && journal_.reaches(event.since);
  write_initial_state(out_, initial_state_view(), event.device_id);
  out_.back() = ',';
  out_ += "\"devices\":";
  append_devices(out_, event.device_id);
  out_ += '}';
  add_position(out_, journal_.head(), has_been_here && !is_exact);
  effects.send(event.connection, out_);
  if (is_exact) {
    for (Journal::Missed& missed : journal_.missed(event.since, stored_.active_games)) {
      add_seq(missed.frame, missed.seq);
      effects.send(event.connection, missed.frame);
    }
  }
  give_kept(event, is_exact, effects);
}

// Requests

void Session::note_done(ConnectionId sender) {
  if (request_id_.empty() || !is_open(sender)) return;
  request_seq_ = journal_.head().seq;
  idempotency_.add(connections_[sender].device_id, request_id_, *request_seq_,
                   is_credential_shared_, now_);
}

// What survives

void Session::write_extension(std::string& out) const {
  append_u8(out, kExtensionVersion);
  append_i64(out, fingerprint(stored_.active_games));
  append_u8(out, is_count_stored_ ? 1 : 0);
  append_i64(out, v2_seen_at_);
  write_journal(out);
  idempotency_.encode(Idempotency::kRow, now_, out);
  remembered_.encode(out);
}

void Session::restore_extension(EffectList& effects) {
  if (stored_.extension.empty()) return;
  ByteReader reader(stored_.extension);
  if (reader.u8() != kExtensionVersion) return;
  const bool has_same_games = reader.i64() == fingerprint(stored_.active_games);
  is_count_stored_ = reader.flag();
  v2_seen_at_ = reader.safe_integer();
  if (!journal_.restore(reader) || !idempotency_.restore(Idempotency::kRow, reader) ||
      !remembered_.restore(reader) || !reader.finished()) {
    effects.log("what is stored of the devices of version 2 is damaged: they start over");
    journal_.stop();
    idempotency_ = {};
    remembered_.forget();
    return;
  }
  if (!has_same_games) journal_.stop();
  stored_position_ = journal_.head();
}

void Session::note_gone(std::string_view device_id) {
  note_back(device_id);
  if (missing_.size() == kMissingMax) missing_.erase(missing_.begin());
  missing_.push_back({.device = hash_of(device_id), .gone_at = now_});
}

void Session::note_back(std::string_view device_id) {
  const std::uint64_t device = hash_of(device_id);
  std::erase_if(missing_, [&](const Missing& missing) { return missing.device == device; });
}

// The more, the likelier it is to be needed.
void Session::write_journal(std::string& out) const {
  const bool is_any_missing =
      std::any_of(missing_.begin(), missing_.end(),
                  [&](const Missing& missing) { return now_ - missing.gone_at <= kAwaitedMs; });
  if (open_count_ == 0) {
    journal_.encode(kJournalStoredBytesMax, out);
  } else if (is_any_missing) {
    journal_.encode(kJournalAttachedBytesMax, out);
  } else {
    journal_.encode_recent(out);
  }
}

void Session::write_shared(ConnectionId connection, std::string& out) const {
  append_i64(out, v2_seen_at_);
  append_u32(out, static_cast<std::uint32_t>(missing_.size()));
  for (const Missing& missing : missing_) {
    append_i64(out, static_cast<std::int64_t>(missing.device));
    append_i64(out, missing.gone_at);
  }
  write_journal(out);
  idempotency_.encode(connections_[connection].device_id, now_, out);
}

bool Session::restore_shared(const Attachment& attachment) {
  if (attachment.shared.empty()) return true;
  ByteReader reader(attachment.shared);
  v2_seen_at_ = std::max(v2_seen_at_, reader.safe_integer());
  std::vector<Missing> missing(reader.count(2 * sizeof(std::int64_t)));
  for (Missing& one : missing) {
    one.device = static_cast<std::uint64_t>(reader.i64());
    one.gone_at = reader.safe_integer();
  }
  if (missing.size() > kMissingMax) return false;
  if (missing_.size() < missing.size()) missing_ = std::move(missing);
  Journal carried;
  if (!carried.restore(reader) || !idempotency_.restore(attachment.device_id, reader) ||
      !reader.finished()) {
    return false;
  }
  carried_epoch_ = std::max(carried_epoch_, carried.head().epoch);
  journal_.advance_to(std::move(carried));
  return true;
}

// A row that does not tell all is believed only beside an attachment of the same epoch: after a
// crash there is none.
void Session::restore_count() {
  if (!is_count_stored_ && carried_epoch_ != journal_.head().epoch) journal_.stop();
  surviving_seq_ = journal_.head().seq;
}

}  // namespace user_session
