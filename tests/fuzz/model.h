// What a session is, said once more and simply: all that its users and its operator may rely on,
// without bytes, attachments or speed. It tells what an operation must bring about.
//
// `lastActive` it knows only between bounds, since an instance that vanishes may take the last
// second with it, or the last minute when no device is connected.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "effect.h"
#include "event.h"
#include "operations.h"

namespace user_session {

class Model {
 public:
  explicit Model(const Story& story) : devices_max_(story.devices_max), games_(story.games) {}

  // Requires that `operation`, which `host` has just carried out, had the effects that it must have
  // and left what it must leave. `before` is what was stored before it.
  void check(const Operation& operation, const Host& host,
             const std::optional<std::string>& before);

 private:
  struct Device {
    std::string id;
    Credential credential;
    TimeMs heartbeat = 0;
  };
  enum class Row { kNone, kMaybe, kMust };

  void happen(const Operation& operation);
  void connect(const Operation& operation);
  void frame(const Operation& operation);
  void say(const Operation& operation);
  void disconnect(const Operation& operation);
  void state();
  void clear();
  void push(const Operation& operation);
  void join(const Operation& operation);
  void leave(const Operation& operation);
  void log_out();
  void sleep();

  void end_expired();
  void remove(ConnectionId connection);
  // Answers a credential that opens nothing; false if it does open.
  bool is_turned_away();
  // The refusal of a new game; empty if the game is there now.
  std::string add_game(const std::string& game);
  void remove_game(const std::string& game);
  void touch(TimeMs time);

  void expect(const std::string& line) { expected_.push_back(line); }
  void expect_error(ConnectionId connection, std::string_view code);
  void expect_refusal(int status, std::string_view code);
  [[nodiscard]] std::string games_json() const;
  [[nodiscard]] std::string state_members() const;

  void check_effects(const EffectList& effects);
  void check_line(const std::string& expected, const std::string& actual);
  void check_sockets(const Host& host) const;
  void check_stored(const Host& host) const;
  void learn(TimeMs told);

  std::uint32_t devices_max_;
  TimeMs now_ = kStoryBegins;
  Credential credential_;
  std::vector<std::string> games_;
  std::map<ConnectionId, Device> devices_;
  std::string presence_ = "offline";
  std::int64_t logout_at_s_ = 0;
  // What a logout reaches beyond its own second, as far as an instance knows.
  std::int64_t newest_issued_at_s_ = 0;

  // `lastActive` is at least and at most this, and at least so much of it survives.
  TimeMs at_least_ = 0;
  TimeMs at_most_ = 0;
  TimeMs survives_ = 0;

  // Of the operation that is being checked: its effects, what is stored, and who may be sent to.
  std::vector<std::string> expected_;
  std::vector<std::string> closings_;
  std::vector<std::string> answers_;
  std::optional<TimeMs> stored_before_;
  Row row_ = Row::kNone;
  bool is_erased_ = false;
  bool is_logout_stored_ = false;
};

}  // namespace user_session
