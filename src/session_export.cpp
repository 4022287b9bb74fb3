// All that is known about a user, for the user.
#include "limits.h"
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

}  // namespace

void Session::on(const ExportRequested& event, EffectList& effects) {
  if (const auto turned_away = turn_away(event.credential)) {
    return answer_refusal(turned_away->status, turned_away->refusal, effects);
  }
  write_state_answer(out_, state_view(), open_count_);
  out_.pop_back();
  append_number(out_, "loggedOutAt", logout_.at_s);
  append_number(out_, "endedCredentials", static_cast<std::int64_t>(logout_.credential_ids.size()));
  append_number(out_, "epoch", journal_.head().epoch);
  append_number(out_, "seq", journal_.head().seq);
  append_key(out_, "devices");
  append_devices(out_, {});
  append_key(out_, "frames");
  append_frames(out_);
  append_key(out_, "keptPushes");
  append_kept(out_);
  append_number(out_, "pushIds", static_cast<std::int64_t>(kept_.push_id_count()));
  append_key(out_, "requests");
  append_requests(out_);
  out_ += '}';
  effects.answer(kStatusOk, out_);
}

// Those that a device could still be told.
void Session::append_frames(std::string& out) const {
  out += '[';
  if (journal_.is_running()) {
    for (Journal::Missed& missed : journal_.missed(journal_.reach(), stored_.active_games)) {
      if (out.back() != '[') out += ',';
      add_seq(missed.frame, missed.seq);
      out += missed.frame;
    }
  }
  out += ']';
}

void Session::append_kept(std::string& out) const {
  out += '[';
  for (const KeptPush& push : kept_.all()) {
    if (out.back() != '[') out += ',';
    out += '{';
    append_number(out, "expiresAt", push.expires_at);
    append_key(out, "message");
    out += push.body;
    out += '}';
  }
  out += ']';
}

void Session::append_requests(std::string& out) const {
  out += '[';
  for (const Idempotency::Device& requests : idempotency_.all()) {
    if (out.back() != '[') out += ',';
    out += '{';
    append_key(out, "deviceId");
    append_json_string(out, requests.id);
    append_number(out, "remembered", static_cast<std::int64_t>(requests.done.size()));
    out += '}';
  }
  out += ']';
}

}  // namespace user_session
