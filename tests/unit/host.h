// A platform for one session, in memory: it keeps what the session stores and attaches, and knows
// which sockets are open. So an instance can vanish and another wake, as on the real one.
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

class Host {
 public:
  struct Socket {
    std::string attachment;
    TimeMs heartbeat = 0;
  };
  struct Legacy {
    std::vector<std::string> games;
    TimeMs last_active = 0;
  };

  // Each of these replaces `effects` by those of one step.
  void wake();
  void connect(ConnectionId connection, std::string_view device_id);
  void connect_v2(ConnectionId connection, std::string_view device_id, std::string_view tab_id,
                  Position since);
  void receive(ConnectionId connection, bool is_text, std::string_view text, std::size_t size);
  void disconnect(ConnectionId connection);
  void request_state();
  void read_heartbeats();
  void request(const Event& event) { step(event); }

  [[nodiscard]] const EffectList& effects() const { return effects_; }
  [[nodiscard]] const std::set<ConnectionId>& open_before_step() const { return open_before_step_; }
  // Called after each step, when its effects have been carried out.
  std::function<void()> after_step = [] {};

  std::string user_id;
  TimeMs now = 0;
  // What whoever asks next has proved.
  Credential credential;
  RateLimits rate_limits;
  bool is_measured = false;
  std::optional<std::string> stored;
  std::optional<std::string> stored_logout;
  std::optional<std::string> stored_kept;
  std::optional<Legacy> legacy;
  std::map<ConnectionId, Socket> sockets;
  // Commands have said these; what is stored and attached is printed with them.
  Names names;

 private:
  void step(const Event& event);
  void connect(const Connected& event);
  void apply(const Effect& effect);

  Session session_;
  EffectList effects_;
  std::set<ConnectionId> open_before_step_;
};

}  // namespace user_session
