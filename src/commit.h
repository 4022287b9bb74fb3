// What of a user survives the instance: the stored rows, and the attachments of the sockets.
//
// Handlers change what is known (state/user.h). At the end of each step `commit` compares it with
// what survives, and writes what has fallen behind; nothing else stores or attaches. Rows are dear
// and attachments are free, hence the split: games, devices and logouts have their rows before
// anybody is told of them, and all the rest rides in the attachment of an open socket. Every
// attachment that is written carries what is known of the whole user; the newest one counts.
//
// What nobody has to know at once may lag: an attachment by less than a second (kAttachmentLagMs),
// the stored `lastActive` of a user without devices by less than a minute (kLastActiveLagMs). So
// what is told of those times is what survives, and no device ever sees them go back.
#pragma once

#include <string>
#include <string_view>

#include "event.h"
#include "format/attachment.h"
#include "presence.h"
#include "state/user.h"
#include "step.h"

namespace user_session {

class Durable {
 public:
  // Sets `user`, who is empty, to what has survived.
  void restore(const Woken& event, User& user, Step& step);

  // Stores and attaches what has fallen behind.
  void commit(User& user, Step& step);

  // When the user was last active, as far as it survives this step.
  [[nodiscard]] TimeMs told_last_active(const User& user) const;

  // Has the next commit store the user's last activity to the millisecond.
  void store_last_active(const User& user);

  // Takes notice that the row is erased. What the attachments carry of it is replaced, too.
  void forget_row(User& user);

 private:
  // restore.cpp
  static void restore_access(const Woken& event, User& user, Step& step);
  void restore_row(const Woken& event, User& user, Step& step);
  void restore_legacy(const Legacy& legacy, User& user, Step& step);
  void restore_extension(User& user, Step& step);
  // Replaces `out` by what the row has for devices of version 2; restore_extension reads it.
  static void write_extension(const User& user, TimeMs now, std::string& out);
  void restore_connections(const Woken& event, User& user, Step& step);
  void restore_connection(const WokenConnection& woken, const Attachment& attachment, User& user);

  // commit.cpp
  [[nodiscard]] bool is_row_behind(const User& user) const;
  void store_rows(User& user, Step& step);
  void store(User& user, Step& step);
  // Attaches to every connection whose attachment is behind, or to one of them if only what it says
  // of the user is. False if to none.
  bool attach_behind(User& user, Step& step);
  [[nodiscard]] static bool is_behind(const Connection& connection, const User& user);
  [[nodiscard]] bool is_user_behind(const User& user) const;
  [[nodiscard]] bool is_stale(const User& user, TimeMs now) const;
  void attach(ConnectionId id, User& user, Step& step);
  void write_shared(const User& user, std::string_view device_id, TimeMs now);
  [[nodiscard]] TimeMs surviving_last_active() const;
  void record_metrics(User& user, Step& step);

  // What the row says. Its extension is written back as it is if this code does not know it.
  TimeMs stored_last_active_ = 0;
  std::string stored_extension_;
  bool is_row_due_ = false;

  // Whose attachment is the newest, how many were written before it, and what it says of the user.
  ConnectionId carrier_ = kNoConnection;
  std::int64_t order_ = 0;
  Presence attached_presence_ = Presence::kOffline;
  TimeMs attached_last_active_ = 0;
  // What the clock said then. It is set back now and then.
  TimeMs clock_at_attaching_ = 0;

  // Kept for their memory.
  std::string bytes_;
  std::string shared_;
};

}  // namespace user_session
