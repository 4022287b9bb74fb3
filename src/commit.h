// The commit point: which of a user's data survives the instance, and when it is written. How the
// bytes look is in format/; what an event changes is in handlers/.
//
// Two things survive an instance. A row is a value in storage; it survives everything, and each
// write of it costs money. There are three rows: the snapshot with the games, the remembered
// devices, `lastActive` and the extension; the logout; the kept pushes. An attachment is bytes that
// the platform keeps with an open socket; writing it is free, but it is lost with the socket. So
// games, remembered devices, logouts and kept pushes are in rows before anybody is told of them.
// The rest of what must survive is in attachments: presence, the sequence of version 2 (session.h),
// the requests that are done, `lastActive` and the metrics.
//
// Every attachment carries the data of its own connection and a copy of the user's data that is not
// in rows. Attachments are numbered in the order in which they are written, and a waking instance
// takes the user's data from the newest one. The connection that has it is the carrier. When the
// carrier closes, the same step attaches the user's data to another connection, if one is open.
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
  // a damaged attachment is closed.
  void restore(const Woken& event, User& user, Step& step);

  // Adds effects that store and attach what is behind. Called once, at the end of each step.
  void commit(User& user, Step& step);

  // Returns the `lastActive` to tell in this step: the newest if the surviving one lags so much
  // that `commit` attaches it in this step, and otherwise the one that survives already.
  [[nodiscard]] TimeMs told_last_active(const User& user) const;

  // Notes that this step erases the snapshot. If the sequence ever ran, every attachment is written
  // anew, since each may hold frames of it that are to be forgotten.
  void forget_row(User& user);

 private:
  // restore.cpp
  static void restore_access(const Woken& event, User& user, Step& step);
  void restore_row(const Woken& event, User& user, Step& step);
  void restore_legacy(const Legacy& legacy, User& user, Step& step);
  void restore_extension(User& user, Step& step);
  // Replaces `out` by the extension, the part of the snapshot that only version 2 of the protocol
  // needs; restore_extension reads it.
  static void write_extension(const User& user, TimeMs now, std::string& out);
  void restore_connections(const Woken& event, User& user, Step& step);
  void restore_connection(const WokenConnection& woken, const Attachment& attachment, User& user);

  // commit.cpp

  // Returns true if the snapshot must be stored in this step: because of a flag, or because nobody
  // is connected any more and `lastActive` or the sequence in it is behind.
  [[nodiscard]] bool is_row_behind(const User& user, const Step& step) const;
  // Stores each of the three rows that is behind.
  void store_rows(User& user, Step& step);
  // Stores the snapshot.
  void store(User& user, Step& step);
  // Attaches to every connection whose own data is behind. If there is none but the user's data is
  // behind, attaches to one: the sender, or any other if the sender is not connected. Returns false
  // if nothing was attached.
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
  // Attaches to one connection, which becomes the carrier.
  void attach(ConnectionId id, User& user, Step& step);
  // Sets `shared_` to the part of the user's data that only version 2 needs. An attachment carries
  // the requests of its own device alone, so that they fit.
  void write_shared(const User& user, std::string_view device_id, TimeMs now);
  // Returns the newer `lastActive` of the snapshot and of the newest attachment.
  [[nodiscard]] TimeMs surviving_last_active() const;
  // Adds a RecordMetrics effect, if somebody collects the metrics.
  void record_metrics(User& user, Step& step);

  // The stored `lastActive`, and the stored extension; both empty if there is no snapshot. An
  // extension in a newer format than this release knows is written back as it is, so that the newer
  // release finds it when it is deployed again after a roll-back.
  TimeMs stored_last_active_ = 0;
  std::string stored_extension_;
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
};

}  // namespace user_session
