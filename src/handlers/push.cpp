// The app's own content: events that devices broadcast and pushes that servers send, to all devices
// or to an audience (event.h). A push with `keep` is a message of the inbox (state/inbox.h), which
// waits until the user has read it.
#include <algorithm>
#include <optional>

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
  if (message.to == nullptr && message.except == nullptr && !message.is_latest) {
    user_.sequence.count_frame(out_, step.now, user_.connections);
    send_to_all(out_, step);
  } else {
    const Audience audience = {.to = named(message.to, device_id),
                               .except = named(message.except, device_id)};
    send_aimed(out_, out_, audience, step);
  }
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
  if (!event.push_id.empty() && user_.inbox.knows_push(event.push_id)) {
    return step.effects.answer(kStatusOk, kRepeatedAnswer);
  }
  if (!event.misfit.empty()) {
    return answer_refusal({kStatusBadRequest, {ErrorCode::kInvalidMessage, event.misfit}}, step);
  }
  if (event.keep_s > 0) return keep(event, step);
  if (!event.push_id.empty()) user_.inbox.remember_push(event.push_id);
  std::size_t delivered = user_.connections.count();
  write_push(out_, body);
  if (is_aimed) {
    delivered = send_aimed(body, out_, event.audience, step);
  } else {
    user_.sequence.count_frame(out_, step.now, user_.connections);
    send_to_all(body, out_, step);
  }
  write_delivered_answer(out_, delivered);
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

void Session::keep(const PushRequested& event, Step& step) {
  const TimeMs expires_at = event.now + (event.keep_s * kMsPerSecond);
  const std::string_view body = event.payload.text;
  const Inbox::Added added = user_.inbox.add(body, event.push_id, event.now, expires_at);
  // A message has a number of its own, and is not counted in the sequence.
  std::optional<std::size_t> unread;
  if (added.dropped > 0) unread = user_.inbox.view(event.now).unread;
  write_message(out_, added.message.number, expires_at, body, unread);
  send_by_version(body, out_, step);
  write_delivered_answer(out_, user_.connections.count(), added.message.number,
                         user_.inbox.all().size(), added.dropped);
  step.effects.answer(kStatusOk, out_);
}

}  // namespace user_session
