// Epochs and places, and their stored form; see sequence.h.
#include "state/sequence.h"

#include <algorithm>
#include <utility>

#include "digest.h"
#include "json/frame.h"
#include "limits.h"

namespace user_session {
namespace {

// An epoch's name has 41 bits of the time in milliseconds, which begin anew in 2039 and every 69
// years, and 12 random ones, so that it is a number that JavaScript has exactly.
constexpr unsigned kRandomBits = 12;
constexpr std::uint64_t kTimeMask = (std::uint64_t{1} << 41U) - 1;

constexpr std::size_t kMissingBytes = sizeof(Digest) + 8;

// Returns the next number of a generator that begins at `state` (SplitMix64, by Sebastiano Vigna,
// prng.di.unimi.it).
std::uint64_t next_random(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111eb;
  return z ^ (z >> 31U);
}

}  // namespace

// Places

template <typename Take>
std::size_t Sequence::each_complete(Take take) const {
  std::size_t count = 0;
  ByteReader records(complete_);
  while (records.has_more()) {
    const std::size_t begin = records.position();
    ByteReader fields(records.text());
    const std::int64_t epoch = fields.safe_integer();
    take(begin, epoch, fields.has_more() ? fields.safe_integer() : 0);
    ++count;
  }
  return count;
}

Position Sequence::head() const {
  std::int64_t epoch = open_;
  if (epoch == 0) {
    each_complete([&](std::size_t, std::int64_t complete, std::int64_t) { epoch = complete; });
  }
  return {.epoch = epoch, .seq = epoch == 0 ? 0 : journal_.last()};
}

bool Sequence::reaches(Position since) const {
  std::int64_t last_known = open_ == since.epoch ? journal_.last() : -1;
  each_complete([&](std::size_t, std::int64_t epoch, std::int64_t last) {
    if (epoch == since.epoch) last_known = last;
  });
  return since.seq <= last_known && since.seq >= journal_.reach();
}

// Epochs

std::int64_t Sequence::new_epoch(TimeMs now) {
  const std::uint64_t time = static_cast<std::uint64_t>(now) & kTimeMask;
  const std::uint64_t random = next_random(random_) >> (64U - kRandomBits);
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(time << kRandomBits | random));
}

void Sequence::begin(TimeMs now) {
  open_ = new_epoch(now);
  is_open_announced_ = false;
  is_cut_short_ = false;
  is_unstored_ = is_unattached_ = true;
}

void Sequence::complete() {
  append_record(complete_, [&] {
    append_i64(complete_, open_);
    append_i64(complete_, journal_.last());
    append_rest(complete_, {});
  });
  std::size_t second = 0;
  const std::size_t count = each_complete([&](std::size_t begin, std::int64_t, std::int64_t) {
    if (second == 0) second = begin;
  });
  if (count > kEpochsMax) complete_.erase(0, second);
  open_ = 0;
  is_unstored_ = is_unattached_ = true;
}

void Sequence::forget_places() {
  complete_.clear();
  open_ = 0;
  journal_.forget();
}

bool Sequence::admit_frame(TimeMs now, const Connections& connections) {
  const bool is_awaited = v2_seen_at_ != 0 && now - v2_seen_at_ <= kAwaitedMs;
  if (connections.v2_count() == 0 && !is_awaited) {
    if (is_known()) {
      forget_places();
      is_unstored_ = is_unattached_ = true;
    }
    return false;
  }
  is_unattached_ = true;
  if (open_ != 0) return true;
  // With nobody connected the frame is an epoch of its own, which finish_step completes. Nobody can
  // come back from the one before if no device was told it, so it goes, and its frames are brought
  // with the new one.
  if (connections.count() == 0) {
    if (!is_told_) {
      std::size_t newest = 0;
      each_complete([&](std::size_t begin, std::int64_t, std::int64_t) { newest = begin; });
      complete_.erase(newest);
    }
    is_told_ = false;
  }
  begin(now);
  return true;
}

void Sequence::count_frame(std::string_view frame, TimeMs now, const Connections& connections) {
  if (admit_frame(now, connections)) journal_.add_frame(frame);
}

void Sequence::count_state(TimeMs now, const Connections& connections) {
  if (admit_frame(now, connections)) journal_.skip();
}

void Sequence::count_joined(std::string_view game_id, std::size_t frame_bytes, TimeMs now,
                            const Connections& connections) {
  if (admit_frame(now, connections)) journal_.add_joined(game_id, frame_bytes);
}

void Sequence::count_left(std::string_view game_id, std::size_t place, std::size_t frame_bytes,
                          TimeMs now, const Connections& connections) {
  if (admit_frame(now, connections)) journal_.add_left(game_id, place, frame_bytes);
}

std::int64_t Sequence::count_value(TimeMs now, const Connections& connections) {
  if (!admit_frame(now, connections)) return 0;
  journal_.skip();
  return journal_.last();
}

void Sequence::count_whole(TimeMs now, const Connections& connections) {
  if (!admit_frame(now, connections)) return;
  journal_.skip();
  is_open_announced_ = is_told_ = true;
}

void Sequence::stamp(std::string& frame) {
  add_seq(frame, journal_.last(), is_open_announced_ ? 0 : open_);
  is_open_announced_ = true;
}

void Sequence::note_request(TimeMs now) {
  if (open_ == 0) begin(now);
}

void Sequence::note_connected(TimeMs now) {
  if (open_ != 0 || (!is_cut_short_ && !complete_.empty())) return;
  begin(now);
  complete();
  note_told();
}

void Sequence::note_told() {
  if (is_told_) return;
  is_told_ = is_unattached_ = true;
}

void Sequence::finish_step(bool is_anyone_here, bool was_anyone_here) {
  if (is_anyone_here) return;
  if (open_ != 0) {
    complete();
    if (was_anyone_here) is_told_ = true;
  } else if (stored_open_ == 0 && is_known()) {
    const bool is_told_news = is_told_ && !is_stored_told_;
    if (is_told_news || v2_seen_at_ - stored_v2_seen_at_ >= kLastActiveLagMs) is_unstored_ = true;
  }
}

void Sequence::clear(TimeMs now, const Connections& connections) {
  const bool is_counted = is_known() || connections.v2_count() > 0;
  forget_places();
  if (!is_counted) return;
  begin(now);
  journal_.skip();
  is_open_announced_ = true;
  is_told_ = connections.v2_count() > 0;
}

// Devices that may come back

void Sequence::note_gone(std::string_view device_id, TimeMs now) {
  note_seen(now);
  note_back(device_id);
  if (missing_.size() == kMissingMax) missing_.erase(missing_.begin());
  missing_.push_back({.device = digest_of(device_id), .gone_at = now});
  is_unattached_ = true;
}

void Sequence::note_back(std::string_view device_id) {
  const Digest device = digest_of(device_id);
  std::erase_if(missing_, [&](const Missing& missing) { return missing.device == device; });
}

bool Sequence::is_any_awaited(TimeMs now) const {
  return std::any_of(missing_.begin(), missing_.end(),
                     [&](const Missing& missing) { return now - missing.gone_at <= kAwaitedMs; });
}

// Rows and attachments

void Sequence::note_stored() {
  note_head_stored();
  is_row_outdated_ = false;
}

void Sequence::note_head_stored() {
  stored_open_ = open_;
  is_stored_told_ = is_told_;
  stored_v2_seen_at_ = v2_seen_at_;
  is_unstored_ = false;
}

void Sequence::encode_row(std::string& out) const {
  append_i64(out, open_);
  append_u8(out, is_told_ ? 1 : 0);
  append_text(out, complete_);
  // The frames of an open epoch are in the carrier's attachment, and lost if that is.
  journal_.encode(open_ == 0 ? kJournalStoredBytesMax : 0, out);
  append_i64(out, v2_seen_at_);
  encode_missing(out);
  append_rest(out, row_rest_);
}

void Sequence::encode_head(std::string& out) const {
  append_i64(out, open_);
  append_u8(out, is_told_ ? 1 : 0);
  append_text(out, complete_);
  append_i64(out, journal_.last());
  append_i64(out, journal_.reach());
  append_i64(out, v2_seen_at_);
  append_rest(out, {});
}

void Sequence::encode_attached(TimeMs now, std::size_t bytes_max, std::string& out) const {
  const std::size_t begin = out.size();
  append_i64(out, open_);
  append_u8(out, is_open_announced_ ? 1 : 0);
  append_u8(out, is_told_ ? 1 : 0);
  append_i64(out, v2_seen_at_);
  // The two numbers and the length of the journal, and the missing devices have to fit, too.
  const std::size_t behind = (2 * 8) + 4 + 4 + (missing_.size() * kMissingBytes);
  const std::size_t used = out.size() - begin + behind + rest_size(attached_rest_);
  // Without an open epoch the row has the frames.
  const std::size_t room = open_ != 0 && bytes_max > used ? bytes_max - used : 0;
  if (is_any_awaited(now) && room > kJournalRecentBytesMax) {
    journal_.encode(std::min(room, kJournalAttachedBytesMax), out);
  } else if (room >= kJournalRecentBytesMax) {
    journal_.encode_recent(out);
  } else {
    journal_.encode(room, out);
  }
  encode_missing(out);
  append_rest(out, attached_rest_);
}

void Sequence::encode_missing(std::string& out) const {
  append_u32(out, static_cast<std::uint32_t>(missing_.size()));
  for (const Missing& missing : missing_) {
    append_digest(out, missing.device);
    append_i64(out, missing.gone_at);
  }
}

bool Sequence::restore_missing(ByteReader& reader) {
  missing_.clear();
  if (reader.has_more()) missing_.resize(reader.count(kMissingBytes));
  for (Missing& one : missing_) {
    one.device = reader.digest();
    one.gone_at = reader.safe_integer();
  }
  return missing_.size() <= kMissingMax;
}

bool Sequence::restore_epochs(ByteReader& reader) {
  open_ = stored_open_ = reader.safe_integer();
  is_told_ = is_stored_told_ = reader.flag();
  complete_ = reader.text();
  // A damaged record is read as epoch 0.
  bool are_named = true;
  const std::size_t count = each_complete(
      [&](std::size_t, std::int64_t epoch, std::int64_t) { are_named = are_named && epoch > 0; });
  return are_named && open_ >= 0 && count <= kEpochsMax;
}

bool Sequence::restore_head(ByteReader& reader) {
  const bool are_epochs_sound = restore_epochs(reader);
  const std::int64_t last = reader.safe_integer();
  const std::int64_t reach = reader.safe_integer();
  v2_seen_at_ = stored_v2_seen_at_ = reader.safe_integer();
  if (!are_epochs_sound || reader.failed() || reach < 0 || reach > last) return false;
  journal_.skip_to(last);
  journal_.forget_up_to(reach);
  return true;
}

bool Sequence::restore_row(ByteReader& reader) {
  const bool are_epochs_sound = restore_epochs(reader);
  const bool is_sound = journal_.restore(reader);
  if (reader.has_more()) v2_seen_at_ = stored_v2_seen_at_ = reader.safe_integer();
  const bool is_missing_sound = restore_missing(reader);
  row_rest_ = reader.rest();
  return are_epochs_sound && is_sound && is_missing_sound && !reader.failed();
}

bool Sequence::restore_attached(ByteReader& reader) {
  open_ = reader.safe_integer();
  is_open_announced_ = reader.flag();
  is_told_ = reader.flag();
  v2_seen_at_ = std::max(v2_seen_at_, reader.safe_integer());
  Journal attached;
  const bool is_sound = attached.restore(reader);
  // Without an open epoch no frame was counted since the row, which keeps more of them.
  if (open_ != 0) journal_ = std::move(attached);
  const bool is_missing_sound = restore_missing(reader);
  attached_rest_ = reader.rest();
  return is_sound && is_missing_sound && !reader.failed() && open_ >= 0 &&
         attached_rest_.size() <= kRestBytesMax;
}

void Sequence::forget_damaged() {
  const std::uint64_t random = random_;
  *this = Sequence();
  random_ = random;
  // Whatever was known may be in more places than the damaged one, so it counts as cut short.
  stored_open_ = open_ = 1;
}

bool Sequence::finish_restoring(bool is_carried) {
  const bool is_whole = is_carried ? open_ == stored_open_ : stored_open_ == 0;
  if (is_whole) return false;
  forget_places();
  is_told_ = true;
  is_cut_short_ = is_row_outdated_ = true;
  return true;
}

}  // namespace user_session
