// A user whose devices come and go, while servers push, and the object sleeps, crashes and is
// restored. Each step requires that devices were told what docs/protocol.md promises. The names of
// the promises stand in front of what is required:
//
//   once-in-order, missed-in-silence   what went to all reaches each device once, or it is reset
//   told-truly                         an answer says whether a request was done, and none is twice
//   no-needless-reset                  without a fault everybody is brought what went to all
//   no-needless-too-old                without a fault it is known whether a request was done
//   inbox-complete, inbox-once         each message above a device's place comes once, in order
//   values-same                        who has read all has every value as it was changed last
//   push-id                            a push is not delivered again
//   rows                               a step writes no more rows than it should
//
// A client's own part is in v2_client.h, what is true in v2_truth.h, and what a step may cost in
// v2_rows.h. The operations are in v2_devices.cpp, v2_servers.cpp and v2_faults.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host.h"
#include "v2_client.h"
#include "v2_draw.h"
#include "v2_frames.h"
#include "v2_keeping.h"
#include "v2_rows.h"
#include "v2_stage.h"
#include "v2_truth.h"

namespace user_session {

class World {
 public:
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  explicit World(Draw& draw, Stage::Note note = nullptr);
  void go_on(Draw& draw);

 private:
  // An open socket as the server sees it.
  struct Seat {
    bool is_v2 = false;
    std::string device;
    std::string run = {};
    // Client that reads it; nullptr if the other end is gone, or is nobody's.
    Client* client = nullptr;
    // Bytes of a later release at the end of its attachment.
    std::string room = {};
  };
  // A frame to all in both versions; version 1 has none if it is empty.
  struct News {
    std::string v2;
    std::string v1;
  };
  // A frame that a broken connection has not lost but delayed.
  struct Late {
    ConnectionId socket = 0;
    Asked asked;
  };
  struct Backup {
    Host host = {};
    Truth truth = {};
    int clear_era = 0;
  };
  enum class Outcome { kIgnored, kDone, kRepeated, kRefused, kLimited, kTooOld };

  // v2_world.cpp: a step, from the time to what everybody was told

  void begin_step();
  void expect(std::string v2, std::string v1);
  // A frame to all is counted in this step, unless no device of version 2 was there for long.
  void count();
  void finish_step();
  void note_numbers();
  void deliver();
  void deliver_to(ConnectionId socket, Seat& seat);
  void check_version1(const std::vector<FramePtr>& frames) const;
  void close_seats();
  // Returns the frames of this step.
  [[nodiscard]] const Sent& sent();
  // Places that were told until now may be unknown from now on.
  void excuse();
  void excuse_after_fault();
  [[nodiscard]] bool is_any_v2_open() const;
  [[nodiscard]] std::string new_run();

  // v2_devices.cpp: what devices do

  void connect(Client& client, Draw& draw);
  void check_greeting(const Client& client, ConnectionId socket, Position since,
                      std::int64_t inbox);
  void check_messages(const std::vector<FramePtr>& frames, std::int64_t place) const;
  void break_connection(Client& client, Draw& draw);
  void reload(Client& client, Draw& draw);
  void take_over(Client& client, Draw& draw);
  void ask(Client& client, Draw& draw);
  void repeat(Client& client, Draw& draw);
  void flush(Client& client);
  void read_arrived(Client& client);
  void lie(Client& client, Draw& draw);
  void use_version1(Draw& draw);
  void arrive_late(Draw& draw);
  [[nodiscard]] Json draw_message(Draw& draw, const Client* client);

  // v2_requests.cpp: what a frame brings about

  void serve(ConnectionId socket, const Asked& asked);
  [[nodiscard]] Outcome outcome_at(ConnectionId socket, const Asked& asked);
  void check_told(const Seat& seat, const Asked& asked, Outcome outcome);
  void note_number(const Asked& asked);
  void note_asked(const std::string& run);
  void forget_runs();
  void happen(const Json& json, const Seat& seat);
  void mark_read(const Json& json);

  // v2_servers.cpp: what servers do

  void push(Draw& draw);
  void push_now(const std::string& body, const std::string& push_id);
  void keep(std::int64_t keep_s, const std::string& push_id, std::size_t size);
  void change_game(Draw& draw);
  void clear();
  void overflow(Draw& draw);
  void push_often(unsigned what, bool is_large);
  void visit_often(unsigned times);
  [[nodiscard]] Json answer() const;

  // v2_values.cpp: the user's values

  [[nodiscard]] Json draw_change(Draw& draw);
  void change_value(const Json& change);
  void check_conflict(const Json& change, const Json& error) const;
  // A change was done by a device, or by a server if the name is empty.
  void value_changed(const Json& change, const std::string& device);
  void excuse_forgotten();
  void change_often();
  void check_values(const Client& client) const;

  // v2_faults.cpp: what befalls the object

  void sleep();
  void crash();
  void restore();
  void lose_everything();
  void damage(Draw& draw);
  void add_room(Draw& draw);
  void trap(Client& client, Draw& draw);
  void turn_clock(Draw& draw);
  void beat(Draw& draw);
  void wake();

  Stage stage_;
  Host& host_ = stage_.host();
  int step_ = 0;
  Truth truth_;
  Rows rows_;
  Keeping keeping_;
  Epochs epochs_;
  std::vector<Client> clients_;
  std::map<ConnectionId, Seat> seats_;
  ConnectionId next_socket_ = 0;
  int next_run_ = 0;
  // How often what is kept may still run over, which takes its time.
  int overflows_left_ = 2;
  std::vector<Late> late_;
  std::optional<Backup> saved_;

  // This step: what must go to all, what is pushed to the inbox, and what it may cost.
  std::vector<News> expected_;
  std::optional<Mail> message_;
  std::optional<Sent> sent_;
  Cost cost_;
  std::optional<ConnectionId> newcomer_;
  bool is_counted_ = false;
  bool was_anyone_here_ = false;
  bool was_open_ = false;

  // Versions that values have had, also in what a restore has undone.
  std::set<std::int64_t> versions_ = {0};
  std::set<std::string> keys_;
  // The snapshot may be older than a fault since which none was written.
  bool is_row_doubtful_ = false;

  // Places of an earlier era may be unknown, and those before `clear_era_` must be.
  int era_ = 1;
  int clear_era_ = 0;
  // When a device of version 2 was there last, and by how much the server may know less.
  TimeMs v2_at_ = kLongAgo;
  TimeMs v2_lag_ = 0;
  // Of each run the highest number that was used, and the number from which on all is known.
  std::map<std::string, std::int64_t> highest_;
  std::map<std::string, std::int64_t> known_from_;
  // Runs in the order in which they have asked, the last one at the end.
  std::vector<std::string> runs_;
  // Times that steps have had, and the earliest to which the clock may be set back.
  std::set<TimeMs> times_;
  TimeMs earliest_ = 0;
  static constexpr TimeMs kLongAgo = -1'000'000'000'000;
};

}  // namespace user_session
