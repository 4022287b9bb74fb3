// The journal: the newest frames to all devices of a user, with their sequence numbers, so that a
// device that comes back can be sent what it has missed. Whether frames are counted, and which
// places are known, is decided in sequence.h.
//
// The journal keeps a contiguous stretch of frames. Missing from it are only those that the first
// frame after connecting replaces. A change of games is kept as what changed, since the lists of
// games would fill the journal; the lists are written anew from the games of today, backwards.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event.h"
#include "format/bytes.h"

namespace user_session {

class Journal {
 public:
  // Number of the newest frame that was counted; 0 if there was none.
  [[nodiscard]] std::int64_t last() const { return last_; }

  // Counts a frame that the first one after connecting replaces.
  void skip() { ++last_; }
  // Counts a frame and keeps it as version 2 has it without its number.
  void add_frame(std::string_view frame);
  // Counts a `game_joined`, whose game is the last of all now.
  void add_joined(std::string_view game_id, std::size_t frame_bytes);
  // Counts a `game_left` of a game that stood at `place`.
  void add_left(std::string_view game_id, std::size_t place, std::size_t frame_bytes);

  // Forgets all frames. The count goes on.
  void forget();
  // Forgets the frames up to a number.
  void forget_up_to(std::int64_t seq);
  // Notes that all numbers up to `seq` were given, by skipping those that were not.
  void skip_to(std::int64_t seq) { last_ = std::max(last_, seq); }

  // Number after which all frames are kept.
  [[nodiscard]] std::int64_t reach() const { return first_.reach; }

  // Returns the frames of version 2, yet without their numbers, that followed the number `since`,
  // each with its number, the oldest first. `since` must be from reach() to last(), and `games`
  // those of now.
  struct Missed {
    std::int64_t seq = 0;
    std::string frame;
  };
  [[nodiscard]] std::vector<Missed> missed(std::int64_t since,
                                           std::vector<std::string> games) const;

  // Append the stored form with the newest frames, oldest first: kJournalRecentBytesMax of them, at
  // little cost, or as much as `bytes_max` hold.
  void encode_recent(std::string& out) const { encode(recent_, out); }
  void encode(std::size_t bytes_max, std::string& out) const;

  // Reads what `encode` wrote, in place of what is known. Frames of a kind that only a later
  // release has are forgotten, and those before them. Returns false if it is damaged; the content
  // is then undefined.
  [[nodiscard]] bool restore(ByteReader& reader);

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

  std::int64_t last_ = 0;

  // The records, one after the other, in the form in which they are stored, so that a part of them
  // is stored by copying. Before `first_` are dropped ones, and from `recent_` on those that are
  // attached at every step.
  std::string records_;
  Start first_;
  Start recent_;
  std::size_t count_ = 0;
  // Bytes of the kept frames as they were sent.
  std::size_t frames_bytes_ = 0;
};

}  // namespace user_session
