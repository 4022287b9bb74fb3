// Whatever happens to devices of both versions, sleep and crash included: no number is used twice
// or left out; who resumes is told exactly what it has missed, or that it must start over; version
// 1 is told nothing of version 2; what was done is not done again; a kept push reaches a device
// once.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checks.h"
#include "host.h"
#include "limits.h"
#include "v2_frames.h"

namespace user_session {
namespace {

// A tab of an installation, connected or not, and what it has seen.
struct Client {
  Position seen;
  // How many of all frames to all it has been told of, or need not be.
  std::size_t told = 0;
  std::set<int> kept;
};

struct Kept {
  int number = 0;
  TimeMs expires_at = 0;
};

struct Done {
  TimeMs at = 0;
  std::int64_t seq = 0;
  // No crash makes it be done again.
  bool is_stored = false;
};

class World {
 public:
  World() {
    host_.user_id = "alice";
    host_.now = 1'700'000'000'000;
    host_.wake();
  }

  void go_on(Draw& draw) {
    ++step_;
    ++host_.now;
    expected_.clear();
    const auto socket = static_cast<ConnectionId>(draw.below(6));
    const unsigned which = draw.below(24);
    if (which < 5) return connect(socket, draw);
    if (which < 12) return frame(socket, draw);
    if (which < 14) return push(draw);
    switch (which) {
      case 14:
        return games(draw);
      case 15:
      case 16:
        host_.disconnect(socket);
        return check();
      case 17:
        host_.wake();
        require(host_.effects().list().empty(), "a waking from what is sound has no effects");
        return;
      case 18:
        return crash();
      case 19:
        if (const auto known = host_.sockets.find(socket); known != host_.sockets.end()) {
          known->second.heartbeat = host_.now;
        }
        return;
      case 20:
        host_.read_heartbeats();
        return check();
      case 21:
        return clear();
      case 22:
        host_.request(LogoutRequested{.now = host_.now});
        return check();
      default:
        host_.now += kTimes[draw.below(kTimes.size())];
    }
  }

 private:
  using Name = std::pair<std::string, std::string>;

  // What devices ask for

  void connect(ConnectionId socket, Draw& draw) {
    if (host_.sockets.contains(socket)) return;
    const std::string device = "d" + std::to_string(draw.below(3));
    const unsigned how = draw.below(8);
    if (how < 2) {
      host_.connect(socket, device);
      names_.erase(socket);
      check();
      require(json_sent_to(host_, socket).front().contains("activeGames"),
              "version 1 is told the state");
      return;
    }
    if (how == 2) {
      // One that says whatever it likes about what it has seen.
      const Position since = {.epoch = host_.now - draw.below(200), .seq = draw.below(40)};
      host_.connect_v2(socket, "liar", "", since);
      names_[socket] = {"liar", std::to_string(socket)};
      clients_.erase(names_[socket]);
      return come_in(socket, {});
    }
    const std::string tab = draw.below(2) == 0 ? "t" : "u";
    const Client& client = clients_[{device, tab}];
    const Position since = how > 3 ? client.seen : Position{};
    // It may be here already, and is replaced then.
    host_.connect_v2(socket, device, tab, since);
    names_[socket] = {device, tab};
    come_in(socket, since);
  }

  // What a newcomer of version 2 is told.
  void come_in(ConnectionId socket, Position since) {
    const auto frames = sent_to(host_, socket);
    newcomer_ = socket;
    check();
    newcomer_.reset();
    const Name name = names_.at(socket);
    const std::string& device = name.first;
    Client& client = clients_[name];
    const Json state = Json::parse(frames.front());
    require(state["type"] == "initial_state" && state["activeGames"] == Json(games_),
            "the first frame tells the games", frames.front());
    const Position now = {.epoch = state["epoch"], .seq = state["seq"]};
    const bool is_resumed = since.epoch != 0 && !state.contains("reset");
    require(!is_resumed || now.epoch == since.epoch, "what is resumed is the same epoch");
    std::vector<std::string> missed;
    std::int64_t last = since.seq;
    for (std::size_t i = 1; i < frames.size(); ++i) {
      const Json json = Json::parse(frames[i]);
      if (json.contains("kept")) {
        if (device != "liar") {
          require(client.kept.insert(*number_of_push(json)).second,
                  "a kept push reaches a device once", frames[i]);
        }
        continue;
      }
      const auto [plain, seq] = unnumbered(frames[i]);
      if (device == "liar") continue;
      require(is_resumed && seq && *seq > last && *seq <= now.seq,
              "what is told to a newcomer was missed", frames[i]);
      last = *seq;
      missed.push_back(plain);
      if (const auto number = number_of_push(json)) client.kept.insert(*number);
    }
    if (is_resumed) {
      expected_.assign(all_.begin() + static_cast<std::ptrdiff_t>(client.told), all_.end());
      require_told(missed, "who resumes is told exactly what it has missed");
    }
    client.seen = now;
    client.told = all_.size();
    if (device != "liar") require_kept(device);
  }

  void require_kept(const std::string& device) {
    for (const Kept& push : kept_) {
      if (push.expires_at <= host_.now) continue;
      bool is_told = false;
      for (const auto& [name, client] : clients_) {
        is_told = is_told || (name.first == device && client.kept.contains(push.number));
      }
      require(is_told, "a kept push reaches a device", std::to_string(push.number));
    }
  }

  void frame(ConnectionId socket, Draw& draw) {
    const bool is_open = host_.sockets.contains(socket);
    const bool is_v2 = is_open && names_.contains(socket);
    const auto games = games_;
    const std::string from = is_v2 ? names_.at(socket).first : device_of_[socket];
    Json json = draw_message(draw, is_v2, step_);
    const unsigned id = draw.below(8);
    if (id > 0) json["id"] = "i" + std::to_string(id);
    const std::string text = json.dump();
    host_.receive(socket, true, text, text.size());
    if (!is_open) return check();
    const std::string type = json["type"];
    Done* done = nullptr;
    const bool has_id = is_v2 && id > 0 && type != "sync_state";
    const auto key = std::pair(from, json.value("id", ""));
    if (has_id) {
      const auto known = done_.find(key);
      if (known != done_.end() && host_.now - known->second.at < kRequestsKeptMs) {
        done = &known->second;
      }
    }
    const auto acks = acks_to(host_, socket);
    if (done != nullptr && (done->is_stored || is_acknowledged_alone(host_, socket, done->seq))) {
      require(is_acknowledged_alone(host_, socket, done->seq), "what was done is not done again",
              text);
      return check();
    }
    const bool is_refused =
        host_.effects().texts().find("{\"type\":\"error\"") != std::string::npos;
    if (!is_refused) expect(json, from, is_v2);
    if (has_id && !is_refused) {
      require(acks.size() == 1, "a request is acknowledged", text);
      done_[key] = {.at = host_.now, .seq = acks[0], .is_stored = games != games_};
    }
    check();
  }

  // The frame to all that a message brings about.
  void expect(const Json& json, const std::string& from, bool is_v2) {
    const std::string type = json["type"];
    if (type == "join_game" || type == "leave_game") {
      change_game(type == "join_game", json["gameId"]);
    }
    if (type != "broadcast" || (is_v2 && json.contains("to"))) return;
    const std::string data = json.contains("data") ? json["data"].dump() : "null";
    expected_.push_back(R"({"type":"event","event":)" + json["event"].dump() + ",\"data\":" + data +
                        ",\"from\":" + Json(from).dump() + '}');
  }

  void change_game(bool is_joined, const std::string& game) {
    const bool is_known = std::find(games_.begin(), games_.end(), game) != games_.end();
    if (is_joined && is_known) return;
    if (is_joined) games_.push_back(game);
    if (!is_joined) std::erase(games_, game);
    expected_.push_back(std::string(R"({"type":"game_)") + (is_joined ? "joined" : "left") +
                        R"(","gameId":)" + Json(game).dump() +
                        ",\"activeGames\":" + Json(games_).dump() + '}');
  }

  // What servers ask for

  void push(Draw& draw) {
    const std::string body = R"({"type":"push","n":)" + std::to_string(step_) + '}';
    PushRequested event{.now = host_.now, .payload = {.text = body, .size_bytes = body.size()}};
    const unsigned how = draw.below(6);
    if (how < 3) event.keep_s = how == 0 ? 1 : 700;
    const std::string id = "p" + std::to_string(draw.below(5));
    if (how == 3) event.push_id = id;
    if (how == 4) event.audience.to = {"d9"};
    host_.request(event);
    const bool is_repeated = host_.effects().texts().find("\"repeated\":true") != std::string::npos;
    require(is_repeated == (how == 3 && !push_ids_.insert(id).second),
            "a push whose id was seen is not delivered again");
    if (!is_repeated && how != 4) expected_.push_back(body);
    check();
    if (event.keep_s > 0) {
      kept_.push_back({.number = step_, .expires_at = host_.now + event.keep_s * kMsPerSecond});
    }
  }

  void games(Draw& draw) {
    const std::string game = "g" + std::to_string(draw.below(4));
    const bool is_joined = draw.below(2) == 0;
    if (is_joined) {
      host_.request(GameJoinRequested{.now = host_.now, .game_id = game});
    } else {
      host_.request(GameLeaveRequested{.now = host_.now, .game_id = game});
    }
    change_game(is_joined, game);
    check();
  }

  void clear() {
    host_.request(ClearRequested{.now = host_.now, .credential = {}});
    games_.clear();
    kept_.clear();
    done_.clear();
    push_ids_.clear();
    for (const auto& [socket, name] : open_v2()) {
      const Json state = json_sent_to(host_, socket).front();
      clients_[name].seen = {.epoch = state["epoch"], .seq = state["seq"]};
      clients_[name].told = all_.size();
    }
  }

  void crash() {
    host_.sockets.clear();
    host_.wake();
  }

  // What was sent

  std::map<ConnectionId, Name> open_v2() const {
    std::map<ConnectionId, Name> open;
    for (const auto& [socket, name] : names_) {
      if (host_.sockets.contains(socket)) open[socket] = name;
    }
    return open;
  }

  // Everybody who is here was told what they had to be told.
  void check() {
    require_sound(host_.effects());
    all_.insert(all_.end(), expected_.begin(), expected_.end());
    for (const auto& [socket, attached] : host_.sockets) {
      if (newcomer_ == socket) continue;
      const auto name = names_.find(socket);
      if (name == names_.end()) {
        check_older(socket);
      } else {
        check_v2(socket, clients_[name->second]);
      }
    }
  }

  void require_told(const std::vector<std::string>& told, std::string_view what) const {
    if (told == expected_) return;
    std::string both = "expected:\n";
    for (const std::string& frame : expected_) both += frame + '\n';
    both += "told:\n";
    for (const std::string& frame : told) both += frame + '\n';
    require(false, what, both);
  }

  void check_older(ConnectionId socket) {
    std::vector<std::string> told;
    for (const std::string& frame : sent_to(host_, socket)) {
      const std::string type = Json::parse(frame)["type"];
      require(!Json::parse(frame).contains("seq") && type != "ack" && type != "logged_out" &&
                  !type.starts_with("device_"),
              "version 1 is told nothing of version 2", frame);
      if (type == "initial_state") device_of_[socket] = Json::parse(frame)["deviceId"];
      if (is_to_all(frame)) told.push_back(frame);
    }
    require_told(told, "version 1 is told what goes to all");
  }

  void check_v2(ConnectionId socket, Client& client) {
    std::vector<std::string> told;
    for (const std::string& frame : sent_to(host_, socket)) {
      const auto [plain, seq] = unnumbered(frame);
      const Json json = Json::parse(frame);
      if (!seq || json["type"] == "ack") continue;
      require(*seq == client.seen.seq + 1, "no number is left out or used twice", frame);
      client.seen.seq = *seq;
      const auto [known, is_new] = used_.try_emplace({client.seen.epoch, *seq}, step_);
      require(is_new || known->second == step_, "no number is used twice in an epoch", frame);
      if (is_replaced_by_first_frame(plain)) continue;
      told.push_back(plain);
      if (const auto number = number_of_push(json)) client.kept.insert(*number);
    }
    require_told(told, "who is here is told what goes to all");
    client.told = all_.size();
  }

  Host host_;
  int step_ = 0;
  std::vector<std::string> games_;
  // What went to all, and those of it that this step must have sent.
  std::vector<std::string> all_;
  std::vector<std::string> expected_;
  // Who is on the sockets of version 2.
  std::map<ConnectionId, Name> names_;
  std::map<ConnectionId, std::string> device_of_;
  std::map<Name, Client> clients_;
  std::optional<ConnectionId> newcomer_;
  // The numbers that were used, and in which step.
  std::map<std::pair<std::int64_t, std::int64_t>, int> used_;
  std::map<std::pair<std::string, std::string>, Done> done_;
  std::vector<Kept> kept_;
  std::set<std::string> push_ids_;
};

}  // namespace
}  // namespace user_session

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace user_session;
  const std::string bytes(data, data + size);
  Draw draw(bytes);
  World world;
  while (!draw.is_done()) world.go_on(draw);
  return 0;
}
