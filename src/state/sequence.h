// The sequence: the count of the frames to all devices of a user, for devices of version 2. It
// decides whether frames are counted at all, and what of the count survives where. The newest
// frames themselves are in journal.h; when rows and attachments are written is decided in commit.h.
//
// Each frame to all takes the next sequence number. An epoch is a stretch of time in which no
// number is used twice. The row is the snapshot in storage; it is whole if it knows every frame
// that was sent.
//
// While a device is connected its socket's attachment carries the sequence, exact after each step.
// While none is, the row does. In between the row only says whether it is whole: the first frame
// that it does not know costs one write to say so, and the last device that leaves costs one write
// of a whole row. A crash loses all attachments: after it a whole row can be believed, and after
// any other row a new epoch begins. A change of games writes the row anyway, with the sequence in
// it.
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
  // Frames are counted.
  [[nodiscard]] bool is_running() const { return journal_.is_running(); }
  // The place of the newest frame. The epoch is 0 if there was never one.
  [[nodiscard]] Position head() const { return journal_.head(); }
  [[nodiscard]] const Journal& journal() const { return journal_; }

  // Begins a new epoch.
  void begin(TimeMs now);
  // Stops counting, and has it survive that it has stopped.
  void stop();
  // Forgets all frames and places; goes on in a new epoch with whoever is connected.
  void forget(TimeMs now, const Connections& connections);

  // Count a frame to all that is about to be sent, as version 2 has it without its number: if
  // frames are counted, which ends here when no device of version 2 was there for long.
  void count_frame(std::string_view frame, TimeMs now, const Connections& connections);
  // Counts one that the first frame after connecting replaces.
  void count_state(TimeMs now, const Connections& connections);
  // Count one that changes the games, whose row is written in the same step.
  void count_joined(std::string_view game_id, std::size_t frame_bytes, TimeMs now,
                    const Connections& connections);
  void count_left(std::string_view game_id, std::size_t place, std::size_t frame_bytes, TimeMs now,
                  const Connections& connections);
  // Counts one that changes no games, whose row is written in the same step.
  void count_stored(TimeMs now, const Connections& connections);

  // A device of version 2 has gone and may come back, or it is back.
  void note_gone(std::string_view device_id, TimeMs now);
  void note_back(std::string_view device_id);
  // A device of version 2 is there at `now`.
  void note_seen(TimeMs now) { v2_seen_at_ = now; }

  // True when the row must be written anew.
  [[nodiscard]] bool is_unstored() const { return is_unstored_; }
  // The row would not do without any device.
  [[nodiscard]] bool is_row_behind() const;
  // Frames were counted that no attachment and no row knows.
  [[nodiscard]] bool is_unsaved() const;
  void note_stored();
  void note_attached() { surviving_seq_ = head().seq; }
  // Has the next row tell all, since nobody is left who could carry it.
  void complete_row() { is_row_whole_ = true; }

  // Append what the row has of it, and what an attachment has.
  void encode_row(TimeMs now, bool is_anyone_here, std::string& out) const;
  void encode_attached(TimeMs now, std::string& out) const;

  // Reads what encode_row wrote; false if it is damaged. `is_usable` is false if it is of other
  // games.
  bool restore_row(ByteReader& reader);
  // Reads what encode_attached wrote, its journal into `carried`; false if it is damaged.
  bool restore_attached(ByteReader& reader, Journal& carried);
  // Takes over the journal of an attachment if it is further.
  void advance_to(Journal carried);
  // Forgets what the row said of it, which can't be believed.
  void distrust_row() { journal_.stop(); }
  // The row is all that can be read of it.
  void note_row_restored() { stored_position_ = head(); }
  // Decides whether what was restored may be continued.
  void finish_restoring();

 private:
  // Whether the next frame is counted.
  [[nodiscard]] bool keep_counting(TimeMs now, const Connections& connections);
  void leave_row_behind(const Connections& connections);
  void encode_journal(TimeMs now, bool is_anyone_here, std::string& out) const;

  // A device of version 2 that has gone, by the hash of its id.
  struct Missing {
    std::uint64_t device = 0;
    TimeMs gone_at = 0;
  };

  Journal journal_;
  std::vector<Missing> missing_;
  // When a device of version 2 was there last.
  TimeMs v2_seen_at_ = 0;
  // The newest epoch that an attachment had at the waking.
  std::int64_t carried_epoch_ = 0;
  // The row tells all frames, also after a crash.
  bool is_row_whole_ = true;
  bool is_unstored_ = false;
  // Up to where it is stored, and up to where it survives while devices are connected.
  Position stored_position_;
  std::int64_t surviving_seq_ = 0;
};

}  // namespace user_session
