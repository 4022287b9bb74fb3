#include "v2_client.h"

#include <algorithm>

#include "checks.h"
#include "limits.h"

namespace user_session {

std::string Asked::id() const { return run.empty() ? "" : run + '.' + std::to_string(number); }

std::string Asked::text() const {
  Json written = json;
  if (!run.empty()) written["id"] = id();
  if (is_again) written["again"] = true;
  return written.dump();
}

// The connection

Host::V2 Client::says(bool has_place, bool has_inbox) const {
  return {.tab_id = tab_,
          .run = run_,
          .since = has_place ? place_ : Position{},
          .inbox = has_inbox ? inbox_ : Connected::kNoPlace};
}

void Client::open(ConnectionId connection, const Host::V2& said) {
  socket = connection;
  since_ = said.since;
  inbox_ = said.inbox;
  is_greeted_ = false;
  is_held = is_lagging = false;
}

void Client::close(std::size_t arrived, const std::vector<std::string>& all) {
  if (arrived < arriving.size()) arriving.resize(arrived);
  read_arrived(all);
  leaving.clear();
  socket.reset();
  for (Asked& asked : asked_) {
    asked.is_under_way = false;
    asked.is_again = true;
  }
}

void Client::read_arrived(const std::vector<std::string>& all) {
  for (; !arriving.empty(); arriving.pop_front()) read(arriving.front(), all);
}

void Client::read(const Arriving& arrived, const std::vector<std::string>& all) {
  const Frame& frame = *arrived.frame;
  if (frame.type == "replaced" || frame.type == "logged_out" || frame.type == "pong") return;
  require(is_greeted_ || frame.type == "initial_state", "the first frame is initial_state",
          frame.text);
  if (is_whole(frame)) return read_whole(arrived);
  if (!frame.id.empty()) return read_answer(frame);
  if (frame.message > 0) {
    require(frame.message > inbox_, "inbox-once: messages count up", frame.text);
    inbox_ = frame.message;
  }
  if (frame.seq > 0) read_numbered(arrived, all);
}

void Client::read_whole(const Arriving& arrived) {
  const Frame& frame = *arrived.frame;
  const std::int64_t last = frame.json["inbox"]["last"];
  const std::int64_t read_up_to = frame.json["inbox"]["read"];
  if (inbox_ < 0 || inbox_ > last) inbox_ = read_up_to;
  const bool is_first = frame.type == "initial_state";
  require(is_first != is_greeted_ && frame.epoch > 0, "a state tells a place", frame.text);
  const bool is_resumed = is_first && since_.epoch != 0 && !frame.json.contains("reset");
  require(frame.json.contains("values") != is_resumed,
          "values-same: who starts over is told all values, and nobody else", frame.text);
  if (!is_resumed) {
    values_.clear();
    for (const auto& [key, value] : frame.json["values"].items()) {
      values_[key] = {.text = value["value"].dump(), .version = value["version"]};
    }
  }
  if (is_resumed) {
    place_.epoch = frame.epoch;
  } else {
    place_ = {.epoch = frame.epoch, .seq = frame.seq};
    told_ = arrived.all_size;
  }
  // Nothing is brought after a state.
  if (!is_resumed) since_ = {};
  greeted_ = is_first ? frame.seq : 0;
  newest_ = frame.seq;
  is_greeted_ = true;
  raise(arrived);
}

void Client::read_numbered(const Arriving& arrived, const std::vector<std::string>& all) {
  const Frame& frame = *arrived.frame;
  // Numbers may begin anew, below those of before, when the bytes that knew them are lost.
  const bool is_anew = frame.epoch != 0 && frame.epoch != place_.epoch && arrived.era > era_;
  if (is_anew) {
    newest_ = frame.seq;
    greeted_ = 0;
  } else if (frame.seq <= greeted_) {
    require(since_.epoch != 0 && newest_ == greeted_ && frame.seq > place_.seq,
            "once-in-order: what is brought was missed, and comes before what is new", frame.text);
    require(frame.epoch == 0, "what is brought names no epoch", frame.text);
  } else {
    require(frame.seq == newest_ + 1, "once-in-order: numbers have no gap", frame.text);
    newest_ = frame.seq;
  }
  place_.seq = frame.seq;
  if (frame.epoch != 0) place_.epoch = frame.epoch;
  raise(arrived);
  if (frame.type.starts_with("value_")) return read_value(frame);
  if (!is_news(frame)) {
    require(is_replaced(frame), "a numbered frame is news or is replaced by a state", frame.text);
    return;
  }
  const bool is_next = told_ < all.size() && all[told_] == frame.plain;
  if (!is_next) {
    const auto rest = all.begin() + static_cast<std::ptrdiff_t>(std::min(told_, all.size()));
    const bool is_later = std::find(rest, all.end(), frame.plain) != all.end();
    require(false,
            is_later ? "missed-in-silence: news is left out" : "once-in-order: news is told again",
            frame.text + '\n' + (told_ < all.size() ? all[told_] : ""));
  }
  ++told_;
}

void Client::read_value(const Frame& frame) {
  const std::string key = frame.json["key"];
  if (frame.type == "value_deleted") {
    values_.erase(key);
  } else {
    values_[key] = {.text = frame.json["value"].dump(), .version = frame.json["version"]};
  }
}

void Client::raise(const Arriving& arrived) {
  era_ = arrived.era;
  epochs_ = arrived.epochs;
  is_undone = false;
}

// Requests

bool Client::can_ask() const {
  return std::none_of(asked_.begin(), asked_.end(), [&](const Asked& asked) {
    return asked.run == run_ && asked_count_ + 1 >= asked.number + kRunWindow;
  });
}

Asked& Client::ask(Json json) {
  return asked_.emplace_back(
      Asked{.run = run_, .number = ++asked_count_, .json = std::move(json), .is_under_way = true});
}

Asked* Client::next_to_repeat() {
  const auto next = std::find_if(asked_.begin(), asked_.end(),
                                 [](const Asked& asked) { return !asked.is_under_way; });
  return next == asked_.end() ? nullptr : &*next;
}

bool Client::owns(const std::string& id) const {
  return std::any_of(asked_.begin(), asked_.end(),
                     [&](const Asked& asked) { return asked.is_under_way && asked.id() == id; });
}

void Client::read_answer(const Frame& frame) {
  const auto asked = std::find_if(asked_.begin(), asked_.end(), [&](const Asked& one) {
    return one.is_under_way && one.id() == frame.id;
  });
  if (asked == asked_.end()) return;
  const std::string code = frame.json.value("code", "");
  if (code == "rate_limited" || code == "internal") {
    asked->is_under_way = false;
    asked->is_again = true;
  } else {
    asked_.erase(asked);
  }
}

void Client::take_over(Client& other) {
  for (Asked& asked : other.asked_) {
    asked.is_under_way = false;
    asked.is_again = true;
    asked_.push_back(std::move(asked));
  }
  other.asked_.clear();
}

void Client::reload(std::string run, bool keeps_place, bool keeps_inbox) {
  run_ = std::move(run);
  asked_.clear();
  asked_count_ = 0;
  if (!keeps_place) place_ = {};
  if (!keeps_inbox) inbox_ = Connected::kNoPlace;
}

}  // namespace user_session
