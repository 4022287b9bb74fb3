// The export: all data that is known about a user, as one JSON object for the user. A new kind of
// stored data must be added here.
#include "session.h"

namespace user_session {
namespace {

// Adds the frames that a device which comes back could still be sent.
void add_frames(JsonWriter& json, const User& user) {
  const Journal& journal = user.sequence.journal();
  json.open_list("frames");
  if (journal.is_running()) {
    for (Journal::Missed& missed : journal.missed(journal.reach(), user.games.list())) {
      add_seq(missed.frame, missed.seq);
      json.json(missed.frame);
    }
  }
  json.close_list();
}

void add_kept(JsonWriter& json, const KeptPushes& kept) {
  json.open_list("keptPushes");
  for (const KeptPush& push : kept.all()) {
    json.open_object();
    json.number("expiresAt", push.expires_at);
    json.json("message", push.body);
    json.close_object();
  }
  json.close_list();
  json.count("pushIds", kept.push_id_count());
}

void add_requests(JsonWriter& json, const Idempotency& idempotency) {
  json.open_list("requests");
  for (const Idempotency::Device& requests : idempotency.all()) {
    json.open_object();
    json.string("deviceId", requests.id);
    json.count("remembered", requests.done.size());
    json.close_object();
  }
  json.close_list();
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
  json.number("loggedOutAt", logout.at_s);
  json.count("endedCredentials", logout.credential_ids.size());
  json.number("epoch", head.epoch);
  json.number("seq", head.seq);
  add_devices(json, user_.device_views());
  add_frames(json, user_);
  add_kept(json, user_.kept);
  add_requests(json, user_.idempotency);
  json.close_object();
  step.effects.answer(kStatusOk, out_);
}

}  // namespace user_session
