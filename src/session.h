// One user's session: the state machine between the user's devices and the app's servers.
// `Session::step` is the only way in.
//
// Only the decisions belong here and in handlers/. The data is in state/user.h, what survives an
// instance is decided in commit.h, the JSON of a frame is written in json/frame.h, and nothing in
// src/ knows of the platform or of WebAssembly.
//
// Words
//
// - An instance is one `Session` object, from its waking until it ends: by hibernation, a restart
// or
//   a crash of the object, a trap, or a write that fails. Its memory ends with it.
// - An event (event.h) is something that has happened: a frame was received, a server asked. A step
//   is the handling of one event. An effect (effect.h) is something that the step wants done: store
//   this, send that.
// - A connection is one open socket. A device is an installation of the app in version 2 of the
//   protocol, with one connection for each of its tabs. In version 1 each connection is a device of
//   its own, also when two of them have the same id.
// - A row is a value in the user's storage: the snapshot of the user, the logout, the inbox, and
// each
//   message of the inbox. A row survives everything, and each write of it costs money.
// - An attachment is bytes, at most 16 KiB, that the platform keeps with an open socket. It
//   survives the instance but not the socket, and writing it is free.
// - The sequence is the count of the frames that concern everybody: devices of version 2 see the
//   number (`seq`) that each has. An epoch is a stretch of these frames between two rows
//   (state/sequence.h).
// - A run is one run of a client program. It numbers what it asks for (state/runs.h).
// - The audience of a broadcast or a push is the devices to which it is limited.
// - A message is a push from a server that waits in the user's inbox until it is read.
// - A connection has vanished when its heartbeats have stopped although its socket is still open.
//
// Rules
//
// - An event goes in and effects come out. Nothing outside the session is read or written, and the
//   time comes with the events, so the same events give the same effects.
// - A handler (handlers/) decides. It changes `User` (state/user.h) and adds the frames and
//   closings to the effects. It stores nothing. At the end of the step `commit` (commit.h) stores
//   what must survive. The effect list sorts what is added to it: rows and attachments come before
//   everything that anybody is told.
// - A frame from a connection that is not open (state/connections.h) does nothing. The server has
//   closed that connection already, and the platform still delivers what was under way.
//
// Events
//
//   Woken             -> it knows what is stored and which connections are open
//   Connected         -> one more connection; the first makes the user online
//   FrameReceived     -> the message is handled or refused, see json/message.h
//   HeartbeatsRead    -> connections that have vanished are closed
//   Disconnected      -> one connection less; without any the user is offline
//   all others        -> a request by HTTP or by RPC, with an answer
//
// A logout ends credentials: it leaves behind what is refused from then on (state/access.h), and
// closes the connections that came by what it has ended. A connection whose credential has expired
// is closed at the next event, whoever causes it, before that event is handled. Until an event
// nobody is sent anything, so no timer is needed.
//
// The sequence runs while a device of version 2 is connected or may come back. A device that comes
// back says the last place it has seen, and is sent what it has missed; if that is not possible it
// is told to start over (state/sequence.h).
//
// Before you change something
//
// An instance may end after any step, and its successor knows only the rows and the attachments. So
// whatever a device or a server is told about the user must be in one of them at the end of that
// step. Keep new state in `User`, with a flag that says that it is not stored yet, and let `commit`
// act on that flag; commit.h says what belongs in a row.
//
// The texts of an event are borrowed from its caller. Copy what must outlive the step.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "commit.h"
#include "effect.h"
#include "event.h"
#include "json/frame.h"
#include "json/message.h"
#include "state/user.h"
#include "step.h"

namespace user_session {

class Session {
 public:
  // Handles one event, and appends to `effects` what has to be done because of it. The first event
  // of an instance must be Woken, and only the first; a second Woken traps.
  void step(const Event& event, EffectList& effects);

 private:
  // The answer to a device or a request that is refused: an HTTP status and the reason.
  struct TurnedAway {
    std::uint16_t status = 0;
    Refusal refusal;
  };
  // The result of a `handle`: the reason for a refusal, with nothing changed; nullopt if all was
  // done.
  using Refused = std::optional<Refusal>;

  // Updates the metrics for `event`, takes rate-limit tokens for what was sent, and commits
  // everything that must outlive this instance.
  void finish(const Event& event, Step& step);
  // Takes the tokens for `bytes_sent` bytes, recipients included.
  void charge(const Event& event, std::int64_t bytes_sent, Step& step);

  // Each `on` handles one kind of event.
  void on(const Woken& event, Step& step);
  void on(const Connected& event, Step& step);
  void on(const FrameReceived& event, Step& step);
  void on(const Disconnected& event, Step& step);
  void on(const StateRequested& event, Step& step);
  void on(const ClearRequested& event, Step& step);
  void on(const PushRequested& event, Step& step);
  void on(const GameJoinRequested& event, Step& step);
  void on(const GameLeaveRequested& event, Step& step);
  void on(const LogoutRequested& event, Step& step);
  void on(const MetricsRequested& event, Step& step);
  void on(const HeartbeatsRead& event, Step& step);
  void on(const DevicesRequested& event, Step& step);
  void on(const ExportRequested& event, Step& step);
  void on(const TicketRequested& event, Step& step);
  void on(const ValuesRequested& event, Step& step);
  void on(const ValueChangeRequested& event, Step& step);

  // Each `handle` handles one kind of message from `step.sender`, whose connection is open.
  Refused handle(const JoinGame& message, Step& step);
  Refused handle(const LeaveGame& message, Step& step);
  Refused handle(const UpdatePresence& message, Step& step);
  Refused handle(const SyncState& message, Step& step);
  static Refused handle(const Ping& message, Step& step);
  Refused handle(const LogoutAll& message, Step& step);
  Refused handle(const Broadcast& message, Step& step);
  Refused handle(const SetDevice& message, Step& step);
  Refused handle(const LogoutOthers& message, Step& step);
  Refused handle(const LogoutDevice& message, Step& step);
  Refused handle(const LogoutCredential& message, Step& step);
  Refused handle(const MarkRead& message, Step& step);
  Refused handle(const SetValue& message, Step& step);
  Refused handle(const DeleteValue& message, Step& step);

  // handlers/admission.cpp: who is let in, and how often they may ask

  // Checks the credential. Returns nullopt if it is valid, which is then noted.
  [[nodiscard]] std::optional<TurnedAway> check(const Credential& credential, TimeMs now);
  // Check the credential and, for a device, the length of its ids and the number of connections,
  // then take a token from the rate limits. Return nullopt if the device or request is let in.
  [[nodiscard]] std::optional<TurnedAway> admit(const Connected& event);
  [[nodiscard]] std::optional<TurnedAway> admit(const Credential& credential, TimeMs now);
  // Takes a token from the sender's own rate. Returns false if there is none: the sender is then
  // told to wait, or is closed if it was told so too often.
  [[nodiscard]] bool admit_frame(Step& step);
  // Takes a token from the rate that all connections of the user share. Returns false if there is
  // none: the sender is then told to wait. It is never closed, since the others may have used the
  // rate up.
  [[nodiscard]] bool admit_user_frame(Step& step);
  // Closes the connections whose credentials have expired by `step.now`.
  void end_expired(Step& step);

  // handlers/connecting.cpp: devices that come and go

  // Returns the open connections that the new one replaces: those of the same device and tab, and
  // those of the same run. In version 1 there are none.
  [[nodiscard]] std::vector<ConnectionId> replaced_by(const Connected& event) const;
  // Opens the connection in the table, and tells the other devices.
  void come_in(const Connected& event, Step& step);
  // Sends a device its first frame and, in version 2, the frames and the messages that it has
  // missed.
  void greet(const Connected& event, Step& step);
  // Sends a device the frames and the newest changes of values that followed a place.
  void send_missed(ConnectionId connection, std::int64_t since, Step& step);
  // Closes a connection in whose place another one has come. Others are told only if it is not of
  // the device `device_id`.
  void replace(ConnectionId replaced, std::string_view device_id, Step& step);
  // Takes a connection out of the table and sends nothing. The caller calls `after_removals` once
  // when it has removed all that it wants to.
  void remove(ConnectionId id, Step& step);
  // Removes a connection whose credential has ended, and closes it before any frame of this step is
  // sent. As after `remove`, the caller calls `after_removals`.
  void expel(ConnectionId id, std::uint16_t code, std::string_view reason, Step& step);
  // Tells the remaining devices which ones are gone.
  void after_removals(Step& step);

  // handlers/frames.cpp: what is the same for every frame

  // Parses a frame in the version of its sender. In version 2 it also sets `step.request`, and
  // notes the number that its run has used. Returns the message, or the reason why it is refused.
  [[nodiscard]] std::variant<Message, Refusal> read(const FrameReceived& event, Step& step);
  // Notes the number of a request that is not repeated. Returns why it is refused, or nullopt.
  [[nodiscard]] Refused use_number(const Step& step);
  // Answers a repetition that is known as done, or of which nothing is known. Returns false if it
  // is known as not done, and so is still to be handled.
  [[nodiscard]] bool answer_again(Step& step);
  // Handles a message, and acknowledges it if it has an id. Refuses it instead if `misfit`, as in
  // FrameReceived, is not empty.
  void perform(const Message& message, std::string_view misfit, Step& step);
  // Closes the connection of a run, unless it is the sender's: another connection repeats what the
  // run has asked for, and what is still under way on its own must not be done after that.
  void end_run(std::string_view run, Step& step);
  // Sends the `ack` of the current request. Only the first call in a step does anything.
  void acknowledge(bool is_repeated, Step& step);
  // Sends the sender an `error` frame, and counts the refusal.
  void refuse(const Refusal& refusal, Step& step);
  // Sends the sender an `error` frame that tells it to wait `wait_ms` milliseconds, and counts it.
  void refuse_for(TimeMs wait_ms, Step& step);

  // handlers/games.cpp

  // Join and leave a game for the sender, or for a server if `step` has no sender. Joining does
  // nothing if the game is there, and is refused if there is no room. Leaving tells all devices
  // even if the game is not there, as the server before this one did.
  Refused join_game(std::string_view game_id, Step& step);
  void leave_game(std::string_view game_id, Step& step);

  // handlers/devices.cpp: what others are told of a device

  // Tells the devices of version 2, except the connection `except`, that a device has connected
  // (`is_new`) or has changed.
  void tell_device(std::string_view device_id, bool is_new, ConnectionId except, Step& step);
  // Tells the devices of version 2 what has become of each device in `step.gone`: it has fewer
  // tabs, or it has disconnected.
  void tell_gone(Step& step);
  // Sends `frame` with its sequence number to all devices of version 2 except the connection
  // `except`.
  void tell_devices(std::string_view frame, ConnectionId except, Step& step);

  // handlers/logout.cpp

  // A logout that was asked for. Its texts and the credential belong to the event or to the
  // sender's connection.
  struct Ending {
    LogoutScope scope;
    // Id of the device or of the credential, as in LogoutRequested.
    std::string_view id;
    std::int64_t until_s;
    // Credential of who asks, and for a socket its device.
    const Credential& asker;
    std::string_view asking_device;
  };
  // Credentials that devices and connections have, one of each sign-in.
  using KnownCredentials = std::vector<const Credential*>;
  [[nodiscard]] Ending asked_by_sender(LogoutScope scope, std::string_view id,
                                       const Step& step) const;
  // Logs out, sets `step.ended` and acknowledges. Returns a refusal, with nothing done, if the
  // device is unknown or there are no credentials.
  Refused log_out(Ending ending, Step& step);
  // Returns the credentials that are known and not ended.
  [[nodiscard]] KnownCredentials valid_credentials() const;
  // Returns the known credential that has this id, or is of the session with it; or else nullptr.
  [[nodiscard]] const Credential* credential_named(const Digest& id) const;
  // Changes what is refused.
  void end_credentials(const Ending& ending, Step& step);
  void end_device(const Ending& ending, Step& step);
  // Returns the last second in which a credential with this id may have been issued; `named` is one
  // that has it, nullptr if none is known.
  [[nodiscard]] std::int64_t last_second_of(const Digest& id, const Credential* named,
                                            TimeMs now) const;
  // Counts what has ended, and tells the app. `before_s` is the second up to which everything was
  // refused before.
  void report_logout(const Ending& ending, const KnownCredentials& known, std::int64_t before_s,
                     Step& step);
  // Closes the connections that are over.
  void close_ended(const Ending& ending, Step& step);
  [[nodiscard]] bool is_ended_by(const Ending& ending, const Connection& connection) const;

  // handlers/push.cpp

  // Sends a frame to the connections in `audience`: `frame` in version 1, `v2_frame` in version 2.
  // Returns the number of connections.
  std::size_t send_aimed(std::string_view frame, std::string_view v2_frame,
                         const Audience& audience, Step& step);
  // Adds a push to the inbox, sends it to all connections, and answers.
  void keep(const PushRequested& event, Step& step);

  // handlers/values.cpp

  // Returns the refusal of a change for a version that the value does not have, or nullopt.
  [[nodiscard]] Refused check_version(std::string_view key, std::optional<std::int64_t> if_version,
                                      Step& step) const;
  // Changes or deletes a value, and tells the devices of version 2.
  void change_value(std::string_view key, std::optional<std::string_view> text, Step& step);
  // Sends a frame that may refer to values.
  void send_with_values(ConnectionId connection, std::string_view frame, Step& step) const;

  // handlers/inbox.cpp

  // Returns what a device of version 2 is told of the whole user. `devices` and `values` must
  // outlive it.
  [[nodiscard]] WholeView whole_view(const std::vector<DeviceView>& devices,
                                     const std::vector<ValueView>* values, TimeMs now) const;
  // Sends a device the messages above `place` which have not expired.
  void send_messages(ConnectionId connection, std::int64_t place, Step& step);

  // handlers/state.cpp

  // Sends each device of version 2 a `state` with all about the user.
  void send_whole(const StateView& state, Step& step);

  // handlers/telling.cpp: who is sent what

  // Send a frame to all connections: `frame` to version 1, and `v2_frame` with the newest sequence
  // number to version 2. The caller has counted the frame in the sequence.
  void send_to_all(std::string_view frame, std::string_view v2_frame, Step& step);
  void send_to_all(std::string_view frame, Step& step) { send_to_all(frame, frame, step); }
  // Sends a frame to all connections of one version, except the connection `except`.
  void send_to(ProtocolVersion version, std::string_view frame, Step& step,
               ConnectionId except = kNoConnection);
  // Sends each connection the frame of its version, with as few effects as possible.
  void send_by_version(std::string_view frame, std::string_view v2_frame, Step& step);
  // Answers the request of this step with a refusal.
  void answer_refusal(const TurnedAway& turned_away, Step& step);
  // Returns what frames about the user say, with `last_active` as the time to show.
  [[nodiscard]] StateView state_view(TimeMs last_active) const;

  // True after Woken has been handled.
  bool is_awake_ = false;
  User user_;
  Persistence persistence_;
  MessageParser parser_;
  // Buffers that keep their memory from step to step: the frame that is being written, and the same
  // frame with its sequence number.
  std::string out_;
  std::string numbered_;
};

}  // namespace user_session
