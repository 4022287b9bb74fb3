// When frames are counted and what of the count survives; the argument is in sequence.h and in
// docs/resume.md.
#include "state/sequence.h"

#include <algorithm>
#include <utility>

#include "format/hash.h"
#include "limits.h"

namespace user_session {

// Counting

void Sequence::begin(TimeMs now) {
  journal_.begin(now);
  stored_position_ = {};
  surviving_seq_ = 0;
  is_row_whole_ = true;
}

void Sequence::stop() {
  journal_.stop();
  is_row_whole_ = true;
  is_unstored_ = true;
}

void Sequence::forget(TimeMs now, const Connections& connections) {
  const bool goes_on = is_running() && connections.count() > 0;
  begin(now);
  if (!goes_on) journal_.stop();
}

bool Sequence::keep_counting(TimeMs now, const Connections& connections) {
  if (!is_running()) return false;
  if (connections.v2_count() > 0 || now - v2_seen_at_ <= kAwaitedMs) return true;
  stop();
  return false;
}

void Sequence::count_frame(std::string_view frame, TimeMs now, const Connections& connections) {
  if (!keep_counting(now, connections)) return;
  journal_.add_frame(frame);
  leave_row_behind(connections);
}

void Sequence::count_state(TimeMs now, const Connections& connections) {
  if (!keep_counting(now, connections)) return;
  journal_.skip();
  leave_row_behind(connections);
}

void Sequence::count_joined(std::string_view game_id, std::size_t frame_bytes, TimeMs now,
                            const Connections& connections) {
  if (keep_counting(now, connections)) journal_.add_joined(game_id, frame_bytes);
}

void Sequence::count_left(std::string_view game_id, std::size_t place, std::size_t frame_bytes,
                          TimeMs now, const Connections& connections) {
  if (keep_counting(now, connections)) journal_.add_left(game_id, place, frame_bytes);
}

void Sequence::count_stored(TimeMs now, const Connections& connections) {
  if (keep_counting(now, connections)) journal_.skip();
}

void Sequence::leave_row_behind(const Connections& connections) {
  if (connections.count() > 0 && !is_row_whole_) return;
  is_row_whole_ = connections.count() == 0;
  is_unstored_ = true;
}

// Devices that may come back

void Sequence::note_gone(std::string_view device_id, TimeMs now) {
  note_back(device_id);
  if (missing_.size() == kMissingMax) missing_.erase(missing_.begin());
  missing_.push_back({.device = hash_of(device_id), .gone_at = now});
}

void Sequence::note_back(std::string_view device_id) {
  const std::uint64_t device = hash_of(device_id);
  std::erase_if(missing_, [&](const Missing& missing) { return missing.device == device; });
}

// Rows and attachments

bool Sequence::is_row_behind() const {
  return is_running() && (!is_row_whole_ || stored_position_ != head());
}

bool Sequence::is_unsaved() const { return is_running() && head().seq > surviving_seq_; }

void Sequence::note_stored() {
  stored_position_ = head();
  surviving_seq_ = stored_position_.seq;
  is_unstored_ = false;
}

// The more, the likelier it is to be needed.
void Sequence::encode_journal(TimeMs now, bool is_anyone_here, std::string& out) const {
  const bool is_any_missing =
      std::any_of(missing_.begin(), missing_.end(),
                  [&](const Missing& missing) { return now - missing.gone_at <= kAwaitedMs; });
  if (!is_anyone_here) {
    journal_.encode(kJournalStoredBytesMax, out);
  } else if (is_any_missing) {
    journal_.encode(kJournalAttachedBytesMax, out);
  } else {
    journal_.encode_recent(out);
  }
}

void Sequence::encode_row(TimeMs now, bool is_anyone_here, std::string& out) const {
  append_u8(out, is_row_whole_ ? 1 : 0);
  append_i64(out, v2_seen_at_);
  encode_journal(now, is_anyone_here, out);
}

void Sequence::encode_attached(TimeMs now, std::string& out) const {
  append_i64(out, v2_seen_at_);
  append_u32(out, static_cast<std::uint32_t>(missing_.size()));
  for (const Missing& missing : missing_) {
    append_i64(out, static_cast<std::int64_t>(missing.device));
    append_i64(out, missing.gone_at);
  }
  encode_journal(now, true, out);
}

bool Sequence::restore_row(ByteReader& reader) {
  is_row_whole_ = reader.flag();
  v2_seen_at_ = reader.safe_integer();
  return journal_.restore(reader);
}

bool Sequence::restore_attached(ByteReader& reader, Journal& carried) {
  v2_seen_at_ = std::max(v2_seen_at_, reader.safe_integer());
  std::vector<Missing> missing(reader.count(2 * sizeof(std::int64_t)));
  for (Missing& one : missing) {
    one.device = static_cast<std::uint64_t>(reader.i64());
    one.gone_at = reader.safe_integer();
  }
  if (missing.size() > kMissingMax) return false;
  if (missing_.size() < missing.size()) missing_ = std::move(missing);
  return carried.restore(reader);
}

void Sequence::advance_to(Journal carried) {
  carried_epoch_ = std::max(carried_epoch_, carried.head().epoch);
  journal_.advance_to(std::move(carried));
}

// A row that does not tell all is believed only beside an attachment of the same epoch: after a
// crash there is none.
void Sequence::finish_restoring() {
  if (!is_row_whole_ && carried_epoch_ != head().epoch) journal_.stop();
  surviving_seq_ = head().seq;
}

}  // namespace user_session
