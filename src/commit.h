// The commit point: which of a user's data survives the instance, and when it is written. How the
// bytes look is in format/; what an event changes is in handlers/.
//
// Two things survive an instance. A row is a value in storage; it survives everything, and each
// write of it costs money. The rows are the snapshot, with the games, the remembered devices,
// `lastActive` and the extension; the logout; the inbox; and each message of the inbox. An
// attachment is bytes that the platform keeps with an open socket; writing it is free, but it is
// lost with the socket. So games, remembered devices, logouts and the inbox are in rows before
// anybody is told of them. The rest of what must survive is in attachments: presence, the open
// epoch of the sequence (state/sequence.h), what runs have asked for (state/runs.h), `lastActive`
// and the metrics.
//
// Every attachment has the data of its own connection, and the newest one has the user's data that
// is not in rows. Attachments are numbered in the order in which they are written, so a waking
// instance knows the newest one. The connection that has it is the carrier. When the carrier
// closes, the same step attaches the user's data to another connection, if one is open. While the
// sequence is known the carrier stays the same until it closes, since what it has for version 2 is
// in no other attachment: whenever another connection is attached, the carrier is attached after
// it. So an attachment that can't be read costs others something only if it is the carrier's.
//
// Handlers change `User` (state/user.h) in memory, and set a flag for what is not stored. At the
// end of each step `commit` compares `User` with what survives, and adds the effects that store and
// attach what is behind. Nothing else stores or attaches. The effect list puts these effects before
// all frames, and the platform sends no frame before the rows in front of it are safe. So whatever
// a device or a server has been told survives the instance, and what is in rows survives a crash,
// too. A step that traps changes nothing: none of its effects is carried out, and the instance is
// thrown away.
//
// Three times are exceptions: they survive a little late, since nobody needs the newest at once.
// The attached `lastActive` and the attached time of a connection's last frame lag by less than a
// second (kAttachmentLagMs). Devices are told the time that survives and not the newest, so neither
// goes back while the sockets stay open. The stored `lastActive` lags by less than a minute
// (kLastActiveLagMs) once the last device has left, and may then be older than what was told.
#pragma once

#include <string>
#include <string_view>

#include "event.h"
#include "format/attachment.h"
#include "presence.h"
#include "state/user.h"
#include "step.h"

namespace user_session {

// Knows what the rows and the newest attachment say, as far as it takes to see what is behind.
class Persistence {
 public:
  // Sets `user`, which must be empty, to what the rows and attachments in `event` say. What is
  // damaged is logged; a damaged snapshot is moved to another key of storage, and a connection with
  // a damaged attachment is closed, as is one whose credential has ended. Returns true if what
  // devices of version 2 know may be wrong: any was closed, one has gone that no session was told
  // of, a row is damaged, or places were lost.
  [[nodiscard]] bool restore(const Woken& event, User& user, Step& step);

  // Adds effects that store and attach what is behind. Called once, at the end of each step.
  void commit(User& user, Step& step);

  // Returns the `lastActive` to tell in this step: the newest if the surviving one lags so much
  // that `commit` attaches it in this step, and otherwise the one that survives already.
  [[nodiscard]] TimeMs told_last_active(const User& user) const;

  // Notes that this step erases the snapshot.
  void forget_row(User& user);

 private:
  // restore.cpp
  static void restore_access(const Woken& event, User& user, Step& step);
  [[nodiscard]] bool restore_row(const Woken& event, User& user, Step& step);
  void restore_legacy(const Legacy& legacy, User& user, Step& step);
  [[nodiscard]] bool restore_extension(User& user, Step& step);
  // Replaces the extension, the part of the snapshot that only version 2 of the protocol needs.
  void write_extension(const User& user);
  // Reads the rows of the inbox.
  static void restore_inbox(const Woken& event, User& user, Step& step);
  // Reads the rows of the values. The newest one that is newer than the snapshot says how the
  // sequence was. Returns false if one is damaged, or if the snapshot was.
  [[nodiscard]] bool restore_values(const Woken& event, bool is_row_sound, User& user, Step& step);
  // Finds the newest attachment, which is the carrier's, and reads the user's part of it. Both
  // return true if it says what version 2 needs.
  bool restore_carrier(const Woken& event, User& user);
  bool restore_carried(const Attachment& attachment, User& user);
  bool restore_connections(const Woken& event, User& user, Step& step);
  static void restore_connection(const WokenConnection& woken, const Attachment& attachment,
                                 User& user, TimeMs now);

  // commit.cpp

  // Returns true if the snapshot must be stored in this step: because of a flag, or because nobody
  // is connected any more and `lastActive` or the sequence in it is behind.
  [[nodiscard]] bool is_row_behind(const User& user, const Step& step) const;
  // Stores each row that is behind.
  void store_rows(User& user, Step& step);
  // Stores the snapshot.
  void store(User& user, Step& step);
  // Stores the row of the value that this step has changed. It also says what else this step would
  // have to store in the snapshot, so that a change is one row.
  void store_value(User& user, Step& step);
  // Attaches to every connection whose own data is behind, then to the carrier if that is needed.
  // Returns false if nothing was attached.
  bool attach_behind(User& user, Step& step);
  // Returns true if the connection's own data must be attached in this step.
  [[nodiscard]] static bool is_behind(const Connection& connection, const User& user);
  // Returns true if the carrier has closed, or if a part of the user's data that may not lag
  // differs from the newest attachment.
  [[nodiscard]] bool is_user_behind(const User& user) const;
  // Returns true if the newest attachment was written at least kAttachmentLagMs ago, or if the
  // surviving `lastActive` lags by that much. The caller asks when an event has happened, so a
  // quiet user is not attached again and again.
  [[nodiscard]] bool is_stale(const User& user, TimeMs now) const;
  // Attaches to one connection. Its attachment is the newest then, and has what version 2 needs of
  // the user if `is_shared`.
  void attach(ConnectionId id, bool is_shared, User& user, Step& step);
  // Sets `shared_` to what version 2 needs of the user, in at most `room` bytes. Runs that do not
  // fit are forgotten.
  void write_shared(User& user, std::size_t room, TimeMs now);
  // Returns the newer `lastActive` of the snapshot and of the newest attachment.
  [[nodiscard]] TimeMs surviving_last_active() const;
  // Adds a RecordMetrics effect, if somebody collects the metrics.
  void record_metrics(User& user, Step& step);

  // The stored `lastActive`, and the stored extension; both empty if there is no snapshot. An
  // extension of a format that this release does not know is written back as it is.
  TimeMs stored_last_active_ = 0;
  std::string stored_extension_;
  // Version of the newest change of a value that the stored extension knows of.
  std::int64_t stored_version_ = 0;
  // True if the stored extension is of the format that this release writes. It is then written anew
  // with each snapshot, also when there is nothing left to say.
  bool has_extension_ = false;
  // Bytes of a later release (format/bytes.h) in the snapshot and in its extension, and of the
  // newest attachment in the user's part, its metrics and what version 2 needs.
  std::string snapshot_rest_;
  std::string extension_rest_;
  std::string user_rest_;
  std::string metrics_rest_;
  std::string shared_rest_;
  // True when `User` was read from the rows of the server that this one replaces, so that there is
  // no snapshot yet.
  bool is_row_due_ = false;

  // Connection with the newest attachment; kNoConnection if there is none. Until `commit` it may be
  // one that this step has closed.
  ConnectionId carrier_ = kNoConnection;
  // Number of the newest attachment. A waking instance goes on from the newest that it finds.
  std::int64_t order_ = 0;
  // The user's presence and `lastActive` in the newest attachment.
  Presence attached_presence_ = Presence::kOffline;
  TimeMs attached_last_active_ = 0;
  // Time when the newest attachment was written. The clock is set back now and then, so it may be
  // later than now.
  TimeMs clock_at_attaching_ = 0;

  // Buffers that keep their memory from step to step.
  std::string bytes_;
  std::string shared_;
  std::string runs_;
};

}  // namespace user_session
