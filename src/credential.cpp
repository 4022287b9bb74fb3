// The digests by which credentials are told apart; see credential.h.
#include "credential.h"

#include "digest.h"

namespace user_session {
namespace {

// Returns the digest of a sign-in that is known by its second alone. The zero in front keeps it
// apart from any id.
Digest digest_of_second(std::int64_t second) {
  std::string bytes(1, '\0');
  for (auto rest = static_cast<std::uint64_t>(second); rest > 0; rest >>= 8U) {
    bytes += static_cast<char>(rest);
  }
  return digest_of(bytes);
}

}  // namespace

void identify(Credential& credential, const CredentialIds& ids) {
  if (credential.is_trusted()) return;
  // A credential without any id is told apart by its second.
  if (ids.session.empty() && ids.token.empty()) credential.is_sign_in_time = true;
  credential.is_sign_in_known = !ids.session.empty() || credential.is_sign_in_time;
  if (!ids.session.empty()) {
    credential.sign_in = digest_of(ids.session);
  } else {
    credential.sign_in = credential.is_sign_in_known ? digest_of_second(credential.issued_at_s)
                                                     : digest_of(ids.token);
  }
  credential.token = ids.token.empty() ? credential.sign_in : digest_of(ids.token);
  const std::string_view name = ids.session.empty() ? ids.token : ids.session;
  if (name.size() <= kCredentialNameBytesMax) credential.name = name;
}

}  // namespace user_session
