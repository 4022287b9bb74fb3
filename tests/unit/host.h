// A platform for one session, in memory: it keeps what the session stores and attaches, and knows
// which sockets are open. So an instance can vanish and another wake, as on the real platform. The
// commands of scenario files are not here but in scenario.h.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "effect.h"
#include "event.h"
#include "names.h"
#include "session.h"

namespace user_session {

// All that is stored of a user.
struct Storage {
  // State of the server which this one replaces; Woken borrows from it.
  struct Legacy {
    std::vector<std::string> games;
    TimeMs last_active = 0;
  };

  std::optional<std::string> stored;
  std::optional<std::string> stored_logout;
  std::optional<std::string> stored_inbox;
  // Row of release 0.1.0.
  std::optional<std::string> stored_kept;
  // Rows of messages, by slot.
  std::map<std::uint32_t, std::string> stored_messages;
  // Rows of values, by slot.
  std::map<std::uint32_t, std::string> stored_values;
  std::optional<Legacy> legacy;
};

// The platform and the one instance on it. Its public members, the storage included, are the world
// that a test may change.
class Host : public Storage {
 public:
  // An open socket: its attachment, and the time of its last heartbeat.
  struct Socket {
    std::string attachment;
    TimeMs heartbeat = 0;
  };

  // Each of these makes one step at the time `now`, carries out its effects, and keeps them in
  // `effects`. `wake` drops the instance first.
  void wake();
  void connect(ConnectionId connection, std::string_view device_id);
  // What a device of version 2 says beside its id when it connects.
  struct V2 {
    std::string_view tab_id = kNoText;
    std::string_view run = kNoText;
    Position since = {};
    std::int64_t inbox = Connected::kNoPlace;
  };
  void connect_v2(ConnectionId connection, std::string_view device_id, const V2& says);
  void receive(ConnectionId connection, bool is_text, std::string_view text, std::size_t size);
  void disconnect(ConnectionId connection);
  void request_state();
  void read_heartbeats();
  void request(const Event& event) { step(event); }

  [[nodiscard]] const EffectList& effects() const { return effects_; }
  // Returns the text of one effect with the values that it refers to.
  [[nodiscard]] std::string text(const Effect& effect) const;
  // Sockets that were open before the last step.
  [[nodiscard]] const std::set<ConnectionId>& open_before_step() const { return open_before_step_; }
  // Function that is called after each step, when its effects have been carried out.
  std::function<void()> after_step = [] {};

  std::string user_id;
  TimeMs now = 0;
  // Credential of whoever asks next.
  Credential credential;
  RateLimits rate_limits;
  std::int64_t not_before_s = 0;
  std::int64_t clock_skew_s = 0;
  bool is_nobody_checked = false;
  bool is_measured = false;
  // True if the next waking is told that the leaving of a socket was lost.
  bool is_any_lost = false;
  // Backup that the command `save` has made.
  Storage saved;
  std::map<ConnectionId, Socket> sockets;
  // Random number of the next waking.
  std::int64_t randomness = 0;
  // Epochs that frames have told, in the order in which they were told first.
  std::vector<std::int64_t> epochs;
  // Reason why the frame or push of the next step does not fit the app's definition; empty if it
  // fits.
  std::string misfit;
  // Names that commands have said; what is stored and attached is printed with them.
  Names names;

 private:
  void step(const Event& event);
  void connect(const Connected& event);
  // Carries out one effect.
  void apply(const Effect& effect);
  // Notes the epoch that a frame tells.
  void note_epoch(std::string_view frame);

  Session session_;
  EffectList effects_;
  std::set<ConnectionId> open_before_step_;
};

}  // namespace user_session
