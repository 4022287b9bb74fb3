// One user's session: the state machine between the user's devices. `step` is the only way in.
//
// Rules
//
// - An event goes in, effects come out, and nothing else is read or written: the same events give
//   the same effects. Time comes with the events.
// - A handler (handlers/) decides: it changes what is known of the user (state/user.h) and says
// what
//   is sent and closed. It stores nothing. `commit` (commit.h) then writes what must survive, and
//   the effect list (effect.h) puts that before all that anybody is told.
// - A frame of a connection that is not in the table does nothing: the server has closed it
// already,
//   and the platform still delivers what was under way.
//
// Theory
//
// The user has devices. In version 1 of the protocol a device is one open connection, whatever it
// calls itself; in version 2 it is what calls itself by one id, with a connection for each tab.
//
//   woken             -> the instance knows what is stored and which connections are open
//   connected         -> one more connection; the first makes the user online
//   frame received    -> done or refused, see json/message.h
//   heartbeats read   -> connections that have vanished are gone
//   disconnected      -> one connection less; without any the user is offline
//   state, devices, export, metrics, clear, push,
//   game join, game leave, logout requested
//                     -> the same work for a server, with an answer
//
// A logout leaves a moment behind: whatever credential was issued in its second or before opens
// nothing any more. A connection ends with its credential, at the next event of any device: until
// then it is only silent, since no timer wakes anyone for it.
//
// What goes to all is counted as soon as a device of version 2 is there, so that one which comes
// back can be told what it has missed, or that this can't be done (state/sequence.h).
//
// Warning
//
// An instance may vanish after any step, and its successor wakes from what was stored and attached.
// So whatever a device or a server was told must survive. Keep new state in `User`, with a sign
// that it is unstored, and have `commit` look at that sign.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

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
  // Takes one event and appends what has to be done to `effects`. The first event of an instance is
  // Woken, and there is only one.
  void step(const Event& event, EffectList& effects);

 private:
  // Why somebody is not let in.
  struct TurnedAway {
    std::uint16_t status = 0;
    Refusal refusal;
  };
  // Why nothing was done, if it was not.
  using Refused = std::optional<Refusal>;

  // Counts what the step has come to, and has survive what must.
  void finish(const Event& event, Step& step);

  // One per event.
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

  // One per message of `step.sender`, which is open.
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

  // handlers/admission.cpp: who is let in, and how often they may ask

  // Lets a device or a request in, which takes from its rates, or says why not.
  [[nodiscard]] std::optional<TurnedAway> admit(const Connected& event);
  [[nodiscard]] std::optional<TurnedAway> admit(const Credential& credential, TimeMs now);
  // Lets a frame in; if not, its sender is told so, or closed if it does not heed it.
  [[nodiscard]] bool admit_frame(Step& step);
  // The same for what all connections of the user share; nobody is closed for what others sent.
  [[nodiscard]] bool admit_user_frame(Step& step);
  // Closes the connections whose credentials have ended.
  void end_expired(Step& step);

  // handlers/connecting.cpp: devices that come and go

  // The connection of the same device and tab, whose place a new one takes.
  [[nodiscard]] ConnectionId tab_to_replace(const Connected& event) const;
  void come_in(const Connected& event, Step& step);
  // Gives a device its first frame and, in version 2, what it has missed.
  void greet(const Connected& event, Step& step);
  void replace_tab(ConnectionId replaced, Step& step);
  // Takes a connection out of the table. `after_removals` follows, once for several.
  void remove(ConnectionId id, Step& step);
  // The same for one that has no rights any more, which is closed before any frame goes out.
  void expel(ConnectionId id, std::uint16_t code, std::string_view reason, Step& step);
  void after_removals(Step& step);

  // handlers/frames.cpp: what is the same for every frame

  [[nodiscard]] std::variant<Message, Refusal> read(const FrameReceived& event, Step& step);
  // Does what a device asks for, or does not do it again, and tells it so if it wants to know.
  void perform(const Message& message, Step& step);
  // Remembers that the request that is being handled is done.
  void note_done(Step& step);
  // Tells the sender of a request that it is done. Only the first time in a step.
  void acknowledge(Step& step);
  void refuse(const Refusal& refusal, Step& step);
  void refuse_for(TimeMs wait_ms, Step& step);

  // handlers/games.cpp

  // Join and leave a game for a device or, if `step` has no sender, for a server.
  Refused join_game(std::string_view game_id, Step& step);
  void leave_game(std::string_view game_id, Step& step);

  // handlers/devices.cpp: what others are told of a device

  // Tells devices of version 2 but `except` what has become of another.
  void tell_device(std::string_view device_id, bool is_new, ConnectionId except, Step& step);
  void tell_gone(Step& step);
  void tell_devices(std::string_view frame, ConnectionId except, Step& step);

  // handlers/logout.cpp

  // Ends the session on every device, and every credential of now.
  void logout_all(Step& step);
  // Logs out one device, connected or not, or all others, and ends their credentials, except those
  // by which a device that stays has come.
  enum class Scope { kDevice, kOthers };
  Refused end_devices(Scope scope, std::string_view device_id, Step& step);
  Refused end_device(std::string_view device_id, Step& step);

  // handlers/push.cpp

  // Sends to those that an event or a push is aimed at, to each what its version has. Returns how
  // many they were.
  std::size_t send_aimed(std::string_view frame, std::string_view v2_frame,
                         const Audience& audience, Step& step);
  // Keeps a push for devices that are away. Returns how many others are forgotten for it.
  std::size_t keep(const PushRequested& event);
  // Gives a device the kept pushes that it has not seen.
  void give_kept(const Connected& event, bool is_exact, Step& step);

  // handlers/telling.cpp: to whom a frame goes

  // Sends a frame to all: to devices of version 2 as they have it, with the number that it was
  // counted with.
  void send_to_all(std::string_view frame, std::string_view v2_frame, Step& step);
  void send_to_all(std::string_view frame, Step& step) { send_to_all(frame, frame, step); }
  void send_to(ProtocolVersion version, std::string_view frame, Step& step,
               ConnectionId except = kNoConnection);
  void send_by_version(std::string_view frame, std::string_view v2_frame, Step& step);
  void answer_refusal(const TurnedAway& turned_away, Step& step);
  [[nodiscard]] StateView state_view(TimeMs last_active) const;

  bool is_awake_ = false;
  // The time of the newest event that had one.
  TimeMs now_ = 0;
  User user_;
  Durable durable_;
  MessageParser parser_;
  // Kept for their memory: the frame that is being written, and the same with its number.
  std::string out_;
  std::string numbered_;
};

}  // namespace user_session
