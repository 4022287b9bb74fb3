// The sequence: the count of the frames to all devices of a user, and the places that devices of
// version 2 have in it. It decides whether frames are counted, and which places a device may come
// back from. The newest frames themselves are in journal.h; when rows and attachments are written
// is decided in commit.h. docs/resume.md argues why this is right.
//
// An epoch is a stretch of frames between two rows. It begins with a frame to all, or with a
// request that is done: the row then says that it has begun. It is complete when the last device
// has left: the row then has its last number and the newest frames. The next frame begins another
// epoch, and the numbers go on. A place is an epoch and a number in it. It is good while the epoch
// is the open one or among the last kEpochsMax complete ones, the number is not beyond its last
// one, and all frames after it are kept.
//
// While connections are open one of them, the carrier (commit.h), has the open epoch and its frames
// in its attachment. An instance that wakes without it, and finds an epoch begun and not complete,
// knows that a crash has taken frames with it. It forgets all epochs, so every device starts over
// once. A name of an epoch is never used again, also if a backup is restored, since it is made of
// the time and of randomness.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event.h"
#include "format/bytes.h"
#include "state/connections.h"
#include "state/journal.h"

namespace user_session {

class Sequence {
 public:
  // Sets what epochs are named by beside the time. Called once, before anything else.
  void seed(std::int64_t randomness) { random_ = static_cast<std::uint64_t>(randomness); }

  // The newest place: the one that a device has which has seen all. Its epoch is 0 if no epoch is
  // known.
  [[nodiscard]] Position head() const;
  // Returns true if a device with this place can be brought exactly what it has missed.
  [[nodiscard]] bool reaches(Position since) const;
  [[nodiscard]] const Journal& journal() const { return journal_; }
  // True if there is anything about it that must survive the instance.
  [[nodiscard]] bool is_known() const { return open_ != 0 || !complete_.empty(); }

  // Each counts a frame to all devices that is about to be sent, unless no device of version 2 was
  // there for kAwaitedMs. Then no place is known any more.
  void count_frame(std::string_view frame, TimeMs now, const Connections& connections);
  // Counts a frame that the first one after connecting replaces.
  void count_state(TimeMs now, const Connections& connections);
  // Count a change of games; see journal.h.
  void count_joined(std::string_view game_id, std::size_t frame_bytes, TimeMs now,
                    const Connections& connections);
  void count_left(std::string_view game_id, std::size_t place, std::size_t frame_bytes, TimeMs now,
                  const Connections& connections);
  // Counts a change of a value, which is told later by its newest state (state/values.h). Returns
  // its number; 0 if it is not counted.
  std::int64_t count_value(TimeMs now, const Connections& connections);
  // Counts a `state` that every device of version 2 is about to be sent, with the newest place.
  void count_whole(TimeMs now, const Connections& connections);
  // Adds the number of the newest frame to that frame, as version 2 has it, and the name of its
  // epoch if no frame has told that yet.
  void stamp(std::string& frame);

  // Begins an epoch unless one is open, since a request with an id is done.
  void note_request(TimeMs now);
  // A device of version 2 has connected. There is a place for it afterwards.
  void note_connected(TimeMs now);
  // A device is told the newest place.
  void note_told();
  // Completes the open epoch if nobody is connected any more, and has the row written if it would
  // say wrongly how long version 2 has been away. Called at the end of each step; `was_anyone_here`
  // says whether anybody was at its beginning.
  void finish_step(bool is_anyone_here, bool was_anyone_here);
  // Notes that a row knows of frames up to `seq`.
  void note_counted(std::int64_t seq) { journal_.skip_to(seq); }
  // Notes that what had the number `seq` can't be told any more: places before it are not good.
  void forget_up_to(std::int64_t seq) { journal_.forget_up_to(seq); }
  // Forgets all places and frames, since the user's data is erased. Unless no place is known, a new
  // epoch begins, with the `state` that devices are sent as its first frame.
  void clear(TimeMs now, const Connections& connections);

  // A device of version 2 has gone and may come back, or is back.
  void note_gone(std::string_view device_id, TimeMs now);
  void note_back(std::string_view device_id);
  // A device of version 2 is there at `now`.
  void note_seen(TimeMs now) { v2_seen_at_ = now; }

  // True if the row must be written in this step.
  [[nodiscard]] bool is_unstored() const { return is_unstored_; }
  // True if the row of a value that is written in this step may say it in its place: all but the
  // frames has not changed since a row was written that has the runs, too.
  [[nodiscard]] bool is_head_enough() const { return !is_row_outdated_; }
  void note_stored();
  void note_head_stored();
  // True if anything has changed since the carrier's attachment was written.
  [[nodiscard]] bool is_unattached() const { return is_unattached_; }
  void note_attached() { is_unattached_ = false; }

  // Append what the row has, and what the carrier's attachment has in at most `bytes_max` bytes.
  void encode_row(std::string& out) const;
  void encode_attached(TimeMs now, std::size_t bytes_max, std::string& out) const;
  // Appends what the row of a value has: everything but the frames and the missing devices.
  void encode_head(std::string& out) const;
  // Read what the functions above wrote. A head is newer than the row before it. Return false if it
  // is damaged; the content is then undefined, and to be forgotten.
  [[nodiscard]] bool restore_row(ByteReader& reader);
  [[nodiscard]] bool restore_head(ByteReader& reader);
  [[nodiscard]] bool restore_attached(ByteReader& reader);
  // Forgets all that rows and attachments said, since one of them is damaged.
  void forget_damaged();
  // Decides whether an epoch was cut short: `is_carried` says whether an attachment was read.
  // Returns true if one was; no place and no frame is known then.
  [[nodiscard]] bool finish_restoring(bool is_carried);

 private:
  // A device of version 2 that has gone, by the digest of its id.
  struct Missing {
    Digest device = kNoDigest;
    TimeMs gone_at = 0;
  };

  // Returns true if the next frame is counted, and begins an epoch for it unless one is open.
  bool admit_frame(TimeMs now, const Connections& connections);
  void begin(TimeMs now);
  void complete();
  // Forgets all places and all frames.
  void forget_places();
  // Calls `take(begin, epoch, last)` for each complete epoch, the oldest first. `begin` is where
  // its record begins. Returns how many there are.
  template <typename Take>
  std::size_t each_complete(Take take) const;
  // Returns a name that no epoch has had.
  std::int64_t new_epoch(TimeMs now);
  [[nodiscard]] bool is_any_awaited(TimeMs now) const;
  // Reads what a row and a head have in common.
  [[nodiscard]] bool restore_epochs(ByteReader& reader);
  void encode_missing(std::string& out) const;
  [[nodiscard]] bool restore_missing(ByteReader& reader);

  Journal journal_;
  // Complete epochs in their stored form, newest last: a record for each, with its name and the
  // number of its last frame.
  std::string complete_;
  // Epoch that has begun and is not complete; 0 if there is none.
  std::int64_t open_ = 0;
  // A frame has told the name of the open epoch.
  bool is_open_announced_ = false;
  // A device was told the newest place of the newest complete epoch. If none was, nobody can come
  // back from it.
  bool is_told_ = false;
  // An epoch was cut short, and no row says so yet.
  bool is_cut_short_ = false;
  // An epoch was cut short, and the row that has the frames and the runs does not say so yet.
  bool is_row_outdated_ = false;
  std::vector<Missing> missing_;
  // Time when a device of version 2 was there last; 0 if none ever was.
  TimeMs v2_seen_at_ = 0;
  std::uint64_t random_ = 0;

  // Open epoch of the row, and whether the row knows that its newest place was told.
  std::int64_t stored_open_ = 0;
  // Time of the row when a device of version 2 was there last.
  TimeMs stored_v2_seen_at_ = 0;
  bool is_stored_told_ = false;
  bool is_unstored_ = false;
  bool is_unattached_ = false;
  // Bytes of a later release in the row and in the attachment.
  std::string row_rest_;
  std::string attached_rest_;
};

}  // namespace user_session
