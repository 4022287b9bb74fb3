// Connections that open and close, and the first frames of a device. What other devices are told of
// it is in devices.cpp.
#include <algorithm>

#include "session.h"

namespace user_session {

void Session::on(const Connected& event, Step& step) {
  if (const auto turned_away = admit(event)) return answer_refusal(*turned_away, step);
  step.effects.accept(event.connection);
  come_in(event, step);
  greet(event, step);
}

std::vector<ConnectionId> Session::replaced_by(const Connected& event) const {
  std::vector<ConnectionId> replaced;
  if (event.version != ProtocolVersion::kVersion2) return replaced;
  user_.connections.each([&](ConnectionId id, const Connection& connection) {
    const bool is_same_tab = connection.version == ProtocolVersion::kVersion2 &&
                             !event.tab_id.empty() && connection.device_id == event.device_id &&
                             connection.tab_id == event.tab_id;
    const bool is_same_run = !event.run.empty() && connection.run == event.run;
    if (is_same_tab || is_same_run) replaced.push_back(id);
  });
  return replaced;
}

void Session::come_in(const Connected& event, Step& step) {
  const bool is_v2 = event.version == ProtocolVersion::kVersion2;
  const bool is_watched = is_v2 || user_.connections.v2_count() > 0;
  const bool was_here = is_watched && user_.connections.has_device(event.device_id);
  const Presence presence =
      was_here ? user_.device_view(event.device_id).presence : Presence::kOnline;
  const std::vector<ConnectionId> replaced = replaced_by(event);
  const auto own_replaced = std::count_if(replaced.begin(), replaced.end(), [&](ConnectionId id) {
    return user_.connections[id].device_id == event.device_id;
  });
  const Presence before = user_.presence;
  for (const ConnectionId id : replaced) replace(id, event.device_id, step);
  // The new connection is told nothing before its first frame.
  after_removals(step);
  Connection& connection = user_.open(event.connection, event.device_id, event.version);
  // Opening the only connection makes the user online, but for a tab that replaces itself the
  // user's presence stays what it was.
  if (!replaced.empty()) user_.presence = before;
  connection.tab_id = event.tab_id;
  connection.run = event.run;
  connection.presence = presence;
  connection.connected_at = event.now;
  connection.seen_at = event.now;
  user_.connections.grant(connection, event.credential);
  user_.touch(event.now);
  user_.meter.add(Counter::kConnects);
  if (is_v2) user_.remember_device(connection).last_active = event.now;
  const bool has_watchers = user_.connections.v2_count() > (is_v2 ? 1U : 0U);
  // A tab that replaces itself is no news.
  if (has_watchers && own_replaced != 1) {
    tell_device(event.device_id, !was_here, event.connection, step);
  }
  if (is_v2) user_.sequence.note_connected(event.now);
}

void Session::replace(ConnectionId replaced, std::string_view device_id, Step& step) {
  if (user_.connections[replaced].device_id == device_id) {
    user_.close(replaced, step.now);
  } else {
    remove(replaced, step);
  }
  step.effects.send(replaced, kReplacedFrame);
  step.effects.close(replaced, kReplacedCode, "replaced by a newer connection");
}

void Session::greet(const Connected& event, Step& step) {
  // A new connection is always attached in this step, so the exact `lastActive` survives and may be
  // told.
  const StateView state = state_view(user_.last_active);
  if (event.version == ProtocolVersion::kVersion1) {
    write_initial_state(out_, state, event.device_id);
    return step.effects.send(event.connection, out_);
  }
  user_.sequence.note_back(event.device_id);
  user_.inbox.expire(event.now);
  const bool has_been_here = event.since.epoch != 0;
  const bool is_exact = has_been_here && user_.sequence.reaches(event.since);
  const std::int64_t inbox_place = user_.inbox.place_of(event.inbox);
  const std::vector<DeviceView> devices = user_.device_views();
  std::vector<ValueView> values;
  if (!is_exact) values = user_.values.views();
  WholeView whole = whole_view(devices, is_exact ? nullptr : &values, event.now);
  whole.is_reset = has_been_here && !is_exact;
  whole.is_lost = user_.inbox.is_lost_above(inbox_place);
  write_whole(out_, "initial_state", state, event.device_id, whole);
  send_with_values(event.connection, out_, step);
  user_.sequence.note_told();
  if (is_exact) send_missed(event.connection, event.since.seq, step);
  send_messages(event.connection, inbox_place, step);
}

void Session::send_missed(ConnectionId connection, std::int64_t since, Step& step) {
  const std::vector<const Value*> changed = user_.values.changed_since(since);
  auto next = changed.begin();
  const auto send_changes_before = [&](std::int64_t seq) {
    for (; next != changed.end() && (*next)->seq < seq; ++next) {
      write_value_change(out_, user_.values.view(**next));
      add_seq(out_, (*next)->seq);
      send_with_values(connection, out_, step);
    }
  };
  const Journal& journal = user_.sequence.journal();
  for (Journal::Missed& missed : journal.missed(since, user_.games.list())) {
    send_changes_before(missed.seq);
    add_seq(missed.frame, missed.seq);
    step.effects.send(connection, missed.frame);
  }
  send_changes_before(kSafeIntegerMax);
}

void Session::on(const Disconnected& event, Step& step) {
  if (!user_.connections.is_open(event.connection)) return;
  // Leaving is not an activity, but the last heartbeat before it was one.
  user_.touch(event.heartbeat);
  remove(event.connection, step);
  after_removals(step);
}

void Session::remove(ConnectionId id, Step& step) {
  const std::string& device_id = user_.connections[id].device_id;
  if (std::find(step.gone.begin(), step.gone.end(), device_id) == step.gone.end()) {
    step.gone.push_back(device_id);
  }
  user_.close(id, step.now);
}

void Session::expel(ConnectionId id, std::uint16_t code, std::string_view reason, Step& step) {
  remove(id, step);
  step.effects.expel(id, code, reason);
}

void Session::after_removals(Step& step) {
  if (user_.connections.count() > 0) tell_gone(step);
  step.gone.clear();
}

}  // namespace user_session
