// The devices of a user: who is here, who was, who has vanished, and what others are told of it.
//
// A device is what calls itself by one id: in version 2 an installation with its tabs, in version 1
// mostly a single socket. Only those of version 2 are told of others and remembered when they are
// gone, since the others take a new id at every page load.
#include <algorithm>

#include "limits.h"
#include "session.h"

namespace user_session {
namespace {

constexpr std::string_view kVanishedReason = "no heartbeat for 130 s";
static_assert(kVanishedMs == 130'000, "the reason names the time");

}  // namespace

void Session::on(const HeartbeatsRead& event, EffectList& effects) {
  for (const auto& [id, at] : event.heartbeats) {
    if (!is_open(id)) continue;
    TimeMs& heartbeat_at = connections_[id].heartbeat_at;
    heartbeat_at = std::max(heartbeat_at, at);
    touch(at);
  }
  drop_vanished(effects);
}

void Session::drop_vanished(EffectList& effects) {
  const std::size_t open_before = open_count_;
  for (ConnectionId id = 0; id < connections_.size(); ++id) {
    const Connection& connection = connections_[id];
    if (!connection.is_open || connection.heartbeat_at == 0) continue;
    if (now_ - std::max(connection.heartbeat_at, connection.seen_at) <= kVanishedMs) continue;
    expel(id, kTryAgainCode, kVanishedReason, effects);
  }
  if (open_count_ < open_before) after_removals(effects);
}

void Session::on(const DevicesRequested& /*event*/, EffectList& effects) {
  out_ = R"({"devices":)";
  append_devices(out_, {});
  out_ += '}';
  effects.answer(kStatusOk, out_);
}

std::optional<Refusal> Session::handle(const SetDevice& message, ConnectionId sender,
                                       EffectList& effects) {
  const std::string& device_id = connections_[sender].device_id;
  RememberedDevice& device = remember_device(connections_[sender]);
  const bool is_news = device.name != message.name;
  if (is_news && continue_count()) journal_.skip();
  note_done(sender);
  if (!is_news) return std::nullopt;
  device.name = message.name;
  is_row_due_ = true;
  write_device_frame(out_, "device_updated", device_view(device_id));
  tell_devices(out_, kNoConnection, effects);
  return std::nullopt;
}

void Session::update_device_presence(ConnectionId sender, EffectList& effects) {
  if (connections_[sender].presence == presence_) return;
  const std::string device_id = connections_[sender].device_id;
  connections_[sender].presence = presence_;
  for (ConnectionId id = 0; id < connections_.size(); ++id) {
    Connection& connection = connections_[id];
    if (!connection.is_open || connection.device_id != device_id) continue;
    connection.presence = presence_;
  }
  tell_device(device_id, false, kNoConnection, effects);
}

// Coming and going

ConnectionId Session::tab_to_replace(const Connected& event) const {
  if (event.version != ProtocolVersion::kVersion2 || event.tab_id.empty()) return kNoConnection;
  for (ConnectionId id = 0; id < connections_.size(); ++id) {
    const Connection& connection = connections_[id];
    const bool is_same = connection.is_open && connection.version == ProtocolVersion::kVersion2 &&
                         connection.device_id == event.device_id &&
                         connection.tab_id == event.tab_id;
    if (is_same) return id;
  }
  return kNoConnection;
}

void Session::replace_tab(ConnectionId replaced, EffectList& effects) {
  remove_connection(replaced);
  gone_.clear();
  effects.send(replaced, R"({"type":"replaced"})");
  effects.close(replaced, kReplacedCode, "replaced by a newer connection");
}

RememberedDevice& Session::remember_device(const Connection& connection) {
  RememberedDevice* device = remembered_.find(connection.device_id);
  if (device == nullptr) {
    device = &remembered_.add(connection.device_id, connection.connected_at,
                              [&](std::string_view id) { return is_here(id); });
    is_device_unstored_ = true;
  }
  if (device->add_credential(connection.credential.id)) is_device_unstored_ = true;
  return *device;
}

bool Session::is_here(std::string_view device_id) const {
  return std::any_of(connections_.begin(), connections_.end(), [&](const Connection& connection) {
    return connection.is_open && connection.device_id == device_id;
  });
}

void Session::tell_gone(EffectList& effects) {
  for (const std::string& device_id : gone_) {
    if (is_here(device_id)) {
      tell_device(device_id, false, kNoConnection, effects);
      continue;
    }
    if (v2_count_ == 0) continue;
    count_state();
    out_ = R"({"type":"device_disconnected","deviceId":)";
    append_json_string(out_, device_id);
    out_ += '}';
    tell_devices(out_, kNoConnection, effects);
  }
  gone_.clear();
}

void Session::tell_device(std::string_view device_id, bool is_new, ConnectionId except,
                          EffectList& effects) {
  if (v2_count_ == 0) return;
  count_state();
  write_device_frame(out_, is_new ? "device_connected" : "device_updated", device_view(device_id));
  tell_devices(out_, except, effects);
}

void Session::tell_devices(std::string_view frame, ConnectionId except, EffectList& effects) {
  numbered_ = frame;
  add_seq(numbered_, journal_.head().seq);
  send_to(ProtocolVersion::kVersion2, numbered_, effects, except);
}

// Views

std::vector<DeviceView> Session::device_views() const {
  std::vector<DeviceView> views;
  for (const RememberedDevice& device : remembered_.all()) {
    views.push_back({.id = device.id,
                     .name = device.name,
                     .first_seen = device.first_seen,
                     .last_active = device.last_active});
  }
  for (const Connection& connection : connections_) {
    if (!connection.is_open) continue;
    auto view = std::find_if(views.begin(), views.end(), [&](const DeviceView& known) {
      return known.id == connection.device_id;
    });
    if (view == views.end()) {
      views.push_back(
          {.id = connection.device_id, .name = {}, .first_seen = connection.connected_at});
      view = views.end() - 1;
    }
    view->last_active =
        std::max({view->last_active, told_seen_at(connection), connection.heartbeat_at});
    view->presence = connection.presence;
    ++view->tabs;
  }
  return views;
}

DeviceView Session::device_view(std::string_view device_id) const {
  const std::vector<DeviceView> views = device_views();
  const auto view = std::find_if(views.begin(), views.end(),
                                 [&](const DeviceView& known) { return known.id == device_id; });
  return view == views.end() ? DeviceView{.id = device_id, .name = {}} : *view;
}

void Session::append_devices(std::string& out, std::string_view viewer) const {
  out += '[';
  for (const DeviceView& view : device_views()) {
    if (out.back() != '[') out += ',';
    append_device(out, view, viewer);
  }
  out += ']';
}

}  // namespace user_session
