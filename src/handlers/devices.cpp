// A user's devices as others see them: which are connected, which have vanished, what each calls
// itself. What is remembered of them is in state/devices.h.
//
// A device is an installation of the app in version 2, with a connection for each tab, and mostly a
// single connection in version 1. Only those of version 2 are told of others and remembered when
// they are gone, since the others take a new id at every page load. A device has vanished when its
// heartbeats have stopped for kVanishedMs although its socket is open.
#include <algorithm>

#include "limits.h"
#include "session.h"

namespace user_session {
namespace {

constexpr std::string_view kVanishedReason = "no heartbeat for 130 s";
static_assert(kVanishedMs == 130'000, "the reason names the time");

}  // namespace

void Session::on(const HeartbeatsRead& event, Step& step) {
  for (const auto& [id, at] : event.heartbeats) {
    if (!user_.connections.is_open(id)) continue;
    TimeMs& heartbeat_at = user_.connections[id].heartbeat_at;
    heartbeat_at = std::max(heartbeat_at, at);
    user_.touch(at);
  }
  user_.connections.each([&](ConnectionId id, const Connection& connection) {
    if (connection.heartbeat_at == 0) return;
    const TimeMs alive_at = std::max(connection.heartbeat_at, connection.seen_at);
    if (step.now - alive_at > kVanishedMs) expel(id, kTryAgainCode, kVanishedReason, step);
  });
  after_removals(step);
}

void Session::on(const DevicesRequested& /*event*/, Step& step) {
  write_devices_answer(out_, user_.device_views());
  step.effects.answer(kStatusOk, out_);
}

Session::Refused Session::handle(const SetDevice& message, Step& step) {
  const Connection& sender = user_.connections[step.sender];
  RememberedDevice& device = user_.remember_device(sender);
  if (device.name != message.name) {
    user_.devices.rename(device, message.name);
    user_.sequence.count_state(step.now, user_.connections);
    write_device_frame(out_, "device_updated", user_.device_view(sender.device_id));
    tell_devices(out_, kNoConnection, step);
  }
  return std::nullopt;
}

void Session::tell_device(std::string_view device_id, bool is_new, ConnectionId except,
                          Step& step) {
  if (user_.connections.v2_count() == 0) return;
  user_.sequence.count_state(step.now, user_.connections);
  write_device_frame(out_, is_new ? "device_connected" : "device_updated",
                     user_.device_view(device_id));
  tell_devices(out_, except, step);
}

void Session::tell_gone(Step& step) {
  for (const std::string& device_id : step.gone) {
    if (user_.connections.has_device(device_id)) {
      tell_device(device_id, false, kNoConnection, step);
      continue;
    }
    if (user_.connections.v2_count() == 0) continue;
    user_.sequence.count_state(step.now, user_.connections);
    write_device_gone(out_, device_id);
    tell_devices(out_, kNoConnection, step);
  }
}

void Session::tell_devices(std::string_view frame, ConnectionId except, Step& step) {
  numbered_ = frame;
  user_.sequence.stamp(numbered_);
  send_to(ProtocolVersion::kVersion2, numbered_, step, except);
}

}  // namespace user_session
