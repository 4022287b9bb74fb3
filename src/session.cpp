// The frame around every step. What single events and messages do is in handlers/.
#include "session.h"

#include <type_traits>

#include "check.h"

namespace user_session {
namespace {

// Returns true if the event is a request over HTTP or a call by a server, and gets an answer.
bool is_request(const Event& event) {
  return !std::holds_alternative<Woken>(event) && !std::holds_alternative<Connected>(event) &&
         !std::holds_alternative<FrameReceived>(event) &&
         !std::holds_alternative<HeartbeatsRead>(event) &&
         !std::holds_alternative<Disconnected>(event);
}

// Returns true if the user's own device or page has caused the event, and no server.
bool is_users_doing(const Event& event) {
  return std::visit(
      [](const auto& happened) {
        using Happened = std::decay_t<decltype(happened)>;
        if constexpr (requires { happened.credential; } && !std::is_same_v<Happened, Connected>) {
          return !happened.credential.is_trusted();
        }
        return std::is_same_v<Happened, Connected> || std::is_same_v<Happened, FrameReceived>;
      },
      event);
}

}  // namespace

void Session::step(const Event& event, EffectList& effects) {
  const TimeMs now = std::visit([](const auto& happened) { return happened.now; }, event);
  Step step{.effects = effects,
            .now = now,
            .open_before = user_.connections.count(),
            .request = {},
            .gone = {}};
  end_expired(step);
  std::visit([&](const auto& happened) { this->on(happened, step); }, event);
  finish(event, step);
}

void Session::finish(const Event& event, Step& step) {
  const auto totals = step.effects.totals(user_.connections.count());
  user_.meter.add(Counter::kFramesSent, totals.frames_sent);
  user_.meter.add(Counter::kBytesSent, totals.bytes_sent);
  if (is_request(event)) user_.meter.add(Counter::kRequests);
  charge(event, totals.bytes_sent, step);
  if (user_.connections.v2_count() > 0) user_.sequence.note_seen(step.now);
  persistence_.commit(user_, step);
}

void Session::charge(const Event& event, std::int64_t bytes_sent, Step& step) {
  Access& access = user_.access;
  if (const auto* connected = std::get_if<Connected>(&event)) {
    access.charge_for_first_frames(step.effects.bytes_to(connected->connection), step.now);
  }
  if (!is_users_doing(event)) return;
  Connection* sender =
      user_.connections.is_open(step.sender) ? &user_.connections[step.sender] : nullptr;
  access.charge_for_sent(sender, bytes_sent + step.effects.bytes_answered(), step.now);
}

void Session::on(const Woken& event, Step& step) {
  USER_SESSION_CHECK(!is_awake_);
  is_awake_ = true;
  step.is_waking = true;
  const bool is_any_wrong = persistence_.restore(event, user_, step);
  // Nobody may be told anything here whose credential has expired during the sleep.
  end_expired(step);
  if (!is_any_wrong || user_.connections.v2_count() == 0) return;
  // Which devices have gone may be unknown, and the others have numbers that will be given again.
  user_.sequence.count_whole(step.now, user_.connections);
  send_whole(state_view(persistence_.told_last_active(user_)), step);
}

}  // namespace user_session
