// Values: what devices and servers change, and what a change must bring about.
#include "checks.h"
#include "limits.h"
#include "v2_world.h"

namespace user_session {

Json World::draw_change(Draw& draw) {
  const std::string key = "k" + std::to_string(draw.below(4));
  const unsigned how = draw.below(8);
  Json change = {{"type", how < 2 ? "delete_value" : "set_value"}, {"key", key}};
  if (how >= 2) change["value"] = how == 7 ? Json(std::string(300, 'x')) : Json(draw.below(3));
  if (!draw.one_of(3)) return change;
  const auto value = truth_.values.find(key);
  const std::int64_t version = value == truth_.values.end() ? 0 : value->second.version;
  change["ifVersion"] = draw.one_of(2) ? version : std::max<std::int64_t>(0, version - 1);
  return change;
}

void World::change_value(const Json& change) {
  begin_step();
  stage_.change_value(change.dump());
  const Json told = answer();
  const bool is_refused = told.contains("error");
  check_conflict(change, is_refused ? told["error"] : Json());
  if (!is_refused) {
    value_changed(change, "");
    const auto value = truth_.values.find(change["key"].get<std::string>());
    require(told["version"] == (value == truth_.values.end() ? 0 : value->second.version),
            "values-same: the answer tells the version", told.dump());
  }
  finish_step();
}

// A change is refused exactly if the value has another version, and the refusal tells it.
void World::check_conflict(const Json& change, const Json& error) const {
  const auto value = truth_.values.find(change["key"].get<std::string>());
  const bool is_there = value != truth_.values.end();
  const std::int64_t version = is_there ? value->second.version : 0;
  const bool is_due = change.contains("ifVersion") && change["ifVersion"] != version;
  require(is_due == !error.is_null(), "values-same: a change is done if the version is right",
          change.dump());
  if (!is_due) return;
  require(error["code"] == "conflict" && error["version"] == version &&
              error.contains("value") == is_there &&
              (!is_there || error["value"].dump() == value->second.text),
          "values-same: a conflict tells the value", error.dump());
}

void World::value_changed(const Json& change, const std::string& device) {
  const std::string key = change["key"];
  const bool is_set = change["type"] == "set_value";
  const std::string text = is_set ? change["value"].dump() : "";
  const auto known = truth_.values.find(key);
  const bool is_there = known != truth_.values.end();
  if (is_set ? is_there && known->second.text == text : !is_there) {
    require(!is_sent(host_, R"("type":"value_)"), "values-same: what is so already is not told");
    return;
  }
  truth_.last_version = std::max(host_.now, truth_.last_version + 1);
  require(versions_.insert(truth_.last_version).second, "values-same: no version comes twice");
  if (is_set) {
    truth_.values[key] = {.text = text, .version = truth_.last_version};
  } else {
    truth_.values.erase(known);
  }
  keys_.insert(key);
  const bool is_slot_short = keys_.size() > kValuesMax + kDeletedValuesMax;
  if (is_set && !is_there && is_slot_short) excuse_forgotten();
  const bool was_other_due = cost_.may_store;
  count();
  // Its row says what the snapshot would say, but for the first one after a fault.
  if (!is_row_doubtful_) cost_.may_store = was_other_due;
  cost_.value_rows = 1;
  if (!is_any_v2_open()) return;
  const std::string part = "\"key\":" + Json(key).dump() +
                           (is_set ? ",\"value\":" + text : std::string()) +
                           ",\"version\":" + std::to_string(truth_.last_version) +
                           ",\"from\":" + (device.empty() ? "null" : Json(device).dump());
  require(is_sent(host_, part), "values-same: a change is told as it was made", part);
}

// A deletion may be forgotten for a new value, and with it the places before.
void World::excuse_forgotten() {
  const Epochs before = epochs_;
  excuse();
  epochs_ = before;
}

// More values go by than deletions are remembered.
void World::change_often() {
  constexpr int kKeys = 100;
  for (const char* type : {"set_value", "delete_value"}) {
    for (int i = 0; i < kKeys; ++i)
      change_value({{"type", type}, {"key", "o" + std::to_string(i)}, {"value", i}});
  }
  for (int i = 0; i < kKeys; ++i) {
    const std::string key = "p" + std::to_string(i);
    if (truth_.values.size() < kValuesMax)
      change_value({{"type", "set_value"}, {"key", key}, {"value", i}});
  }
  for (int i = 0; i < kKeys; ++i) {
    const std::string key = "p" + std::to_string(i);
    if (truth_.values.size() < kValuesMax)
      change_value({{"type", "set_value"}, {"key", key}, {"value", i}});
  }
  // Nobody says any more which deletions are forgotten.
  const bool was_any_known = epochs_.is_any_known;
  const bool was_open = epochs_.is_surely_open;
  excuse();
  epochs_.is_any_known = epochs_.is_any_perhaps_known = was_any_known;
  epochs_.is_surely_open = was_open;
  for (int i = 0; i < kKeys; ++i)
    change_value({{"type", "delete_value"}, {"key", "p" + std::to_string(i)}});
}

void World::check_values(const Client& client) const {
  require(client.values() == truth_.values, "values-same: who has read all has every value");
}

}  // namespace user_session
