// The journal: the newest frames to all devices of a user, with their sequence numbers, so that a
// device that comes back can be sent what it has missed. Whether frames are counted, and what
// survives, is decided in sequence.h.
//
// An epoch is a stretch of time in which the count never breaks: every frame to all takes the next
// number, and no number is used twice. A new epoch begins when the count cannot be continued, and a
// device that comes from another epoch starts over. The journal runs only while a device of version
// 2 is connected or may come back; before that nobody knows a number, and frames are not counted.
//
// The journal keeps a contiguous stretch of frames. Missing from it are only those that the first
// frame after connecting replaces. A change of games is kept as what changed, since the lists of
// games would fill the journal; the lists are written anew from the games of today, backwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event.h"
#include "format/bytes.h"

namespace user_session {

class Journal {
 public:
  // Frames are counted.
  [[nodiscard]] bool is_running() const { return is_running_; }

  // The place of the newest frame. The epoch is 0 if there was never one.
  [[nodiscard]] Position head() const { return head_; }

  // Begins a new epoch, with nothing in it. `time` makes it unlike all before, also when what was
  // known of those is lost.
  void begin(std::int64_t time);

  // Stops counting. What continues is a new epoch.
  void stop() { is_running_ = false; }

  // Counts a frame that the first one after connecting replaces.
  void skip();
  // Counts a frame and keeps it as version 2 has it without its number.
  void add_frame(std::string_view frame);
  // Counts a `game_joined`, whose game is the last of all now.
  void add_joined(std::string_view game_id, std::size_t frame_bytes);
  // Counts a `game_left` of a game that stood at `place`.
  void add_left(std::string_view game_id, std::size_t place, std::size_t frame_bytes);

  // All is kept that followed it.
  [[nodiscard]] Position reach() const { return {.epoch = head_.epoch, .seq = first_.reach}; }

  // Whether all is kept that followed `since`.
  [[nodiscard]] bool reaches(Position since) const;

  // The frames of version 2, yet without their numbers, that followed `since`, each with its
  // number, the oldest first. `games` are those of now. Only if the journal reaches it.
  struct Missed {
    std::int64_t seq = 0;
    std::string frame;
  };
  [[nodiscard]] std::vector<Missed> missed(Position since, std::vector<std::string> games) const;

  // Appends the place and the newest of what is kept: kJournalRecentBytesMax of it, at little cost,
  // or as much as `bytes_max` hold.
  void encode_recent(std::string& out) const { encode(recent_, out); }
  void encode(std::size_t bytes_max, std::string& out) const;

  // Takes over what `reader` holds if it is further than what is known; from damaged bytes nothing.
  // False if it is damaged.
  bool restore(ByteReader& reader);

  // Takes over what another one knows if that is further.
  void advance_to(Journal other);

 private:
  // A place among the records, and the number of the frame before it.
  struct Start {
    std::size_t at = 0;
    std::int64_t reach = 0;
  };

  void add(std::uint8_t kind, std::string_view text, std::size_t place, std::size_t frame_bytes);
  // Moves a place on by one record, and tells how large its frame was.
  std::size_t advance(Start& start) const;
  void encode(const Start& start, std::string& out) const;

  Position head_;
  bool is_running_ = false;

  // The records, one after the other, in the form in which they are stored, so that a part of them
  // is stored by copying. Before `first_` are dropped ones, and from `recent_` on those that are
  // attached at every step.
  std::string records_;
  Start first_;
  Start recent_;
  std::size_t count_ = 0;
  // Of the frames as they were sent.
  std::size_t frames_bytes_ = 0;
};

}  // namespace user_session
