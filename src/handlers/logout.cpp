// Logouts: of everything, of all others, of a device, of a single credential. Which credentials are
// refused afterwards is decided in state/access.h.
//
// Every logout takes the same way. It changes what is refused, then it closes the connections that
// were let in by what is refused now, whatever they call themselves, and those of the device that
// it names. The credential of who asks is spared where it would end with others, and the answer
// says so. Connections that came without a credential are told apart by their devices.
#include <algorithm>

#include "session.h"

namespace user_session {
namespace {

constexpr Refusal kUnknownDevice = {ErrorCode::kInvalidMessage,
                                    "deviceId is none of this user's devices"};
constexpr Refusal kNoneToEnd = {
    ErrorCode::kInvalidMessage,
    "credentialId: there is no credential to end, since AUTH_MODE none checks nobody"};
constexpr Refusal kNoneToSpare = {
    ErrorCode::kInvalidMessage,
    "exceptCredentialId: there is no credential to spare, since AUTH_MODE none checks nobody"};

std::string_view name_of(LogoutScope scope) {
  switch (scope) {
    case LogoutScope::kOthers:
      return "others";
    case LogoutScope::kDevice:
      return "device";
    case LogoutScope::kCredential:
      return "credential";
    case LogoutScope::kAll:
    case LogoutScope::kIssuerSession:
      return "all";
  }
  return "all";
}

// Adds a credential unless it is trusted, or one of its sign-in is there.
void add_sign_in(std::vector<const Credential*>& credentials, const Credential& credential) {
  const bool is_there =
      std::any_of(credentials.begin(), credentials.end(),
                  [&](const Credential* other) { return other->sign_in == credential.sign_in; });
  if (!credential.is_trusted() && !is_there) credentials.push_back(&credential);
}

}  // namespace

Session::Refused Session::handle(const LogoutAll& /*message*/, Step& step) {
  return log_out(asked_by_sender(LogoutScope::kAll, {}, step), step);
}

Session::Refused Session::handle(const LogoutOthers& /*message*/, Step& step) {
  return log_out(asked_by_sender(LogoutScope::kOthers, {}, step), step);
}

Session::Refused Session::handle(const LogoutDevice& message, Step& step) {
  return log_out(asked_by_sender(LogoutScope::kDevice, message.device_id, step), step);
}

Session::Refused Session::handle(const LogoutCredential& message, Step& step) {
  return log_out(asked_by_sender(LogoutScope::kCredential, message.credential_id, step), step);
}

void Session::on(const LogoutRequested& event, Step& step) {
  // As by a frame, a logout of everything is not held back by what others ask for. Whoever has
  // asked for it can ask for nothing more.
  const bool is_all = event.scope == LogoutScope::kAll;
  const auto turned_away =
      is_all ? check(event.credential, event.now) : admit(event.credential, event.now);
  if (turned_away) return answer_refusal(*turned_away, step);
  const auto refusal = log_out({.scope = event.scope,
                                .id = event.id,
                                .until_s = event.ended_at_s,
                                .asker = event.credential,
                                .asking_device = kNoText},
                               step);
  if (refusal) return answer_refusal({kStatusBadRequest, *refusal}, step);
  write_success_answer(out_, &step.ended);
  step.effects.answer(kStatusOk, out_);
}

Session::Ending Session::asked_by_sender(LogoutScope scope, std::string_view id,
                                         const Step& step) const {
  const Connection& sender = user_.connections[step.sender];
  return {.scope = scope,
          .id = id,
          .until_s = 0,
          .asker = sender.credential,
          .asking_device = sender.device_id};
}

Session::Refused Session::log_out(Ending ending, Step& step) {
  if (ending.scope == LogoutScope::kDevice && user_.devices.find(ending.id) == nullptr &&
      !user_.connections.has_device(ending.id)) {
    return kUnknownDevice;
  }
  const bool is_one_spared = ending.scope == LogoutScope::kOthers && !ending.id.empty();
  if (user_.access.is_nobody_checked()) {
    if (ending.scope == LogoutScope::kCredential) return kNoneToEnd;
    if (is_one_spared) return kNoneToSpare;
  }
  const KnownCredentials known = valid_credentials();
  const Digest session = digest_of(ending.id);
  // A session that was ended before is known, so an issuer may repeat what it says.
  const bool is_session_known =
      user_.access.has_ended(session) ||
      std::any_of(known.begin(), known.end(),
                  [&](const Credential* credential) { return credential->sign_in == session; });
  if (ending.scope == LogoutScope::kIssuerSession && is_session_known) {
    ending.scope = LogoutScope::kCredential;
  }
  step.has_logged_out = true;
  const std::int64_t before_s = user_.access.logout().at_s;
  end_credentials(ending, step);
  report_logout(ending, known, before_s, step);
  close_ended(ending, step);
  return std::nullopt;
}

Session::KnownCredentials Session::valid_credentials() const {
  KnownCredentials valid;
  user_.connections.each([&](ConnectionId /*id*/, const Connection& connection) {
    add_sign_in(valid, connection.credential);
  });
  for (const RememberedDevice& device : user_.devices.all()) {
    for (const Credential& credential : device.credentials) {
      if (!user_.access.is_ended(credential)) add_sign_in(valid, credential);
    }
  }
  return valid;
}

const Credential* Session::credential_named(const Digest& id) const {
  const Credential* named = nullptr;
  const auto look_at = [&](const Credential& credential) {
    if (!credential.is_trusted() && credential.has_id(id)) named = &credential;
  };
  for (const RememberedDevice& device : user_.devices.all()) {
    for (const Credential& credential : device.credentials) look_at(credential);
  }
  user_.connections.each(
      [&](ConnectionId /*id*/, const Connection& connection) { look_at(connection.credential); });
  return named;
}

void Session::end_credentials(const Ending& ending, Step& step) {
  Access& access = user_.access;
  const Digest id = digest_of(ending.id);
  const Credential* named = credential_named(id);
  switch (ending.scope) {
    case LogoutScope::kAll:
      return access.end_all(step.now);
    case LogoutScope::kIssuerSession:
      access.end_until(ending.until_s);
      // A session of which nothing was seen may still be renewed.
      if (!ending.id.empty()) access.end(id, access.latest(step.now));
      return;
    case LogoutScope::kOthers:
      // A session is spared with all that is renewed from it, also if it is named by one token.
      if (ending.id.empty() || ending.asker.has_id(id)) named = &ending.asker;
      return access.end_others(named == nullptr ? id : access.id_to_spare(*named), step.now);
    case LogoutScope::kDevice:
      return end_device(ending, step);
    case LogoutScope::kCredential:
      if (access.end(id, last_second_of(id, named, step.now))) step.ended.credentials = 1;
      return;
  }
}

std::int64_t Session::last_second_of(const Digest& id, const Credential* named, TimeMs now) const {
  if (named == nullptr) return user_.access.latest(now);
  // One that is named by its own id ends alone, so nothing that was issued later is meant.
  return named->sign_in == id ? user_.access.issued_until(*named, now) : named->issued_at_s;
}

void Session::end_device(const Ending& ending, Step& step) {
  KnownCredentials credentials;
  const RememberedDevice* device = user_.devices.find(ending.id);
  bool is_all_known = device != nullptr && !device->has_forgotten;
  user_.connections.each([&](ConnectionId /*id*/, const Connection& connection) {
    if (connection.device_id != ending.id) return;
    add_sign_in(credentials, connection.credential);
    // Credentials that came by version 1 are not remembered.
    if (connection.version == ProtocolVersion::kVersion1) is_all_known = false;
  });
  if (device != nullptr) {
    for (const Credential& credential : device->credentials) add_sign_in(credentials, credential);
  }
  step.ended.is_complete = is_all_known || user_.access.is_nobody_checked();
  for (const Credential* credential : credentials) {
    if (!ending.asker.is_trusted() && credential->sign_in == ending.asker.sign_in) {
      step.ended.is_credential_shared = true;
      continue;
    }
    if (!credential->is_sign_in_known) step.ended.is_complete = false;
    user_.access.end(credential->sign_in, user_.access.issued_until(*credential, step.now));
  }
}

bool Session::is_ended_by(const Ending& ending, const Connection& connection) const {
  const bool is_named = connection.device_id == ending.id;
  const bool is_askers = ending.asker.is_trusted() && connection.device_id == ending.asking_device;
  switch (ending.scope) {
    case LogoutScope::kAll:
      return true;
    case LogoutScope::kOthers:
      return connection.credential.is_trusted() ? !is_askers
                                                : user_.access.is_ended(connection.credential);
    case LogoutScope::kDevice:
      return is_named || user_.access.is_ended(connection.credential);
    case LogoutScope::kCredential:
    case LogoutScope::kIssuerSession:
      return user_.access.is_ended(connection.credential);
  }
  return true;
}

void Session::report_logout(const Ending& ending, const KnownCredentials& known,
                            std::int64_t before_s, Step& step) {
  const bool is_one = ending.scope == LogoutScope::kCredential;
  const Logout& logout = user_.access.logout();
  // A list that was full makes room by ending more than the one that is named.
  const bool is_overfull = is_one && logout.at_s > before_s;
  const bool is_moment =
      logout.at_s > before_s || (!is_one && ending.scope != LogoutScope::kDevice);
  LogoutReport report;
  report.scope = name_of(ending.scope);
  report.at = step.now;
  if (is_moment) report.issued_until_s = std::max(logout.at_s, logout.others_at_s);
  const Digest id = digest_of(ending.id);
  if (ending.scope == LogoutScope::kOthers) {
    const bool is_asker = ending.id.empty() || ending.asker.has_id(id);
    const Credential* spared = is_asker ? &ending.asker : credential_named(id);
    report.spared = spared == nullptr || spared->name.empty() ? ending.id : spared->name;
  }
  const bool is_named = is_one || ending.scope == LogoutScope::kIssuerSession;
  if (is_named && !ending.id.empty()) report.credentials.push_back(ending.id);
  // The one that is named has been counted, also if it is not known.
  const bool is_counted = step.ended.credentials > 0;
  for (const Credential* credential : known) {
    if (!user_.access.is_ended(*credential)) continue;
    if (!is_counted || !credential->has_id(id)) ++step.ended.credentials;
    const std::string_view name = credential->name;
    const bool is_news = !is_one || (is_overfull && name != ending.id);
    if (is_news && !name.empty()) report.credentials.push_back(name);
  }
  write_logout_report(out_, report);
  step.effects.log_out(out_);
}

void Session::close_ended(const Ending& ending, Step& step) {
  std::vector<ConnectionId> closing;
  user_.connections.each([&](ConnectionId id, const Connection& connection) {
    if (is_ended_by(ending, connection)) closing.push_back(id);
  });
  step.ended.sockets = closing.size();
  // The sender may be among those to close, so its `ack` comes first.
  acknowledge(false, step);
  write_logged_out(out_, name_of(ending.scope));
  const bool is_all = closing.size() == user_.connections.count();
  for (const ConnectionId id : closing) {
    if (user_.connections[id].version == ProtocolVersion::kVersion2) step.effects.send(id, out_);
    remove(id, step);
    if (!is_all) step.effects.close(id, kLogoutCode, kLogoutReason);
  }
  // Any other logout may have spared what was forgotten, or end only what an issuer gave until some
  // second in the past.
  const bool is_all_ended = ending.scope == LogoutScope::kAll;
  user_.devices.forget_ended(is_all_ended, [&](const Credential& credential) {
    return user_.access.is_ended(credential);
  });
  after_removals(step);
  if (!is_all) return;
  step.is_logout_of_all = true;
  step.effects.close_all(kLogoutCode, kLogoutReason);
}

}  // namespace user_session
