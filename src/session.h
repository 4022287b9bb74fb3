// One user's session: the state machine between the user's devices. `step` is the only way in.
//
// The user has devices. In version 1 of the protocol a device is one open connection, whatever it
// calls itself; in version 2 it is what calls itself by one id, with a connection for each tab.
//
//   woken             -> the instance knows what is stored and which connections are open
//   connected         -> one more connection; the first makes the user online
//   frame received    -> done or refused, see message.h
//   heartbeats read   -> connections that have vanished are gone
//   disconnected      -> one connection less; without any the user is offline
//   state, devices, export, metrics, clear, push,
//   game join, game leave, logout requested
//                     -> the same work for a server, with an answer
//
// An instance may vanish after any step and its successor wakes from what was stored and attached.
// So a step leaves nothing in memory alone that anybody has been told: what games there are is
// stored before it is announced, and presence and `lastActive` are attached to a socket before they
// are shown. Rows are dear and attachments are free, hence the split.
//
// A logout leaves a moment behind: whatever credential was issued in its second or before opens
// nothing any more. A connection ends with its credential, at the next event of any device: until
// then it is only silent, since no timer wakes anyone for it.
//
// What goes to all is counted as soon as a device of version 2 is there, so that one which comes
// back can be told what it has missed, or that this can't be done (session_resume.cpp).
//
// A frame of a connection that is not in the table does nothing: the server has closed it already,
// and the platform still delivers what was under way.
//
// The functions below stand in the order of the files that have them: session.cpp and
// session_*.cpp.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attachment.h"
#include "devices.h"
#include "effect.h"
#include "event.h"
#include "frame.h"
#include "journal.h"
#include "kept.h"
#include "message.h"
#include "metrics.h"
#include "presence.h"
#include "requests.h"
#include "snapshot.h"

namespace user_session {

class Session {
 public:
  // Takes one event and appends what has to be done to `effects`. The first event of an instance is
  // Woken, and there is only one.
  void step(const Event& event, EffectList& effects);

 private:
  struct Connection {
    bool is_open = false;
    std::string device_id;
    Credential credential;
    ProtocolVersion version = ProtocolVersion::kVersion1;
    std::string tab_id;
    // What the device itself said last, and when it came.
    Presence presence = Presence::kOnline;
    TimeMs connected_at = 0;
    // Of its frames, and of its heartbeats as far as they were read.
    TimeMs seen_at = 0;
    TimeMs heartbeat_at = 0;
    // What its attachment says, if it has one that may stay.
    bool is_attached = false;
    Presence attached_presence = Presence::kOnline;
    TimeMs attached_seen_at = 0;
    TokenBucket frames;
    // Its own part of what the user's connections share, for when the others have used that up.
    TokenBucket reserve;
    // How often it may be told that these were too many before it is closed.
    TokenBucket refusals;
  };

  // Why somebody can't be let in.
  struct TurnedAway {
    std::uint16_t status = 0;
    Refusal refusal;
  };

  // One per event.
  void on(const Woken& event, EffectList& effects);
  void on(const Connected& event, EffectList& effects);
  void on(const FrameReceived& event, EffectList& effects);
  void on(const Disconnected& event, EffectList& effects);
  void on(const StateRequested& event, EffectList& effects);
  void on(const ClearRequested& event, EffectList& effects);
  void on(const PushRequested& event, EffectList& effects);
  void on(const GameJoinRequested& event, EffectList& effects);
  void on(const GameLeaveRequested& event, EffectList& effects);
  void on(const LogoutRequested& event, EffectList& effects);
  void on(const MetricsRequested& event, EffectList& effects);
  void on(const HeartbeatsRead& event, EffectList& effects);
  void on(const DevicesRequested& event, EffectList& effects);
  void on(const ExportRequested& event, EffectList& effects);

  // One per message; `sender` is open. The refusal says why nothing was done.
  using Refused = std::optional<Refusal>;
  Refused handle(const JoinGame& message, ConnectionId sender, EffectList& effects);
  Refused handle(const LeaveGame& message, ConnectionId sender, EffectList& effects);
  Refused handle(const UpdatePresence& message, ConnectionId sender, EffectList& effects);
  Refused handle(const SyncState& message, ConnectionId sender, EffectList& effects);
  static Refused handle(const Ping& message, ConnectionId sender, EffectList& effects);
  Refused handle(const LogoutAll& message, ConnectionId sender, EffectList& effects);
  Refused handle(const Broadcast& message, ConnectionId sender, EffectList& effects);
  Refused handle(const SetDevice& message, ConnectionId sender, EffectList& effects);
  Refused handle(const LogoutOthers& message, ConnectionId sender, EffectList& effects);
  Refused handle(const LogoutDevice& message, ConnectionId sender, EffectList& effects);

  // session.cpp: what every step has

  // Counts what `event` has come to, and has all of it survive that must.
  void finish_step(const Event& event, EffectList& effects);
  void come_in(const Connected& event, EffectList& effects);
  std::variant<Message, Refusal> read(const FrameReceived& event);
  // Does what a device asks for, or does not do it again, and tells it so if it wants to know.
  void perform(const Message& message, ConnectionId sender, EffectList& effects);
  // Tells the sender of a request that it is done. Only the first time in a step.
  void acknowledge(ConnectionId sender, EffectList& effects);
  void refuse(ConnectionId sender, const Refusal& refusal, EffectList& effects);
  void answer_refusal(std::uint16_t status, const Refusal& refusal, EffectList& effects);
  // Ends a connection that has no rights any more.
  void expel(ConnectionId id, std::uint16_t code, std::string_view reason, EffectList& effects);
  // Puts a connection into the table, and takes one out; what the latter adds to `effects` for
  // devices of version 1 is a row or an attachment, never a frame.
  Connection& open_connection(ConnectionId id, std::string_view device_id, ProtocolVersion version);
  void forget_connection(ConnectionId id, EffectList& effects);
  // The two halves of it, for several at once.
  void remove_connection(ConnectionId id);
  void after_removals(EffectList& effects);
  void nobody_is_here();
  void touch(TimeMs time);
  [[nodiscard]] bool is_open(ConnectionId connection) const;
  [[nodiscard]] ConnectionId any_open_connection() const;
  [[nodiscard]] StateView state_view() const;
  // The same for a device that is let in, whose attachment has it all.
  [[nodiscard]] StateView initial_state_view() const;

  // session_access.cpp: who may come in, for how long, and how much of it

  std::optional<TurnedAway> turn_away(const Connected& event);
  // Why a request with this credential is not served.
  std::optional<TurnedAway> turn_away(const Credential& credential);
  [[nodiscard]] std::optional<Refusal> check_credential(const Credential& credential);
  [[nodiscard]] bool is_ended_by_logout(const Credential& credential) const;
  void grant(Connection& connection, const Credential& credential);
  // Closes the connections whose credentials have ended.
  void end_expired(EffectList& effects);
  // Whether a frame may be looked at. If not, its sender is told so, or closed if it does not heed.
  bool take_frame(ConnectionId sender, EffectList& effects);
  // The same for what all connections of the user share; nobody is closed for what others sent.
  bool take_user_frame(ConnectionId sender, EffectList& effects);
  void refuse_frame(ConnectionId sender, TimeMs wait_ms, EffectList& effects);
  // Makes a frame that has sent much to many count for more than one.
  void charge_for_sent(ConnectionId sender, std::int64_t bytes_sent);
  [[nodiscard]] Rate share() const;

  // session_devices.cpp: who is here, who was, and what others are told of it

  [[nodiscard]] std::vector<DeviceView> device_views() const;
  [[nodiscard]] DeviceView device_view(std::string_view device_id) const;
  void append_devices(std::string& out, std::string_view viewer) const;
  [[nodiscard]] bool is_here(std::string_view device_id) const;
  // Ends the sockets that have sent heartbeats and then none for long.
  void drop_vanished(EffectList& effects);
  // The connection of the same device and tab, whose place a new one takes.
  [[nodiscard]] ConnectionId tab_to_replace(const Connected& event) const;
  void replace_tab(ConnectionId replaced, EffectList& effects);
  // The device of a connection, which is remembered from now on if it was not.
  RememberedDevice& remember_device(const Connection& connection);
  // A device that speaks of the user's presence speaks of its own.
  void update_device_presence(ConnectionId sender, EffectList& effects);
  // Tell devices of version 2 what has become of another, and of those in `gone_`.
  void tell_device(std::string_view device_id, bool is_new, ConnectionId except,
                   EffectList& effects);
  void tell_gone(EffectList& effects);
  void tell_devices(std::string_view frame, ConnectionId except, EffectList& effects);

  // session_export.cpp: parts of what a user can have written out

  void append_frames(std::string& out) const;
  void append_kept(std::string& out) const;
  void append_requests(std::string& out) const;

  // session_games.cpp

  // Both store and announce what they change; `sender` is kNoConnection for a server. The refusal
  // says why nothing was done.
  std::optional<Refusal> join_game(std::string_view game_id, ConnectionId sender,
                                   EffectList& effects);
  void leave_game(std::string_view game_id, ConnectionId sender, EffectList& effects);
  [[nodiscard]] bool is_active(std::string_view game_id) const;

  // session_logout.cpp

  // Ends the session on every device, and every credential of now.
  void logout_all(EffectList& effects);
  // Ends a device, here or not, or all but it, and what they were let in by, unless one that stays
  // came by the same. `sender` has asked for it. The refusal says why nothing was done.
  enum class Scope { kDevice, kOthers };
  Refused end_devices(Scope scope, std::string_view device_id, ConnectionId sender,
                      EffectList& effects);
  Refused end_device(std::string_view device_id, ConnectionId sender, EffectList& effects);

  // session_push.cpp: what servers send, and what is aimed at some of the devices

  // Sends to those that an event or a push is aimed at, to each what its version has; how many they
  // were.
  std::size_t send_aimed(std::string_view frame, std::string_view v2_frame,
                         const Audience& audience, EffectList& effects);
  // Gives a device the kept pushes that it has not seen.
  void give_kept(const Connected& event, bool is_exact, EffectList& effects);
  void restore_kept(const Woken& event, EffectList& effects);

  // session_resume.cpp: the count of what goes to all, and requests that are done once

  // Whether the next frame to all is counted. The count stops when no device of version 2 was there
  // for long.
  [[nodiscard]] bool continue_count();
  // Has the count survive as one that has stopped.
  void stop_count();
  // Count a frame that no row is written for, as version 2 has it without its number. The second is
  // for those that the first frame after connecting replaces.
  void count_frame(std::string_view frame);
  void count_state();
  // Has a row say that it no longer tells the whole count; without a device that could carry it,
  // has the count stored.
  void leave_stored_count();
  // Begins a new epoch.
  void begin_count();
  // Erases what is known of the old one, and tells `frame` with the place in the new one.
  void forget_count(std::string_view frame, EffectList& effects);
  // Sends a frame to all: to devices of version 2 as they have it, with the number that it was
  // counted with.
  void send_to_all(std::string_view frame, std::string_view v2_frame, EffectList& effects);
  void send_to_all(std::string_view frame, EffectList& effects) {
    send_to_all(frame, frame, effects);
  }
  void send_to(ProtocolVersion version, std::string_view frame, EffectList& effects,
               ConnectionId except = kNoConnection);
  void send_by_version(std::string_view frame, std::string_view v2_frame, EffectList& effects);
  // Tells a device of version 2 where it stands, and what it has missed.
  void resume(const Connected& event, EffectList& effects);
  // Remembers that the request that is being handled is done. Before anything is written that must
  // know it.
  void note_done(ConnectionId sender);
  // Devices of version 2 that may come back.
  void note_gone(std::string_view device_id);
  void note_back(std::string_view device_id);
  // What of version 2 is stored with the rest, and what of it rides in attachments.
  void write_extension(std::string& out) const;
  void restore_extension(EffectList& effects);
  void write_shared(ConnectionId connection, std::string& out) const;
  [[nodiscard]] bool restore_shared(const Attachment& attachment);
  void write_journal(std::string& out) const;
  void restore_count();

  // session_survival.cpp: what is stored and attached

  void restore_logout(const Woken& event, EffectList& effects);
  void restore_stored(const Woken& event, EffectList& effects);
  void restore_connections(const Woken& event, EffectList& effects);
  void restore_metrics(const Woken& event);
  // Ends the connections of version 2, which can't be counted on without a count.
  void expel_uncounted(EffectList& effects);
  // Ends what was issued until this second, unless more is ended already. A clock that jumps back
  // must not open the door again to what an earlier logout has ended.
  void end_until(std::int64_t at_s);

  // session_commit.cpp: what is written at the end of a step

  // Stores and attaches what has fallen behind. `carrier` is the open connection whose attachment
  // takes what is to be written of the user, kNoConnection if none is open.
  void commit(ConnectionId carrier, bool is_waking, EffectList& effects);
  [[nodiscard]] bool is_row_behind() const;
  void store(EffectList& effects);
  void store_logout(EffectList& effects);
  void store_kept(EffectList& effects);
  // Attaches to every connection whose attachment is behind, or to `carrier` alone if only what it
  // says of the user is. False if to none.
  bool attach_behind(ConnectionId carrier, bool is_waking, EffectList& effects);
  [[nodiscard]] bool is_attachment_behind(const Connection& connection) const;
  [[nodiscard]] bool is_user_behind() const;
  // Whether what is attached has been true for long enough.
  [[nodiscard]] bool is_stale() const;
  void attach(ConnectionId connection, EffectList& effects);
  [[nodiscard]] TimeMs surviving_last_active() const;
  // When the user, or the device of a connection, was last active, as it is told: what this step's
  // commit leaves in an attachment, so that it is not earlier after a sleep.
  [[nodiscard]] TimeMs told_last_active() const;
  [[nodiscard]] static TimeMs told_seen_at(const Connection& connection);
  // Has what was counted since the last time collected.
  void measure(EffectList& effects);

  bool is_awake_ = false;
  // Somebody collects what is counted.
  bool is_measured_ = false;
  // What is stored tells the whole count, also after a crash.
  bool is_count_stored_ = true;
  // A device was remembered that no row knows.
  bool is_device_unstored_ = false;
  // What has been changed in this step and has a row of its own.
  bool is_row_due_ = false;
  bool is_logout_due_ = false;
  bool is_kept_due_ = false;
  // By a credential that the request was to end a device that stays has come, too.
  bool is_credential_shared_ = false;
  Presence presence_ = Presence::kOffline;
  // The time of the event that is being handled.
  TimeMs now_ = 0;
  std::string user_id_;
  RateLimits rate_limits_;
  TokenBucket user_frames_;
  TokenBucket connects_;

  // As it was stored last, `active_games` always and `last_active` as far as it may lag.
  Snapshot stored_;
  // The active games as a JSON array: written at each change, sent much more often.
  std::string games_json_ = "[]";
  Logout logout_;
  // When the newest of the credentials that were let in was issued. An issuer's clock may be ahead
  // of ours, and a logout must reach its credentials too.
  std::int64_t newest_issued_at_s_ = 0;

  // Indexed by ConnectionId.
  std::vector<Connection> connections_;
  std::size_t open_count_ = 0;
  // How many there were when the step began.
  std::size_t open_before_ = 0;
  // When the first of the open connections loses its credential.
  TimeMs next_expiry_ = kNever;

  TimeMs last_active_ = 0;

  // Whose attachment is the newest, and what it says of the user.
  ConnectionId carrier_ = kNoConnection;
  std::int64_t attachment_order_ = 0;
  Presence attached_presence_ = Presence::kOffline;
  TimeMs attached_last_active_ = 0;
  TimeMs attached_at_ = 0;
  // What the clock said then, which may be less: it is set back now and then.
  TimeMs clock_at_attaching_ = 0;

  // Of version 2: what was sent to all, and what was asked for.
  Journal journal_;
  Idempotency idempotency_;
  RememberedDevices remembered_;
  KeptPushes kept_;
  // Devices one of whose sockets has gone in this step.
  std::vector<std::string> gone_;
  // How many of the open connections speak version 2, and when there was one.
  std::size_t v2_count_ = 0;
  TimeMs v2_seen_at_ = 0;
  // Devices of version 2 that have gone, by the hashes of their ids, until they are back.
  struct Missing {
    std::uint64_t device = 0;
    TimeMs gone_at = 0;
  };
  std::vector<Missing> missing_;
  // The newest epoch that an attachment had at the waking.
  std::int64_t carried_epoch_ = 0;
  // Up to where the count is stored, and up to where it survives while devices are connected.
  Position stored_position_;
  std::int64_t surviving_seq_ = 0;
  // The id of the request that is being handled; empty if it has none.
  std::string_view request_id_;
  // The number that it is remembered with.
  std::optional<std::int64_t> request_seq_;

  TimeMs counted_since_ = 0;
  Metrics metrics_;
  // Up to when kAwakeMs is counted.
  TimeMs awake_until_ = 0;
  // What has been collected of the metrics, and when.
  Metrics measured_;
  TimeMs measured_at_ = 0;

  // The old hook compares this reason to the letter to tell a logout from a lost connection.
  static constexpr std::uint16_t kLogoutCode = 1000;
  static constexpr std::string_view kLogoutReason = "Logged out from all devices";

  static constexpr TimeMs kNever = std::numeric_limits<TimeMs>::max();

  MessageParser parser_;
  // Kept for their memory: the frame that is being written, the same with its number, and the bytes
  // that are stored or attached.
  std::string out_;
  std::string numbered_;
  std::string bytes_;
  std::string shared_;
};

}  // namespace user_session
