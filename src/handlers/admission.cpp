// The gate: which devices and requests are let in, and which frames are refused for being too many.
// Whether a credential is valid and whether a rate is used up is decided in state/access.h.
#include <algorithm>

#include "limits.h"
#include "session.h"

namespace user_session {
namespace {

constexpr Refusal kDeviceIdTooLong = {ErrorCode::kLimitReached,
                                      "deviceId is too long: expected at most 1024 bytes of UTF-8"};
static_assert(kDeviceIdBytesMax == 1'024, "the refusal names the limit");
constexpr Refusal kV2DeviceIdTooLong = {
    ErrorCode::kLimitReached, "deviceId is too long: expected at most 128 bytes of UTF-8"};
constexpr Refusal kTabIdTooLong = {ErrorCode::kLimitReached,
                                   "tabId is too long: expected at most 128 bytes of UTF-8"};
static_assert(kV2DeviceIdBytesMax == 128, "the refusals name the limit");
constexpr Refusal kNoRun = {ErrorCode::kInvalidMessage,
                            "run must be 16 to 24 characters of A-Z a-z 0-9 _ -"};
static_assert(kRunBytesMin == 16 && kRunBytesMax == 24, "the refusal names the limits");

constexpr Refusal kTooManyDevices = {ErrorCode::kLimitReached,
                                     "too many devices are connected: close some first"};
constexpr Refusal kTooManyConnects = {ErrorCode::kRateLimited,
                                      "too many connections in a short time: wait and try again"};
constexpr Refusal kTooManyRequests = {ErrorCode::kRateLimited,
                                      "too many requests in a short time: wait and try again"};

// Returns why the device's id, the tab's or the run's is refused, or nullopt. Only version 2 has
// tabs and runs.
std::optional<Refusal> check_names(const Connected& event) {
  const bool is_v2 = event.version == ProtocolVersion::kVersion2;
  if (!is_v2 && event.device_id.size() > kDeviceIdBytesMax) return kDeviceIdTooLong;
  if (is_v2 && event.device_id.size() > kV2DeviceIdBytesMax) return kV2DeviceIdTooLong;
  if (event.tab_id.size() > kV2DeviceIdBytesMax) return kTabIdTooLong;
  if (!event.run.empty() && !is_run(event.run)) return kNoRun;
  return std::nullopt;
}

}  // namespace

std::optional<Session::TurnedAway> Session::check(const Credential& credential, TimeMs now) {
  if (const auto refusal = user_.access.check(credential, now)) {
    return TurnedAway{kStatusUnauthorized, *refusal};
  }
  user_.access.note_shown(credential, now);
  return std::nullopt;
}

void Session::on(const TicketRequested& event, Step& step) {
  if (const auto turned_away = admit(event.credential, event.now)) {
    return answer_refusal(*turned_away, step);
  }
  write_success_answer(out_);
  step.effects.answer(kStatusOk, out_);
}

std::optional<Session::TurnedAway> Session::admit(const Connected& event) {
  if (const auto turned_away = check(event.credential, event.now)) return turned_away;
  if (const auto refusal = check_names(event)) return TurnedAway{kStatusBadRequest, *refusal};
  const bool is_full = user_.connections.count() >= user_.access.devices_max();
  if (is_full && replaced_by(event).empty()) {
    return TurnedAway{kStatusTooMany, kTooManyDevices};
  }
  if (user_.access.take_connect(event.now) > 0) return TurnedAway{kStatusTooMany, kTooManyConnects};
  return std::nullopt;
}

std::optional<Session::TurnedAway> Session::admit(const Credential& credential, TimeMs now) {
  if (const auto turned_away = check(credential, now)) return turned_away;
  if (!credential.is_trusted() && user_.access.take_request(now) > 0) {
    return TurnedAway{kStatusTooMany, kTooManyRequests};
  }
  return std::nullopt;
}

bool Session::admit_frame(Step& step) {
  Connection& sender = user_.connections[step.sender];
  const TimeMs wait_ms = user_.access.take_frame(sender, step.now);
  if (wait_ms == 0) return true;
  if (user_.access.take_patience(sender, step.now)) {
    refuse_for(wait_ms, step);
    return false;
  }
  remove(step.sender, step);
  after_removals(step);
  step.effects.close(step.sender, kFloodCode, "too many frames");
  return false;
}

bool Session::admit_user_frame(Step& step) {
  const TimeMs wait_ms = user_.access.take_user_frame(user_.connections[step.sender], step.now);
  if (wait_ms > 0) refuse_for(wait_ms, step);
  return wait_ms == 0;
}

void Session::end_expired(Step& step) {
  user_.connections.each_expired(step.now, [&](ConnectionId id) {
    expel(id, kCredentialEndedCode, "the credential has expired", step);
  });
  after_removals(step);
}

}  // namespace user_session
