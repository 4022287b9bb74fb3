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
  user_.games.restore({});
  user_.devices.forget();
  user_.kept.forget();
  user_.idempotency.forget(event.now);
  // While devices are connected their last activity stands. Without any, the user counts as never
  // active.
  if (user_.connections.count() == 0) user_.last_active = 0;
  step.effects.erase();
  persistence_.forget_row(user_);
  const StateView state = state_view(persistence_.told_last_active(user_));
  write_state(out_, state);
  if (user_.sequence.head().epoch == 0) {
    step.effects.send_to_all(out_);
  } else {
    user_.sequence.forget(event.now, user_.connections);
    write_state(numbered_, state, user_.sequence.head());
    send_by_version(out_, numbered_, step);
  }
  write_success_answer(out_, false);
  step.effects.answer(kStatusOk, out_);
}

void Session::on(const MetricsRequested& /*event*/, Step& step) {
  write_metrics_answer(out_, user_.id, user_.meter.since(), user_.meter.metrics());
  step.effects.answer(kStatusOk, out_);
}

}  // namespace user_session
