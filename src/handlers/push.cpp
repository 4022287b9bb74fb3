// The app's own content: events that devices broadcast and pushes that servers send, to all devices
// or to an audience (event.h). A kept push also waits for devices that are away; how it is kept is
// in state/kept.h.
#include <algorithm>

#include "limits.h"
#include "session.h"

namespace user_session {
namespace {

constexpr Refusal kKeptIsForAll = {ErrorCode::kInvalidMessage,
                                   "keep is for pushes to all devices: leave out to and except"};

constexpr std::string_view kRepeatedAnswer = R"({"delivered":0,"repeated":true})";

// Returns true if `names` has `id`.
bool is_among(const std::vector<std::string_view>& names, const std::string& id) {
  return std::find(names.begin(), names.end(), id) != names.end();
}

// Returns the ids in a list of a message from the device `sender`, which may call itself "self". An
// absent list is empty.
std::vector<std::string_view> named(const std::vector<std::string>* names,
                                    std::string_view sender) {
  std::vector<std::string_view> ids;
  if (names == nullptr) return ids;
  for (const std::string& name : *names) ids.push_back(name == "self" ? sender : name);
  return ids;
}

}  // namespace

Session::Refused Session::handle(const Broadcast& message, Step& step) {
  const std::string& device_id = user_.connections[step.sender].device_id;
  write_event(out_, message.event, message.data, device_id);
  if (message.to == nullptr && message.except == nullptr) {
    user_.sequence.count_frame(out_, step.now, user_.connections);
    send_to_all(out_, step);
  } else {
    const Audience audience = {.to = named(message.to, device_id),
                               .except = named(message.except, device_id)};
    send_aimed(out_, out_, audience, step);
  }
  note_done(step);
  return std::nullopt;
}

void Session::on(const PushRequested& event, Step& step) {
  if (event.payload.size_bytes > kFrameBytesMax) {
    return answer_refusal({kStatusTooLarge, kTooLarge}, step);
  }
  const std::string_view body = event.payload.text;
  const bool is_aimed = !event.audience.to.empty() || !event.audience.except.empty();
  auto refusal = parser_.check_push(body);
  if (!refusal && is_aimed && event.keep_s > 0) refusal = kKeptIsForAll;
  if (refusal) return answer_refusal({kStatusBadRequest, *refusal}, step);
  if (!event.push_id.empty() && !user_.kept.remember(event.push_id)) {
    return step.effects.answer(kStatusOk, kRepeatedAnswer);
  }
  std::size_t delivered = user_.connections.count();
  write_push(out_, body);
  if (is_aimed) {
    delivered = send_aimed(body, out_, event.audience, step);
  } else {
    user_.sequence.count_frame(out_, step.now, user_.connections);
    send_to_all(body, out_, step);
  }
  if (event.keep_s > 0) {
    const std::size_t dropped = keep(event);
    write_delivered_answer(out_, delivered, user_.kept.all().size(), dropped);
  } else {
    write_delivered_answer(out_, delivered);
  }
  step.effects.answer(kStatusOk, out_);
}

std::size_t Session::send_aimed(std::string_view frame, std::string_view v2_frame,
                                const Audience& audience, Step& step) {
  std::size_t count = 0;
  // One version after the other, since equal frames in a row share one text in the effects.
  for (const ProtocolVersion version : {ProtocolVersion::kVersion1, ProtocolVersion::kVersion2}) {
    user_.connections.each([&](ConnectionId id, const Connection& connection) {
      const bool is_meant = connection.version == version &&
                            (audience.to.empty() || is_among(audience.to, connection.device_id)) &&
                            !is_among(audience.except, connection.device_id);
      if (!is_meant) return;
      step.effects.send(id, version == ProtocolVersion::kVersion1 ? frame : v2_frame);
      ++count;
    });
  }
  return count;
}

std::size_t Session::keep(const PushRequested& event) {
  user_.kept.expire(event.now);
  // While the sequence does not run the push has not been counted, and the newest number belongs to
  // an earlier frame. The push then has no position.
  const bool is_counted = user_.sequence.is_running();
  const Position position = is_counted ? user_.sequence.head() : Position{};
  const std::size_t dropped =
      user_.kept.add(event.payload.text, position, event.now + (event.keep_s * kMsPerSecond));
  // Every connected device of version 2 has just been sent this push, and was given the older ones
  // when it connected. Version 1 gets no kept pushes.
  user_.connections.each([&](ConnectionId /*id*/, const Connection& connection) {
    if (connection.version != ProtocolVersion::kVersion2) return;
    user_.kept.give_all(connection.device_id, position.epoch, position.epoch);
  });
  return dropped;
}

void Session::give_kept(const Connected& event, bool is_exact, Step& step) {
  user_.kept.expire(event.now);
  if (user_.kept.all().empty()) return;
  const std::int64_t given = user_.kept.given(event.device_id, event.since.epoch);
  for (const KeptPush& push : user_.kept.all()) {
    const bool is_of_its_epoch = push.position.epoch == event.since.epoch && event.since.epoch != 0;
    // The device had this push as a frame: it was among the missed frames that were just sent, or
    // it is not newer than the last frame that the device has seen.
    if (is_of_its_epoch && (is_exact || push.position.seq <= event.since.seq)) continue;
    // The frames of another epoch say nothing about this push, but the server remembers up to which
    // one it was given.
    if (!is_of_its_epoch && push.number <= given) continue;
    write_kept_push(out_, push.body);
    step.effects.send(event.connection, out_);
  }
  user_.kept.give_all(event.device_id, event.since.epoch, user_.sequence.head().epoch);
}

}  // namespace user_session
