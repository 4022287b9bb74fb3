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

void append_record(std::string& out, const Record& record) {
  append_u8(out, record.kind);
  append_varint(out, static_cast<std::uint64_t>(record.seq));
  append_varint(out, record.frame_bytes);
  append_varint(out, record.place);
  append_text(out, record.text);
}

Record read_record(ByteReader& reader) {
  Record record;
  record.kind = reader.u8();
  record.seq = static_cast<std::int64_t>(reader.varint());
  record.frame_bytes = static_cast<std::size_t>(reader.varint());
  record.place = static_cast<std::size_t>(reader.varint());
  record.text = reader.text();
  return record;
}

std::string games_json(const std::vector<std::string>& games) {
  std::string json;
  write_games(json, games);
  return json;
}

}  // namespace

void Journal::begin(std::int64_t time) {
  const std::int64_t epoch = std::max(time, head_.epoch + 1);
  *this = Journal();
  head_.epoch = epoch;
  is_running_ = true;
}

void Journal::skip() { ++head_.seq; }

void Journal::add_frame(std::string_view frame) { add(kFrame, frame, 0, frame.size()); }

void Journal::add_joined(std::string_view game_id, std::size_t frame_bytes) {
  add(kJoined, game_id, 0, frame_bytes);
}

void Journal::add_left(std::string_view game_id, std::size_t place, std::size_t frame_bytes) {
  add(kLeft, game_id, place, frame_bytes);
}

void Journal::add(std::uint8_t kind, std::string_view text, std::size_t place,
                  std::size_t frame_bytes) {
  USER_SESSION_CHECK(is_running_);
  ++head_.seq;
  append_record(
      records_,
      {.kind = kind, .seq = head_.seq, .frame_bytes = frame_bytes, .place = place, .text = text});
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
  const Record record = read_record(reader);
  start.at += reader.position();
  start.reach = record.seq;
  return record.frame_bytes;
}

bool Journal::reaches(Position since) const {
  return is_running_ && since.epoch == head_.epoch && since.seq >= first_.reach &&
         since.seq <= head_.seq;
}

std::vector<Journal::Missed> Journal::missed(Position since, std::vector<std::string> games) const {
  USER_SESSION_CHECK(reaches(since));
  std::vector<Record> records;
  ByteReader reader(std::string_view(records_).substr(first_.at));
  while (!reader.finished()) {
    const Record record = read_record(reader);
    if (record.seq > since.seq) records.push_back(record);
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
  append_i64(out, head_.epoch);
  append_i64(out, head_.seq);
  append_u8(out, is_running_ ? 1 : 0);
  append_i64(out, start.reach);
  append_text(out, std::string_view(records_).substr(start.at));
}

bool Journal::restore(ByteReader& reader) {
  Journal other;
  other.head_.epoch = reader.safe_integer();
  other.head_.seq = reader.safe_integer();
  other.is_running_ = reader.flag();
  other.first_.reach = reader.safe_integer();
  other.records_ = reader.text();
  if (reader.failed() || other.head_.epoch < 0 || other.first_.reach < 0 ||
      other.first_.reach > other.head_.seq) {
    return false;
  }
  ByteReader records(other.records_);
  std::int64_t seq = other.first_.reach;
  while (!records.finished()) {
    const Record record = read_record(records);
    const bool is_frame = record.kind == kFrame && record.frame_bytes == record.text.size();
    const bool is_known = is_frame || record.kind == kJoined || record.kind == kLeft;
    const bool has_place = record.kind == kLeft || record.place == 0;
    if (records.failed() || !is_known || !has_place || record.seq <= seq ||
        record.seq > other.head_.seq || record.frame_bytes > kJournalBytesMax) {
      return false;
    }
    seq = record.seq;
    ++other.count_;
    other.frames_bytes_ += record.frame_bytes;
  }
  if (other.count_ > kJournalFramesMax || other.frames_bytes_ > kJournalBytesMax) return false;
  advance_to(std::move(other));
  return true;
}

void Journal::advance_to(Journal other) {
  // What has stopped has stopped later than what still ran at the same place.
  const bool is_same = other.head_.epoch == head_.epoch && other.head_.seq == head_.seq;
  const bool is_further =
      other.head_.epoch > head_.epoch ||
      (other.head_.epoch == head_.epoch && other.head_.seq > head_.seq) ||
      (is_same && is_running_ && (!other.is_running_ || other.count_ >= count_));
  if (!is_further) return;
  *this = std::move(other);
  recent_ = first_;
  while (records_.size() - recent_.at > kJournalRecentBytesMax) advance(recent_);
}

}  // namespace user_session
