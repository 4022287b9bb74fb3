// The messages, and the format of their rows; see inbox.h.
#include "state/inbox.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace user_session {
namespace {

// Versions of the row of the inbox and of a message. New fields go to the end and need no other.
constexpr std::uint8_t kVersion = 1;
// Version of the row of release 0.1.0.
constexpr std::uint8_t kKeptVersion = 1;

// Bytes of the smallest kept push of release 0.1.0: number, place, time and the length of the body.
constexpr std::size_t kKeptBytesMin = (4 * sizeof(std::int64_t)) + sizeof(std::uint32_t);

}  // namespace

InboxView Inbox::view(TimeMs now) const {
  const auto unread =
      std::count_if(messages_.begin(), messages_.end(), [&](const InboxMessage& message) {
        return message.number > read_ && message.expires_at > now;
      });
  return {.last = last_, .read = read_, .unread = static_cast<std::size_t>(unread)};
}

// Changes

void Inbox::remember(const Digest& push_id) {
  if (push_ids_.size() >= kPushIdsMax) push_ids_.erase(push_ids_.begin());
  push_ids_.push_back(push_id);
}

bool Inbox::knows_push(std::string_view push_id) const {
  return std::find(push_ids_.begin(), push_ids_.end(), digest_of(push_id)) != push_ids_.end();
}

void Inbox::remember_push(std::string_view push_id) {
  remember(digest_of(push_id));
  is_row_behind_ = is_unstored_ = true;
}

Inbox::Added Inbox::add(std::string_view body, std::string_view push_id, TimeMs now,
                        TimeMs expires_at) {
  expire(now);
  std::size_t dropped = 0;
  std::size_t bytes = body.size();
  for (const InboxMessage& message : messages_) bytes += message.body_size;
  while (messages_.size() >= kMessagesMax || (bytes > kMessagesBytesMax && !messages_.empty())) {
    bytes -= messages_.front().body_size;
    lost_ = messages_.front().number;
    remove(0);
    ++dropped;
  }
  last_ = std::max(now, last_ + 1);
  const auto is_taken = [&](std::uint32_t slot) {
    return std::any_of(messages_.begin(), messages_.end(),
                       [&](const InboxMessage& message) { return message.slot == slot; });
  };
  std::uint32_t slot = 0;
  while (is_taken(slot)) ++slot;
  InboxMessage& message = messages_.emplace_back();
  message.number = last_;
  message.expires_at = expires_at;
  message.slot = slot;
  append_u8(message.row, kVersion);
  append_i64(message.row, last_);
  append_i64(message.row, expires_at);
  append_text(message.row, body);
  message.body_at = message.row.size() - body.size();
  message.body_size = body.size();
  append_i64(message.row, lost_);
  append_u8(message.row, push_id.empty() ? 0 : 1);
  if (!push_id.empty()) {
    const Digest digest = digest_of(push_id);
    append_digest(message.row, digest);
    remember(digest);
  }
  append_rest(message.row, {});
  is_unstored_ = true;
  return {.message = message, .dropped = dropped};
}

bool Inbox::mark_read(std::int64_t number) {
  if (number <= read_) return false;
  read_ = number;
  is_row_behind_ = is_unstored_ = true;
  return true;
}

std::int64_t Inbox::place_of(std::int64_t given) const {
  return given < 0 || given > last_ ? read_ : given;
}

void Inbox::remove(std::size_t place) {
  const InboxMessage& message = messages_[place];
  freed_.push_back(message.slot);
  // Only its own row may have known its number and its push's id.
  if (message.number > stored_last_) is_row_behind_ = true;
  is_unstored_ = true;
  messages_.erase(messages_.begin() + static_cast<std::ptrdiff_t>(place));
}

void Inbox::expire(TimeMs now) {
  for (std::size_t i = messages_.size(); i-- > 0;) {
    if (messages_[i].expires_at <= now) remove(i);
  }
}

void Inbox::clear() {
  while (!messages_.empty()) remove(messages_.size() - 1);
  read_ = last_;
  lost_ = 0;
  // The rows are erased in this step, so what stays is written anew.
  freed_.clear();
  is_row_behind_ = is_unstored_ = last_ > 0 || !push_ids_.empty();
}

// Rows

void Inbox::encode(std::string& out) const {
  append_u8(out, kVersion);
  append_i64(out, last_);
  append_i64(out, read_);
  append_i64(out, lost_);
  append_u32(out, static_cast<std::uint32_t>(push_ids_.size()));
  for (const Digest& push_id : push_ids_) append_digest(out, push_id);
  append_rest(out, rest_);
}

std::size_t Inbox::store(EffectList& effects, std::string& bytes) {
  std::size_t rows = 0;
  for (const std::uint32_t slot : freed_) {
    const bool is_used_again =
        std::any_of(messages_.begin(), messages_.end(),
                    [&](const InboxMessage& message) { return message.slot == slot; });
    if (is_used_again) continue;
    effects.delete_message(slot);
    ++rows;
  }
  freed_.clear();
  for (InboxMessage& message : messages_) {
    if (message.is_stored) continue;
    effects.store_message(message.slot, message.row);
    message.is_stored = true;
    ++rows;
  }
  if (is_row_behind_) {
    bytes.clear();
    encode(bytes);
    effects.store_inbox(bytes);
    stored_last_ = last_;
    ++rows;
  }
  is_row_behind_ = is_unstored_ = false;
  return rows;
}

bool Inbox::restore(std::string_view row) {
  ByteReader reader(row);
  const bool is_known = reader.u8() == kVersion;
  last_ = stored_last_ = reader.safe_integer();
  read_ = reader.safe_integer();
  lost_ = reader.safe_integer();
  const std::uint32_t count = reader.has_more() ? reader.count(sizeof(Digest)) : 0;
  for (std::uint32_t left = count; left > 0; --left) push_ids_.push_back(reader.digest());
  rest_ = reader.rest();
  if (is_known && !reader.failed() && push_ids_.size() <= kPushIdsMax) return true;
  last_ = stored_last_ = read_ = lost_ = 0;
  push_ids_.clear();
  rest_.clear();
  return false;
}

bool Inbox::restore_message(std::uint32_t slot, std::string_view row) {
  ByteReader reader(row);
  InboxMessage message;
  const bool is_known = reader.u8() == kVersion;
  message.number = reader.safe_integer();
  message.expires_at = reader.safe_integer();
  message.body_size = reader.text().size();
  message.body_at = reader.position() - message.body_size;
  const std::int64_t lost = reader.safe_integer();
  if (!is_known || reader.failed() || message.number <= 0) return false;
  message.slot = slot;
  message.is_stored = true;
  message.row = row;
  lost_ = std::max(lost_, lost);
  auto place = messages_.end();
  while (place != messages_.begin() && std::prev(place)->number > message.number) --place;
  messages_.insert(place, std::move(message));
  return true;
}

bool Inbox::restore_kept(std::string_view row) {
  ByteReader reader(row);
  const bool is_known = reader.u8() == kKeptVersion;
  const std::int64_t last = reader.safe_integer();
  // The row goes in this step, also if not all of it can be read.
  is_row_behind_ = is_unstored_ = true;
  for (std::uint32_t left = reader.count(kKeptBytesMin); left > 0; --left) {
    const std::int64_t number = reader.safe_integer();
    // Its place among the frames to all says nothing any more.
    reader.i64();
    reader.i64();
    const TimeMs expires_at = reader.safe_integer();
    const std::string_view body = reader.text();
    if (!is_known || reader.failed() || number <= last_ || number > last) return false;
    add(body, {}, number, expires_at);
  }
  return is_known && !reader.failed();
}

void Inbox::finish_restoring() {
  for (const InboxMessage& message : messages_) {
    last_ = std::max(last_, message.number);
    if (message.number <= stored_last_) continue;
    // The digest of its push's id is behind the body and the number of what was lost.
    ByteReader reader(std::string_view(message.row).substr(message.body_at + message.body_size));
    reader.i64();
    if (reader.has_more() && reader.flag()) remember(reader.digest());
  }
}

}  // namespace user_session
