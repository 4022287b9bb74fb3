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

template <typename Names>
std::size_t Session::send_aimed(std::string_view frame, const Names* to, const Names* except,
                                std::string_view self, EffectList& effects) {
  const auto is_among = [&](const Names* names, std::string_view device_id) {
    return std::any_of(names->begin(), names->end(), [&](std::string_view name) {
      return (name == "self" ? self : name) == device_id;
    });
  };
  std::vector<ConnectionId> receivers;
  for (ConnectionId id = 0; id < connections_.size(); ++id) {
    const Connection& connection = connections_[id];
    const bool is_meant = connection.is_open &&
                          (to == nullptr || is_among(to, connection.device_id)) &&
                          (except == nullptr || !is_among(except, connection.device_id));
    if (is_meant) receivers.push_back(id);
  }
  effects.send_to_each(receivers, frame);
  return receivers.size();
}

std::optional<Refusal> Session::handle(const Broadcast& message, ConnectionId sender,
                                       EffectList& effects) {
  const std::string& device_id = connections_[sender].device_id;
  write_event(out_, message.event, message.data, device_id);
  if (message.to != nullptr || message.except != nullptr) {
    note_done(sender);
    send_aimed(out_, message.to, message.except, device_id, effects);
    return std::nullopt;
  }
  count_frame(out_, effects);
  note_done(sender);
  send_to_all(out_, effects);
  return std::nullopt;
}

void Session::on(const PushRequested& event, EffectList& effects) {
  if (event.payload.size_bytes > kFrameBytesMax) {
    return answer_refusal(kStatusTooLarge, kTooLarge, effects);
  }
  const bool is_aimed = !event.receivers.to.empty() || !event.receivers.except.empty();
  auto refusal = parser_.check_push(event.payload.text);
  if (!refusal && is_aimed && event.keep_s > 0) refusal = kKeptIsForAll;
  if (refusal) return answer_refusal(kStatusBadRequest, *refusal, effects);
  if (!event.push_id.empty() && kept_.is_repeated(event.push_id)) {
    return effects.answer(kStatusOk, R"({"delivered":0,"repeated":true})");
  }
  std::size_t delivered = open_count_;
  if (is_aimed) {
    const auto* to = event.receivers.to.empty() ? nullptr : &event.receivers.to;
    const auto* except = event.receivers.except.empty() ? nullptr : &event.receivers.except;
    delivered = send_aimed(event.payload.text, to, except, {}, effects);
  } else {
    count_frame(event.payload.text, effects);
    send_to_all(event.payload.text, effects);
  }
  write_delivered_answer(out_, delivered);
  if (event.keep_s > 0) {
    const TimeMs expires_at = now_ + (event.keep_s * kMsPerSecond);
    kept_.expire(now_);
    // Uncounted it has no place: the one that the count stopped at is that of another frame.
    const Position position = journal_.is_running() ? journal_.now() : Position{};
    const std::size_t dropped = kept_.add(event.payload.text, position, expires_at);
    const std::int64_t epoch = position.epoch;
    for (const Connection& connection : connections_) {
      if (connection.dialect != Dialect::kVersion2) continue;
      kept_.give_all(connection.device_id, epoch, epoch);
    }
    add_kept(out_, kept_.all().size(), dropped);
  }
  if (event.keep_s > 0 || !event.push_id.empty()) store_kept(effects);
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
    out_ = push.frame;
    mark_kept(out_);
    effects.send(event.connection, out_);
  }
  const bool is_news = !kept_.all().empty() &&
                       kept_.give_all(event.device_id, event.since.epoch, journal_.now().epoch);
  if (has_expired || is_news) store_kept(effects);
}

void Session::store_kept(EffectList& effects) {
  bytes_.clear();
  kept_.encode(bytes_);
  effects.store_kept(bytes_);
}

void Session::restore_kept(const Woken& event, EffectList& effects) {
  if (event.kept.empty() || kept_.restore(event.kept)) return;
  effects.report("the kept pushes are damaged: they are lost");
}

}  // namespace user_session
