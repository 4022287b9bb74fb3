// Logouts: of every device, of all others, of one. Which credentials are refused afterwards is
// decided in state/access.h.
//
// A logout closes connections and revokes the credentials by which they were let in. For all
// devices that is a time: whatever was issued until then is refused. For single devices it is the
// id of each credential, unless a device that stays connected uses the same one, as two tabs of one
// browser do in version 1.
#include <algorithm>

#include "limits.h"
#include "session.h"

namespace user_session {
namespace {

constexpr Refusal kUnknownDevice = {ErrorCode::kInvalidMessage,
                                    "deviceId is none of this user's devices"};
constexpr Refusal kTooManyEnded = {ErrorCode::kLimitReached,
                                   "too many credentials were ended one by one: use logout_all"};

}  // namespace

Session::Refused Session::handle(const LogoutAll& /*message*/, Step& step) {
  acknowledge(false, step);
  logout_all(step);
  return std::nullopt;
}

Session::Refused Session::handle(const LogoutOthers& /*message*/, Step& step) {
  return end_devices(Scope::kOthers, user_.connections[step.sender].device_id, step);
}

Session::Refused Session::handle(const LogoutDevice& message, Step& step) {
  return end_device(message.device_id, step);
}

void Session::on(const LogoutRequested& event, Step& step) {
  if (event.device_id.empty()) {
    logout_all(step);
  } else if (const auto refusal = end_device(event.device_id, step)) {
    return answer_refusal({kStatusBadRequest, *refusal}, step);
  }
  write_success_answer(out_, step.is_credential_shared);
  step.effects.answer(kStatusOk, out_);
}

void Session::logout_all(Step& step) {
  write_logged_out(out_, "all");
  send_to(ProtocolVersion::kVersion2, out_, step);
  user_.connections.each([&](ConnectionId id, const Connection&) { user_.close(id, step.now); });
  user_.devices.forget_credentials();
  user_.access.end_all(step.now);
  step.is_logout_of_all = true;
  step.effects.close_all(kLogoutCode, kLogoutReason);
}

Session::Refused Session::end_device(std::string_view device_id, Step& step) {
  const bool is_known = user_.devices.find(device_id) != nullptr;
  if (!is_known && !user_.connections.has_device(device_id)) return kUnknownDevice;
  return end_devices(Scope::kDevice, device_id, step);
}

Session::Refused Session::end_devices(Scope scope, std::string_view device_id, Step& step) {
  const auto is_meant = [scope, named = std::string(device_id)](std::string_view id) {
    return (id == named) == (scope == Scope::kDevice);
  };
  std::vector<ConnectionId> ended;
  std::vector<std::uint64_t> credentials;
  std::vector<std::uint64_t> staying;
  user_.connections.each([&](ConnectionId id, const Connection& connection) {
    const bool is_ending = is_meant(connection.device_id);
    if (is_ending) ended.push_back(id);
    (is_ending ? credentials : staying).push_back(connection.credential.id);
  });
  for (const RememberedDevice& device : user_.devices.all()) {
    if (!is_meant(device.id)) continue;
    credentials.insert(credentials.end(), device.credential_ids.begin(),
                       device.credential_ids.end());
  }
  const auto is_spared = [&](std::uint64_t id) {
    return std::find(staying.begin(), staying.end(), id) != staying.end();
  };
  std::erase(credentials, 0U);
  const bool is_shared = std::erase_if(credentials, is_spared) > 0;
  if (!user_.access.end(credentials)) return kTooManyEnded;
  step.is_credential_shared = is_shared;
  // The sender may be among the devices to close, so the `ack` comes first.
  acknowledge(false, step);
  write_logged_out(out_, scope == Scope::kDevice ? "device" : "others");
  for (const ConnectionId id : ended) {
    if (user_.connections[id].version == ProtocolVersion::kVersion2) step.effects.send(id, out_);
    remove(id, step);
    step.effects.close(id, kLogoutCode, kLogoutReason);
  }
  after_removals(step);
  return std::nullopt;
}

}  // namespace user_session
