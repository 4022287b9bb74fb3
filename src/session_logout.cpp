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

constexpr std::uint16_t kStatusOk = 200;
constexpr std::uint16_t kStatusBadRequest = 400;

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
  measure(effects);
  write_logged_out(out_, "all");
  for (ConnectionId id = 0; id < connections_.size(); ++id) {
    const Connection& connection = connections_[id];
    if (connection.is_open && connection.dialect == Dialect::kVersion2) effects.send(id, out_);
  }
  connections_.clear();
  open_count_ = 0;
  newer_count_ = 0;
  for (DeviceRequests& requests : requests_) requests.open_count = 0;
  forget_old_requests();
  next_expiry_ = kNever;
  nobody_is_here();
  // They were all issued before now.
  logout_.credential_ids.clear();
  store_logout(std::max(now_ / kMsPerSecond, newest_issued_at_s_), effects);
  if (is_row_behind() || last_active_ > stored_.last_active) store(effects);
  effects.close_all(kLogoutCode, kLogoutReason);
}

template <typename Predicate>
bool Session::end_devices(Predicate is_meant, std::string_view scope, EffectList& effects) {
  write_logged_out(out_, scope);
  std::vector<std::uint64_t> ended;
  for (ConnectionId id = 0; id < connections_.size(); ++id) {
    const Connection& connection = connections_[id];
    if (!connection.is_open || !is_meant(connection)) continue;
    if (connection.credential.issued_at_s != Credential::kTrusted) {
      ended.push_back(connection.credential.id);
    }
    if (connection.dialect == Dialect::kVersion2) effects.send(id, out_);
    remove_connection(id);
    effects.close(id, kLogoutCode, kLogoutReason);
  }
  return end_credentials(ended, effects);
}

bool Session::end_credentials(const std::vector<std::uint64_t>& ended, EffectList& effects) {
  bool is_shared = false;
  auto& known = logout_.credential_ids;
  const std::size_t known_before = known.size();
  for (const std::uint64_t credential_id : ended) {
    if (credential_id == 0) continue;
    const bool stays =
        std::any_of(connections_.begin(), connections_.end(), [&](const Connection& connection) {
          return connection.is_open && connection.credential.id == credential_id;
        });
    is_shared = is_shared || stays;
    const bool is_known = std::find(known.begin(), known.end(), credential_id) != known.end();
    if (!stays && !is_known) known.push_back(credential_id);
  }
  if (known.size() > known_before) store_logout(logout_.at_s, effects);
  return is_shared;
}

bool Session::has_room_to_end() const {
  return logout_.credential_ids.size() + open_count_ + remembered_.all().size() < kRevokedMax;
}

std::variant<bool, Refusal> Session::end_device(std::string_view device_id, ConnectionId sender,
                                                EffectList& effects) {
  const RememberedDevice* remembered = remembered_.find(device_id);
  if (remembered == nullptr && !is_here(device_id)) return kUnknownDevice;
  if (!has_room_to_end()) return kTooManyEnded;
  note_done(sender);
  // Names end with the connections that carry them.
  const std::string ended_id(device_id);
  bool is_shared =
      end_devices([&](const Connection& connection) { return connection.device_id == ended_id; },
                  "device", effects);
  if (remembered != nullptr && end_credentials({remembered->credential_id}, effects)) {
    is_shared = true;
  }
  after_removals(effects);
  return is_shared;
}

std::optional<Refusal> Session::handle(const LogoutAll& /*message*/, ConnectionId sender,
                                       EffectList& effects) {
  note_done(sender);
  logout_all(effects);
  return std::nullopt;
}

std::optional<Refusal> Session::handle(const LogoutOthers& /*message*/, ConnectionId sender,
                                       EffectList& effects) {
  if (!has_room_to_end()) return kTooManyEnded;
  note_done(sender);
  const std::string own_id = connections_[sender].device_id;
  is_credential_shared_ =
      end_devices([&](const Connection& connection) { return connection.device_id != own_id; },
                  "others", effects);
  // Those that are away, too.
  std::vector<std::uint64_t> others;
  for (const RememberedDevice& device : remembered_.all()) {
    if (device.id != own_id) others.push_back(device.credential_id);
  }
  if (end_credentials(others, effects)) is_credential_shared_ = true;
  after_removals(effects);
  return std::nullopt;
}

std::optional<Refusal> Session::handle(const LogoutDevice& message, ConnectionId sender,
                                       EffectList& effects) {
  const auto ended = end_device(message.device_id, sender, effects);
  if (const auto* refusal = std::get_if<Refusal>(&ended)) return *refusal;
  is_credential_shared_ = *std::get_if<bool>(&ended);
  return std::nullopt;
}

void Session::on(const LogoutRequested& event, EffectList& effects) {
  bool is_shared = false;
  if (event.device_id.empty()) {
    logout_all(effects);
  } else {
    const auto ended = end_device(event.device_id, kNoConnection, effects);
    if (const auto* refusal = std::get_if<Refusal>(&ended)) {
      return answer_refusal(kStatusBadRequest, *refusal, effects);
    }
    is_shared = *std::get_if<bool>(&ended);
  }
  effects.answer(kStatusOk,
                 is_shared ? R"({"success":true,"credentialShared":true})" : R"({"success":true})");
}

}  // namespace user_session
