// The records of the journal and their stored form; see journal.h.
#include "state/journal.h"

#include <algorithm>

#include "check.h"
#include "json/frame.h"
#include "limits.h"

namespace user_session {
namespace {

// Part of what is stored and attached.
enum Kind : std::uint8_t { kFrame = 1, kJoined = 2, kLeft = 3 };

struct Record {
  std::uint8_t kind = 0;
  std::int64_t seq = 0;
  std::size_t frame_bytes = 0;
  std::size_t place = 0;
  std::string_view text;
};

void append_entry(std::string& out, const Record& record) {
  append_record(out, [&] {
    append_u8(out, record.kind);
    append_varint(out, static_cast<std::uint64_t>(record.seq));
    append_varint(out, record.frame_bytes);
    append_varint(out, record.place);
    append_text(out, record.text);
    append_rest(out, {});
  });
}

Record read_entry(ByteReader& reader) {
  ByteReader fields(reader.text());
  Record record;
  record.kind = fields.u8();
  record.seq = static_cast<std::int64_t>(fields.varint());
  record.frame_bytes = static_cast<std::size_t>(fields.varint());
  record.place = static_cast<std::size_t>(fields.varint());
  record.text = fields.text();
  // No entry has the number 0, so it stands for a damaged one.
  if (fields.failed()) record.seq = 0;
  return record;
}

std::string games_json(const std::vector<std::string>& games) {
  std::string json;
  write_games(json, games);
  return json;
}

}  // namespace

void Journal::forget() {
  records_.clear();
  first_ = recent_ = {.at = 0, .reach = last_};
  count_ = frames_bytes_ = 0;
}

void Journal::forget_up_to(std::int64_t seq) {
  while (first_.at < records_.size() && first_.reach < seq) {
    frames_bytes_ -= advance(first_);
    --count_;
  }
  first_.reach = std::max(first_.reach, seq);
  if (recent_.at < first_.at || recent_.reach < first_.reach) recent_ = first_;
}

void Journal::add_frame(std::string_view frame) { add(kFrame, frame, 0, frame.size()); }

void Journal::add_joined(std::string_view game_id, std::size_t frame_bytes) {
  add(kJoined, game_id, 0, frame_bytes);
}

void Journal::add_left(std::string_view game_id, std::size_t place, std::size_t frame_bytes) {
  add(kLeft, game_id, place, frame_bytes);
}

void Journal::add(std::uint8_t kind, std::string_view text, std::size_t place,
                  std::size_t frame_bytes) {
  ++last_;
  append_entry(
      records_,
      {.kind = kind, .seq = last_, .frame_bytes = frame_bytes, .place = place, .text = text});
  ++count_;
  frames_bytes_ += frame_bytes;
  while (count_ > kJournalFramesMax || frames_bytes_ > kJournalBytesMax) {
    frames_bytes_ -= advance(first_);
    --count_;
  }
  if (recent_.at < first_.at) recent_ = first_;
  while (records_.size() - recent_.at > kJournalRecentBytesMax) advance(recent_);
  // So that every byte is moved a few times at most.
  if (first_.at <= records_.size() / 4) return;
  records_.erase(0, first_.at);
  recent_.at -= first_.at;
  first_.at = 0;
}

std::size_t Journal::advance(Start& start) const {
  ByteReader reader(std::string_view(records_).substr(start.at));
  const Record record = read_entry(reader);
  start.at += reader.position();
  start.reach = record.seq;
  return record.frame_bytes;
}

std::vector<Journal::Missed> Journal::missed(std::int64_t since,
                                             std::vector<std::string> games) const {
  USER_SESSION_CHECK(since >= reach() && since <= last_);
  std::vector<Record> records;
  ByteReader reader(std::string_view(records_).substr(first_.at));
  while (!reader.finished()) {
    const Record record = read_entry(reader);
    if (record.seq > since) records.push_back(record);
  }
  std::vector<Missed> frames(records.size());
  for (std::size_t i = records.size(); i-- > 0;) {
    const Record& record = records[i];
    frames[i].seq = record.seq;
    if (record.kind == kFrame) {
      frames[i].frame = record.text;
    } else if (record.kind == kJoined) {
      write_game_joined(frames[i].frame, record.text, games_json(games));
      if (!games.empty()) games.pop_back();
    } else {
      write_game_left(frames[i].frame, record.text, games_json(games));
      const std::size_t place = std::min(record.place, games.size());
      games.emplace(games.begin() + static_cast<std::ptrdiff_t>(place), record.text);
    }
  }
  return frames;
}

void Journal::encode(std::size_t bytes_max, std::string& out) const {
  Start start = first_;
  while (records_.size() - start.at > bytes_max) advance(start);
  encode(start, out);
}

void Journal::encode(const Start& start, std::string& out) const {
  append_i64(out, last_);
  append_i64(out, start.reach);
  append_text(out, std::string_view(records_).substr(start.at));
}

bool Journal::restore(ByteReader& reader) {
  last_ = reader.safe_integer();
  forget();
  first_.reach = reader.safe_integer();
  records_ = reader.text();
  std::int64_t seq = first_.reach;
  if (reader.failed() || seq < 0 || seq > last_) return false;
  ByteReader records(records_);
  while (!records.finished()) {
    const Record record = read_entry(records);
    if (records.failed() || record.seq <= seq || record.seq > last_ ||
        record.frame_bytes > kJournalBytesMax) {
      return false;
    }
    seq = record.seq;
    const bool is_frame = record.kind == kFrame && record.frame_bytes == record.text.size();
    if (is_frame || record.kind == kJoined || record.kind == kLeft) {
      ++count_;
      frames_bytes_ += record.frame_bytes;
    } else {
      count_ = frames_bytes_ = 0;
      first_ = {.at = records.position(), .reach = seq};
    }
    if (count_ > kJournalFramesMax || frames_bytes_ > kJournalBytesMax) return false;
  }
  recent_ = first_;
  while (records_.size() - recent_.at > kJournalRecentBytesMax) advance(recent_);
  return true;
}

}  // namespace user_session
