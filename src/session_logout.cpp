// Ending sessions: on every device, on all others, on one.
//
// What is ended is a connection and the credential that it was let in by. For all devices that is a
// moment: whatever was issued until then. For single ones it is the credential's own id, unless a
// device that stays has come by the same, as two tabs of one browser do.
#include <algorithm>

#include "limits.h"
#include "session.h"

namespace user_session {
namespace {

constexpr Refusal kUnknownDevice = {ErrorCode::kInvalidMessage,
                                    "deviceId is none of this user's devices"};
constexpr Refusal kTooManyEnded = {ErrorCode::kLimitReached,
                                   "too many credentials were ended one by one: use logout_all"};

void write_logged_out(std::string& out, std::string_view scope) {
  out = R"({"type":"logged_out","scope":")";
  out += scope;
  out += "\"}";
}

}  // namespace

void Session::logout_all(EffectList& effects) {
  write_logged_out(out_, "all");
  send_to(ProtocolVersion::kVersion2, out_, effects);
  for (ConnectionId id = 0; id < connections_.size(); ++id) {
    if (is_open(id)) remove_connection(id);
  }
  gone_.clear();
  next_expiry_ = kNever;
  nobody_is_here();
  for (RememberedDevice& device : remembered_.all()) device.credential_ids.clear();
  // Those that were ended one by one stay ended, also if their issuer's clock was ahead of ours.
  if (logout_.credential_ids.size() > kRevokedMax / 2) logout_.credential_ids.clear();
  end_until(std::max(now_ / kMsPerSecond, newest_issued_at_s_));
  if (last_active_ > stored_.last_active) is_row_due_ = true;
  effects.close_all(kLogoutCode, kLogoutReason);
}

Session::Refused Session::end_devices(Scope scope, std::string_view device_id, ConnectionId sender,
                                      EffectList& effects) {
  const auto is_meant = [scope, named = std::string(device_id)](std::string_view id) {
    return (id == named) == (scope == Scope::kDevice);
  };
  std::vector<ConnectionId> ended;
  std::vector<std::uint64_t> credentials;
  for (ConnectionId id = 0; id < connections_.size(); ++id) {
    const Connection& connection = connections_[id];
    if (!connection.is_open || !is_meant(connection.device_id)) continue;
    ended.push_back(id);
    if (connection.credential.issued_at_s != Credential::kTrusted) {
      credentials.push_back(connection.credential.id);
    }
  }
  for (const RememberedDevice& device : remembered_.all()) {
    if (!is_meant(device.id)) continue;
    for (const std::uint64_t id : device.credential_ids) credentials.push_back(id);
  }
  auto known = logout_.credential_ids;
  bool is_shared = false;
  for (const std::uint64_t credential_id : credentials) {
    if (credential_id == 0) continue;
    const bool stays =
        std::any_of(connections_.begin(), connections_.end(), [&](const Connection& connection) {
          return connection.is_open && connection.credential.id == credential_id &&
                 !is_meant(connection.device_id);
        });
    is_shared = is_shared || stays;
    const bool is_known = std::find(known.begin(), known.end(), credential_id) != known.end();
    if (!stays && !is_known) known.push_back(credential_id);
  }
  if (known.size() > kRevokedMax) return kTooManyEnded;
  is_credential_shared_ = is_shared;
  note_done(sender);
  if (known.size() > logout_.credential_ids.size()) {
    logout_.credential_ids = std::move(known);
    is_logout_due_ = true;
  }
  // It may end itself, and need not listen any more then.
  acknowledge(sender, effects);
  write_logged_out(out_, scope == Scope::kDevice ? "device" : "others");
  for (const ConnectionId id : ended) {
    if (connections_[id].version == ProtocolVersion::kVersion2) effects.send(id, out_);
    remove_connection(id);
    effects.close(id, kLogoutCode, kLogoutReason);
  }
  after_removals(effects);
  return std::nullopt;
}

Session::Refused Session::end_device(std::string_view device_id, ConnectionId sender,
                                     EffectList& effects) {
  if (remembered_.find(device_id) == nullptr && !is_here(device_id)) return kUnknownDevice;
  return end_devices(Scope::kDevice, device_id, sender, effects);
}

Session::Refused Session::handle(const LogoutAll& /*message*/, ConnectionId sender,
                                 EffectList& effects) {
  note_done(sender);
  acknowledge(sender, effects);
  logout_all(effects);
  return std::nullopt;
}

Session::Refused Session::handle(const LogoutOthers& /*message*/, ConnectionId sender,
                                 EffectList& effects) {
  return end_devices(Scope::kOthers, connections_[sender].device_id, sender, effects);
}

Session::Refused Session::handle(const LogoutDevice& message, ConnectionId sender,
                                 EffectList& effects) {
  return end_device(message.device_id, sender, effects);
}

void Session::on(const LogoutRequested& event, EffectList& effects) {
  if (event.device_id.empty()) {
    logout_all(effects);
  } else if (const auto refusal = end_device(event.device_id, kNoConnection, effects)) {
    return answer_refusal(kStatusBadRequest, *refusal, effects);
  }
  effects.answer(kStatusOk, is_credential_shared_ ? R"({"success":true,"credentialShared":true})"
                                                  : R"({"success":true})");
}

}  // namespace user_session
