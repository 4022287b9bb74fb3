// The export: all data that is known about a user, as one JSON object for the user. A new kind of
// stored data must be added here.
#include <algorithm>

#include "session.h"

namespace user_session {
namespace {

// Adds the frames that a device which comes back could still be sent.
void add_frames(JsonWriter& json, const User& user) {
  const Journal& journal = user.sequence.journal();
  json.open_list("frames");
  for (Journal::Missed& missed : journal.missed(journal.reach(), user.games.list())) {
    add_seq(missed.frame, missed.seq);
    json.json(missed.frame);
  }
  json.close_list();
}

void add_inbox(JsonWriter& json, const Inbox& inbox, TimeMs now) {
  const InboxView view = inbox.view(now);
  json.open_object("inbox");
  json.number("last", view.last);
  json.number("read", view.read);
  json.open_list("messages");
  for (const InboxMessage& message : inbox.all()) {
    json.open_object();
    json.number("inbox", message.number);
    json.number("expiresAt", message.expires_at);
    json.json("body", message.body());
    json.close_object();
  }
  json.close_list();
  json.close_object();
  json.count("pushIds", inbox.push_id_count());
}

}  // namespace

void Session::on(const ExportRequested& event, Step& step) {
  if (const auto turned_away = admit(event.credential, event.now)) {
    return answer_refusal(*turned_away, step);
  }
  const Logout& logout = user_.access.logout();
  const Position head = user_.sequence.head();
  JsonWriter json(out_);
  json.open_object();
  add_state(json, state_view(persistence_.told_last_active(user_)), user_.connections.count());
  json.number("loggedOutAt", std::max(logout.at_s, logout.others_at_s));
  json.count("endedCredentials", logout.ended.size());
  json.number("epoch", head.epoch);
  json.number("seq", head.seq);
  add_devices(json, user_.device_views());
  add_frames(json, user_);
  add_inbox(json, user_.inbox, event.now);
  add_values(out_, json, user_.values.views());
  json.count("runs", user_.runs.size());
  json.close_object();
  step.effects.answer(kStatusOk, out_, user_.values.full_size(out_));
}

}  // namespace user_session
