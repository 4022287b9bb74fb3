// The way of every frame: rate limits, parsing, handling once, the answer to a request. What each
// message does is in the file of its subject.
#include <algorithm>

#include "limits.h"
#include "session.h"

namespace user_session {
namespace {

constexpr Refusal kNotText = {ErrorCode::kInvalidJson, "binary frame: expected a text frame"};
constexpr Refusal kOtherRun = {ErrorCode::kInvalidMessage,
                               "id names another run than the connection's own, without again"};
constexpr Refusal kUsedBefore = {ErrorCode::kInvalidMessage,
                                 "id was used before: count on, or say again"};
constexpr Refusal kTooOld = {ErrorCode::kTooOld,
                             "whether this request was done is not known: it was not done now"};

}  // namespace

void Session::on(const FrameReceived& event, Step& step) {
  step.sender = event.connection;
  user_.meter.add(Counter::kBytesReceived, static_cast<std::int64_t>(event.payload.size_bytes));
  if (!user_.connections.is_open(event.connection)) return;
  user_.touch(event.now);
  Connection& sender = user_.connections[event.connection];
  sender.seen_at = std::max(sender.seen_at, event.now);
  std::optional<std::variant<Message, Refusal>> parsed;
  // The refusal of a request that comes too soon carries its id, so version 2 parses before the
  // rate limit.
  if (sender.version == ProtocolVersion::kVersion2) parsed = read(event, step);
  if (!admit_frame(step)) return;
  if (event.payload.size_bytes > kFrameBytesBeforeClose) {
    remove(event.connection, step);
    after_removals(step);
    step.effects.close(event.connection, kTooBigCode, "frame over 1 MiB");
    return;
  }
  if (!parsed) parsed = read(event, step);
  const auto* message = std::get_if<Message>(&*parsed);
  // A logout passes the shared limit: whoever floods the user's connections must not keep the user
  // from closing them.
  const bool is_logout = message != nullptr && std::holds_alternative<LogoutAll>(*message);
  if (!is_logout && !admit_user_frame(step)) return;
  // Whether a repetition was done decides, even if this release refuses what it asks.
  if (step.request.is_again && answer_again(step)) return;
  if (message == nullptr) return refuse(*std::get_if<Refusal>(&*parsed), step);
  perform(*message, event.misfit, step);
}

std::variant<Message, Refusal> Session::read(const FrameReceived& event, Step& step) {
  if (!event.is_text) return kNotText;
  if (event.payload.size_bytes > kFrameBytesMax) return kTooLarge;
  const ProtocolVersion version = user_.connections[event.connection].version;
  auto parsed = parser_.parse_frame(event.payload.text, version);
  if (version == ProtocolVersion::kVersion1) return parsed;
  const auto id = parser_.request_id();
  if (const auto* refusal = std::get_if<Refusal>(&id)) return *refusal;
  step.request = *std::get_if<RequestId>(&id);
  if (const auto refusal = use_number(step)) return *refusal;
  return parsed;
}

Session::Refused Session::use_number(const Step& step) {
  const RequestId& request = step.request;
  if (request.text.empty() || request.is_again) return std::nullopt;
  if (request.run != user_.connections[step.sender].run) return kOtherRun;
  if (!user_.runs.use(request)) return kUsedBefore;
  return std::nullopt;
}

bool Session::answer_again(Step& step) {
  end_run(step.request.run, step);
  const Runs::Known known = user_.runs.find(step.request);
  if (known == Runs::Known::kDone) acknowledge(true, step);
  if (known == Runs::Known::kNothing) refuse(kTooOld, step);
  return known != Runs::Known::kNotDone;
}

void Session::perform(const Message& message, std::string_view misfit, Step& step) {
  const RequestId& request = step.request;
  const auto counter = std::visit([](const auto& known) { return known.kCounter; }, message);
  if (counter) user_.meter.add(*counter);
  if (!misfit.empty()) return refuse({ErrorCode::kInvalidMessage, misfit}, step);
  const auto refusal =
      std::visit([&](const auto& known) { return this->handle(known, step); }, message);
  if (refusal) return refuse(*refusal, step);
  if (request.text.empty()) return;
  user_.runs.note_done(request);
  user_.sequence.note_request(step.now);
  acknowledge(false, step);
}

void Session::end_run(std::string_view run, Step& step) {
  user_.connections.each([&](ConnectionId id, const Connection& connection) {
    if (id != step.sender && connection.run == run) replace(id, {}, step);
  });
  after_removals(step);
}

void Session::acknowledge(bool is_repeated, Step& step) {
  if (step.request.text.empty() || step.is_acknowledged) return;
  write_ack(out_, step.request.text, is_repeated, step.has_logged_out ? &step.ended : nullptr);
  step.effects.send(step.sender, out_);
  step.is_acknowledged = true;
}

void Session::refuse(const Refusal& refusal, Step& step) {
  user_.meter.add(Counter::kRefused);
  if (step.conflict_key.empty()) {
    write_error(out_, refusal, step.request.text);
    return step.effects.send(step.sender, out_);
  }
  write_conflict(out_, refusal, step.request.text, user_.values.view(step.conflict_key));
  send_with_values(step.sender, out_, step);
}

void Session::refuse_for(TimeMs wait_ms, Step& step) {
  user_.meter.add(Counter::kRefused);
  write_rate_limited(out_, wait_ms, step.request.text);
  step.effects.send(step.sender, out_);
}

}  // namespace user_session
