// The inbox: messages from the app's servers that wait until the user has read them, and the ids by
// which a repeated push is recognized. Who is sent a message is decided in handlers/inbox.cpp.
//
// A message has a number: the time of its push in milliseconds, or one more than that of the
// message before if the time is not above it. So numbers count up, and a restored backup repeats
// none while the clock goes forward. Each message has a row of its own, whose slot is the lowest
// that is free. A message's row also has what of the inbox has changed with it; the row of the
// inbox has the rest, and is written when something changes without a message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "digest.h"
#include "effect.h"
#include "event.h"
#include "format/bytes.h"
#include "json/frame.h"
#include "limits.h"

namespace user_session {

// One message. Its row is written once, when it comes, and kept as it is: bytes of a later release
// (format/bytes.h) go with it.
struct InboxMessage {
  std::int64_t number = 0;
  TimeMs expires_at = 0;
  // Slot of its row, and whether that is written.
  std::uint32_t slot = 0;
  bool is_stored = false;
  std::string row;
  // Place of the body in the row.
  std::size_t body_at = 0;
  std::size_t body_size = 0;

  // Returns the body as it was pushed.
  [[nodiscard]] std::string_view body() const {
    return std::string_view(row).substr(body_at, body_size);
  }
};

class Inbox {
 public:
  [[nodiscard]] InboxView view(TimeMs now) const;

  // Returns true if a push with this id is among the last kPushIdsMax.
  [[nodiscard]] bool knows_push(std::string_view push_id) const;
  // Remembers the id of a push that is no message.
  void remember_push(std::string_view push_id);
  // Adds a message and remembers its push's id, unless that is empty. Drops the oldest messages if
  // there are too many. The reference is valid until the next change.
  struct Added {
    const InboxMessage& message;
    std::size_t dropped = 0;
  };
  Added add(std::string_view body, std::string_view push_id, TimeMs now, TimeMs expires_at);

  // Marks all up to a number as read. Returns false if they are already.
  bool mark_read(std::int64_t number);

  // Returns the number up to which a device has all, from the place that it gave: nobody has a
  // place above the newest message, and whoever has none has what the user has read.
  [[nodiscard]] std::int64_t place_of(std::int64_t given) const;
  // Returns true if a message above a place was dropped before it expired.
  [[nodiscard]] bool is_lost_above(std::int64_t place) const { return lost_ > place; }

  // Forgets the messages that have expired, whose rows are deleted in this step.
  void expire(TimeMs now);
  // Forgets all messages: they count as read. The last number and the ids of pushes stay.
  void clear();

  [[nodiscard]] const std::vector<InboxMessage>& all() const { return messages_; }
  [[nodiscard]] std::size_t push_id_count() const { return push_ids_.size(); }

  // Returns true if a row must be written or deleted.
  [[nodiscard]] bool is_unstored() const { return is_unstored_; }
  // Adds the effects that write and delete rows, and returns how many. `bytes` is memory for them.
  std::size_t store(EffectList& effects, std::string& bytes);

  // Read the row of the inbox, and one of a message; `slot` is where it stands. Return false if it
  // is damaged, and nothing of it is known then.
  [[nodiscard]] bool restore(std::string_view row);
  [[nodiscard]] bool restore_message(std::uint32_t slot, std::string_view row);
  // Reads the row in which release 0.1.0 had all kept pushes. Each becomes a message, and the rows
  // are written in this step.
  [[nodiscard]] bool restore_kept(std::string_view row);
  // Puts together what was read. Called once, after the last row.
  void finish_restoring();

 private:
  void remember(const Digest& push_id);
  // Removes the message at `place`; its row is deleted in this step.
  void remove(std::size_t place);
  // Appends the row of the inbox.
  void encode(std::string& out) const;

  std::int64_t last_ = 0;
  std::int64_t read_ = 0;
  // Highest number of a message that was dropped before it expired.
  std::int64_t lost_ = 0;
  // By number.
  std::vector<InboxMessage> messages_;
  // Oldest first.
  std::vector<Digest> push_ids_;
  // Slots whose row is to be deleted.
  std::vector<std::uint32_t> freed_;
  // Newest number when the row of the inbox was written. What came with later messages is in their
  // rows alone.
  std::int64_t stored_last_ = 0;
  // The row of the inbox must be written, since no row of a message has what has changed.
  bool is_row_behind_ = false;
  // A row, of whichever kind, must be written.
  bool is_unstored_ = false;
  std::string rest_;
};

}  // namespace user_session
