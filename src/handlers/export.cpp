// All that is known about a user, for the user.
#include "session.h"

namespace user_session {
namespace {

// Members of a JSON object, each with its comma.
void append_key(std::string& out, std::string_view key) {
  if (out.back() != '{') out += ',';
  append_json_string(out, key);
  out += ':';
}

void append_number(std::string& out, std::string_view key, std::int64_t value) {
  append_key(out, key);
  append_json_number(out, value);
}

// The frames that a device could still be told.
void append_frames(std::string& out, const User& user) {
  const Journal& journal = user.sequence.journal();
  out += '[';
  if (journal.is_running()) {
    for (Journal::Missed& missed : journal.missed(journal.reach(), user.games.list())) {
      if (out.back() != '[') out += ',';
      add_seq(missed.frame, missed.seq);
      out += missed.frame;
    }
  }
  out += ']';
}

void append_kept(std::string& out, const KeptPushes& kept) {
  out += '[';
  for (const KeptPush& push : kept.all()) {
    if (out.back() != '[') out += ',';
    out += '{';
    append_number(out, "expiresAt", push.expires_at);
    append_key(out, "message");
    out += push.body;
    out += '}';
  }
  out += ']';
}

void append_requests(std::string& out, const Idempotency& idempotency) {
  out += '[';
  for (const Idempotency::Device& requests : idempotency.all()) {
    if (out.back() != '[') out += ',';
    out += '{';
    append_key(out, "deviceId");
    append_json_string(out, requests.id);
    append_number(out, "remembered", static_cast<std::int64_t>(requests.done.size()));
    out += '}';
  }
  out += ']';
}

}  // namespace

void Session::on(const ExportRequested& event, Step& step) {
  if (const auto turned_away = admit(event.credential, event.now)) {
    return answer_refusal(*turned_away, step);
  }
  const Logout& logout = user_.access.logout();
  const StateView state = state_view(durable_.told_last_active(user_));
  write_state_answer(out_, state, user_.connections.count());
  out_.pop_back();
  append_number(out_, "loggedOutAt", logout.at_s);
  append_number(out_, "endedCredentials", static_cast<std::int64_t>(logout.credential_ids.size()));
  append_number(out_, "epoch", user_.sequence.head().epoch);
  append_number(out_, "seq", user_.sequence.head().seq);
  append_key(out_, "devices");
  append_devices(out_, user_.device_views(), {});
  append_key(out_, "frames");
  append_frames(out_, user_);
  append_key(out_, "keptPushes");
  append_kept(out_, user_.kept);
  append_number(out_, "pushIds", static_cast<std::int64_t>(user_.kept.push_id_count()));
  append_key(out_, "requests");
  append_requests(out_, user_.idempotency);
  out_ += '}';
  step.effects.answer(kStatusOk, out_);
}

}  // namespace user_session
