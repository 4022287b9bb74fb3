// A model of a session of version 1, without bytes, attachments or speed: all that its users and
// its operator may rely on. It says what an operation must bring about. The operations are drawn in
// operations.h.
//
// The model knows `lastActive` only between bounds, since an instance that vanishes may take the
// last second with it, or the last minute when no device is connected.
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

// In an expected line: a lastActive, and any text up to the end.
constexpr char kTime = '\x01';
constexpr char kAny = '\x02';

// Returns a connection's number as it stands in an expected line.
inline std::string to(ConnectionId connection) { return ' ' + std::to_string(connection) + ' '; }

// The state of the user as the model knows it.
class Model {
 public:
  explicit Model(const Story& story) : devices_max_(story.devices_max), games_(story.games) {}

  // Requires that `operation`, which `host` has just carried out, had the effects that it must have
  // and left what it must leave. `before` is the snapshot that was stored before it.
  void check(const Operation& operation, const Host& host,
             const std::optional<std::string>& before);

 private:
  // A connected device.
  struct Device {
    std::string id;
    Credential credential;
    TimeMs heartbeat = 0;
  };
  // Whether the operation must not, may or must write the snapshot.
  enum class Row { kNone, kMaybe, kMust };

  // Each of these adds what must come of an operation to the expected effects, and changes the
  // model.
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
  // Returns what the answer to a logout says of it. `log_out` has not happened yet.
  [[nodiscard]] std::string logout_answer() const;
  void sleep();

  void end_expired();
  void remove(ConnectionId connection);
  // Notes when a credential was issued that is let in.
  void note_shown(const Credential& credential);
  // Expects the refusal of a credential that is not valid. Returns false if it is valid.
  bool is_turned_away();
  // Adds a game. Returns the error code of its refusal, empty if the game is there now.
  std::string add_game(const std::string& game);
  void remove_game(const std::string& game);
  void touch(TimeMs time);

  // Add a line, an error frame or a refusal to the expected effects.
  void expect(const std::string& line) { expected_.push_back(line); }
  void expect_error(ConnectionId connection, std::string_view code);
  void expect_refusal(int status, std::string_view code);
  [[nodiscard]] std::string games_json() const;
  [[nodiscard]] std::string state_members() const;

  void check_effects(const EffectList& effects);
  void check_line(const std::string& expected, const std::string& actual);
  void check_sockets(const Host& host) const;
  void check_stored(const Host& host) const;
  // Requires that a `lastActive` that was told lies within the bounds, and narrows them.
  void learn(TimeMs told);

  std::uint32_t devices_max_;
  TimeMs now_ = kStoryBegins;
  Credential credential_;
  std::vector<std::string> games_;
  std::map<ConnectionId, Device> devices_;
  std::string presence_ = "offline";
  std::int64_t logout_at_s_ = 0;
  // Second in which the newest credential was issued that this instance has been shown: a logout
  // reaches up to it. The row has it if our clock had not come as far, or since a logout.
  std::int64_t shown_at_s_ = 0;
  std::int64_t stored_shown_at_s_ = 0;

  // Bounds of `lastActive`, and the part of it that survives the instance at least.
  TimeMs at_least_ = 0;
  TimeMs at_most_ = 0;
  TimeMs survives_ = 0;

  // The operation that is being checked: its expected effects in three parts of the order, the
  // stored `lastActive` before it, and what it must do to the rows.
  std::vector<std::string> expected_;
  std::vector<std::string> closings_;
  std::vector<std::string> answers_;
  std::optional<TimeMs> stored_before_;
  Row row_ = Row::kNone;
  bool is_erased_ = false;
  bool is_logout_stored_ = false;
  // The report of a logout that the app must be told; empty if there is none.
  std::string logout_report_;
};

}  // namespace user_session
