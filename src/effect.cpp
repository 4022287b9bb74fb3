// The order of the effect list, and one function for each kind of effect; see effect.h.
#include "effect.h"

#include <algorithm>
#include <iterator>

namespace user_session {
namespace {

// Returns the place of a kind in the order that the header promises.
int rank(EffectKind kind) {
  switch (kind) {
    case EffectKind::kQuarantine:
    case EffectKind::kErase:
    case EffectKind::kStore:
    case EffectKind::kStoreLogout:
    case EffectKind::kStoreInbox:
    case EffectKind::kStoreMessage:
    case EffectKind::kDeleteMessage:
    case EffectKind::kStoreValue:
    case EffectKind::kQuarantineValue:
    case EffectKind::kLogOut:
      return 0;
    case EffectKind::kSetAttachment:
      return 1;
    case EffectKind::kExpel:
      return 2;
    case EffectKind::kAccept:
      return 3;
    case EffectKind::kSend:
    case EffectKind::kSendToAll:
      return 4;
    case EffectKind::kClose:
    case EffectKind::kCloseAll:
      return 5;
    case EffectKind::kAnswer:
    case EffectKind::kLog:
    case EffectKind::kRecordMetrics:
      return 6;
  }
  return 6;
}

// Returns the bytes that a frame or an answer has where it arrives.
std::uint32_t size_of(const Effect& effect) {
  return effect.full_size > 0 ? effect.full_size : effect.text_size;
}

}  // namespace

void EffectList::clear() {
  list_.clear();
  texts_.clear();
  frame_offset_ = 0;
  frame_size_ = 0;
}

Effect& EffectList::add(EffectKind kind, ConnectionId connection, std::uint32_t number,
                        std::string_view text) {
  list_.push_back({kind, connection, number, static_cast<std::uint32_t>(texts_.size()),
                   static_cast<std::uint32_t>(text.size()), 0});
  texts_.append(text);
  auto place = std::prev(list_.end());
  while (place != list_.begin() && rank(std::prev(place)->kind) > rank(kind)) {
    std::iter_swap(place, std::prev(place));
    --place;
  }
  return *place;
}

EffectList::Totals EffectList::totals(std::size_t open_count) const {
  Totals totals;
  for (const Effect& effect : list_) {
    switch (effect.kind) {
      case EffectKind::kSend:
        totals.frames_sent += 1;
        totals.bytes_sent += size_of(effect);
        break;
      case EffectKind::kSendToAll:
        totals.frames_sent += static_cast<std::int64_t>(open_count);
        totals.bytes_sent += static_cast<std::int64_t>(effect.text_size * open_count);
        break;
      default:
        break;
    }
  }
  return totals;
}

std::int64_t EffectList::bytes_to(ConnectionId connection) const {
  std::int64_t bytes = 0;
  for (const Effect& effect : list_) {
    const bool is_to_it = effect.kind == EffectKind::kSend && effect.connection == connection;
    if (is_to_it) bytes += size_of(effect);
  }
  return bytes;
}

std::int64_t EffectList::bytes_answered() const {
  std::int64_t bytes = 0;
  for (const Effect& effect : list_) {
    if (effect.kind == EffectKind::kAnswer) bytes += size_of(effect);
  }
  return bytes;
}

void EffectList::quarantine() { add(EffectKind::kQuarantine, kNoConnection, 0, {}); }

void EffectList::erase() { add(EffectKind::kErase, kNoConnection, 0, {}); }

void EffectList::store(std::string_view snapshot) {
  add(EffectKind::kStore, kNoConnection, 0, snapshot);
}

void EffectList::store_logout(std::string_view logout) {
  add(EffectKind::kStoreLogout, kNoConnection, 0, logout);
}

void EffectList::store_inbox(std::string_view inbox) {
  add(EffectKind::kStoreInbox, kNoConnection, 0, inbox);
}

void EffectList::store_message(std::uint32_t slot, std::string_view message) {
  add(EffectKind::kStoreMessage, kNoConnection, slot, message);
}

void EffectList::delete_message(std::uint32_t slot) {
  add(EffectKind::kDeleteMessage, kNoConnection, slot, {});
}

void EffectList::store_value(std::uint32_t slot, std::string_view value) {
  add(EffectKind::kStoreValue, kNoConnection, slot, value);
}

void EffectList::quarantine_value(std::uint32_t slot) {
  add(EffectKind::kQuarantineValue, kNoConnection, slot, {});
}

void EffectList::set_attachment(ConnectionId connection, std::string_view attachment) {
  add(EffectKind::kSetAttachment, connection, 0, attachment);
}

void EffectList::accept(ConnectionId connection) { add(EffectKind::kAccept, connection, 0, {}); }

void EffectList::send(ConnectionId connection, std::string_view frame, std::uint32_t full_size) {
  const bool is_same = frame == std::string_view(texts_).substr(frame_offset_, frame_size_);
  Effect& effect = add(EffectKind::kSend, connection, 0, is_same ? std::string_view() : frame);
  if (is_same) {
    effect.text_offset = frame_offset_;
    effect.text_size = frame_size_;
  }
  effect.full_size = full_size;
  frame_offset_ = effect.text_offset;
  frame_size_ = effect.text_size;
}

void EffectList::send_to_all(std::string_view frame) {
  add(EffectKind::kSendToAll, kNoConnection, 0, frame);
}

void EffectList::close(ConnectionId connection, std::uint16_t code, std::string_view reason) {
  add(EffectKind::kClose, connection, code, reason);
}

void EffectList::expel(ConnectionId connection, std::uint16_t code, std::string_view reason) {
  add(EffectKind::kExpel, connection, code, reason);
}

void EffectList::close_all(std::uint16_t code, std::string_view reason) {
  add(EffectKind::kCloseAll, kNoConnection, code, reason);
}

void EffectList::answer(std::uint16_t status, std::string_view body, std::uint32_t full_size) {
  add(EffectKind::kAnswer, kNoConnection, status, body).full_size = full_size;
}

void EffectList::log(std::string_view what) { add(EffectKind::kLog, kNoConnection, 0, what); }

void EffectList::record_metrics(std::string_view counts) {
  add(EffectKind::kRecordMetrics, kNoConnection, 0, counts);
}

void EffectList::log_out(std::string_view report) {
  add(EffectKind::kLogOut, kNoConnection, 0, report);
}

}  // namespace user_session
