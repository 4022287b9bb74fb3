// What is sent by servers, and aimed at some of the devices; pushes that wait for devices which are
// not here.
#include <algorithm>

#include "limits.h"
#include "session.h"

namespace user_session {
namespace {

constexpr Refusal kKeptIsForAll = {ErrorCode::kInvalidMessage,
                                   "keep is for pushes to all devices: leave out to and except"};

}  // namespace

std::size_t Session::send_aimed(std::string_view frame, std::string_view v2_frame,
                                const Audience& audience, EffectList& effects) {
  const auto is_among = [](const std::vector<std::string_view>& names, const std::string& id) {
    return std::find(names.begin(), names.end(), id) != names.end();
  };
  std::size_t count = 0;
  // One version after the other: of the same frame to several in a row there is one text.
  for (const ProtocolVersion version : {ProtocolVersion::kVersion1, ProtocolVersion::kVersion2}) {
    for (ConnectionId id = 0; id < connections_.size(); ++id) {
      const Connection& connection = connections_[id];
      const bool is_meant = connection.is_open && connection.version == version &&
                            (audience.to.empty() || is_among(audience.to, connection.device_id)) &&
                            !is_among(audience.except, connection.device_id);
      if (!is_meant) continue;
      effects.send(id, version == ProtocolVersion::kVersion1 ? frame : v2_frame);
      ++count;
    }
  }
  return count;
}

std::optional<Refusal> Session::handle(const Broadcast& message, ConnectionId sender,
                                       EffectList& effects) {
  const std::string& device_id = connections_[sender].device_id;
  write_event(out_, message.event, message.data, device_id);
  if (message.to != nullptr || message.except != nullptr) {
    note_done(sender);
    const auto names_of = [&](const std::vector<std::string>* names) {
      std::vector<std::string_view> views;
      if (names == nullptr) return views;
      for (const std::string& name : *names) views.push_back(name == "self" ? device_id : name);
      return views;
    };
    const Audience audience = {.to = names_of(message.to), .except = names_of(message.except)};
    send_aimed(out_, out_, audience, effects);
    return std::nullopt;
  }
  count_frame(out_);
  note_done(sender);
  send_to_all(out_, out_, effects);
  return std::nullopt;
}

void Session::on(const PushRequested& event, EffectList& effects) {
  if (event.payload.size_bytes > kFrameBytesMax) {
    return answer_refusal(kStatusTooLarge, kTooLarge, effects);
  }
  const bool is_aimed = !event.audience.to.empty() || !event.audience.except.empty();
  auto refusal = parser_.check_push(event.payload.text);
  if (!refusal && is_aimed && event.keep_s > 0) refusal = kKeptIsForAll;
  if (refusal) return answer_refusal(kStatusBadRequest, *refusal, effects);
  if (!event.push_id.empty() && kept_.is_repeated(event.push_id)) {
    return effects.answer(kStatusOk, R"({"delivered":0,"repeated":true})");
  }
  std::size_t delivered = open_count_;
  write_push(out_, event.payload.text);
  if (is_aimed) {
    delivered = send_aimed(event.payload.text, out_, event.audience, effects);
  } else {
    count_frame(out_);
    send_to_all(event.payload.text, out_, effects);
  }
  write_delivered_answer(out_, delivered);
  if (event.keep_s > 0) {
    const TimeMs expires_at = now_ + (event.keep_s * kMsPerSecond);
    kept_.expire(now_);
    // Uncounted it has no place: the one that the count stopped at is that of another frame.
    const Position position = journal_.is_running() ? journal_.head() : Position{};
    const std::size_t dropped = kept_.add(event.payload.text, position, expires_at);
    const std::int64_t epoch = position.epoch;
    for (const Connection& connection : connections_) {
      if (connection.version != ProtocolVersion::kVersion2) continue;
      kept_.give_all(connection.device_id, epoch, epoch);
    }
    add_kept(out_, kept_.all().size(), dropped);
  }
  if (event.keep_s > 0 || !event.push_id.empty()) is_kept_due_ = true;
  effects.answer(kStatusOk, out_);
}

void Session::give_kept(const Connected& event, bool is_exact, EffectList& effects) {
  const bool has_expired = kept_.expire(now_);
  const std::int64_t given = kept_.given(event.device_id, event.since.epoch);
  for (const KeptPush& push : kept_.all()) {
    const bool is_of_its_epoch = push.position.epoch == event.since.epoch && event.since.epoch != 0;
    // What the journal had it has got, or seen before.
    if (is_of_its_epoch && (is_exact || push.position.seq <= event.since.seq)) continue;
    if (!is_of_its_epoch && push.number <= given) continue;
    write_kept_push(out_, push.body);
    effects.send(event.connection, out_);
  }
  const bool is_news = !kept_.all().empty() &&
                       kept_.give_all(event.device_id, event.since.epoch, journal_.head().epoch);
  if (has_expired || is_news) is_kept_due_ = true;
}

void Session::restore_kept(const Woken& event, EffectList& effects) {
  if (event.kept.empty() || kept_.restore(event.kept)) return;
  effects.log("the kept pushes are damaged: they are lost");
}

}  // namespace user_session
