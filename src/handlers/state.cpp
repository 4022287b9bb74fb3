// Requests of servers and of the user's own page for the state and the metrics, and for erasing the
// data. Requests of devices are in presence.cpp, the export in export.cpp.
#include "session.h"

namespace user_session {

void Session::on(const StateRequested& event, Step& step) {
  if (const auto turned_away = admit(event.credential, event.now)) {
    return answer_refusal(*turned_away, step);
  }
  user_.touch(event.heartbeat);
  write_state_answer(out_, state_view(persistence_.told_last_active(user_)),
                     user_.connections.count());
  step.effects.answer(kStatusOk, out_);
}

void Session::on(const ClearRequested& event, Step& step) {
  if (const auto turned_away = admit(event.credential, event.now)) {
    return answer_refusal(*turned_away, step);
  }
  // The rows go and what stays of them is stored anew, so this comes before the changes.
  step.effects.erase();
  persistence_.forget_row(user_);
  user_.games.restore({});
  user_.devices.forget_names();
  user_.inbox.clear();
  user_.values.clear();
  user_.sequence.clear(event.now, user_.connections);
  // While devices are connected their last activity stands. Without any, the user counts as never
  // active.
  if (user_.connections.count() == 0) user_.last_active = 0;
  const StateView state = state_view(persistence_.told_last_active(user_));
  write_state(out_, state);
  if (user_.connections.v2_count() == 0) {
    step.effects.send_to_all(out_);
  } else {
    send_to(ProtocolVersion::kVersion1, out_, step);
    send_whole(state, step);
  }
  write_success_answer(out_);
  step.effects.answer(kStatusOk, out_);
}

void Session::send_whole(const StateView& state, Step& step) {
  const std::vector<DeviceView> devices = user_.device_views();
  const std::vector<ValueView> values = user_.values.views();
  const WholeView whole = whole_view(devices, &values, step.now);
  user_.connections.each([&](ConnectionId id, const Connection& connection) {
    if (connection.version != ProtocolVersion::kVersion2) return;
    write_whole(out_, "state", state, connection.device_id, whole);
    send_with_values(id, out_, step);
  });
}

void Session::on(const MetricsRequested& /*event*/, Step& step) {
  write_metrics_answer(out_, user_.id, user_.meter.since(), user_.meter.metrics());
  step.effects.answer(kStatusOk, out_);
}

}  // namespace user_session
