// A credential as far as the session knows it; it was checked before the session sees it. Which
// credentials are refused is decided in state/access.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "digest.h"

namespace user_session {

// Bytes of the name of a credential. One with a longer id has no name, since attachments and rows
// have names; it is told apart by its digests all the same.
inline constexpr std::size_t kCredentialNameBytesMax = 256;

// A credential: a token, or a session of the app's sign-in.
struct Credential {
  // Second since the Unix epoch of the sign-in if the issuer says it, or else the one in which the
  // credential was issued; kTrusted for a caller that has none. A logout of all devices refuses
  // every credential whose second is its own or an earlier one.
  std::int64_t issued_at_s = kTrusted;
  // Time in milliseconds when it expires; 0 means never.
  std::int64_t expires_at = 0;
  // Digest that it shares with all that is renewed from the same sign-in, and with nothing else.
  Digest sign_in = kNoDigest;
  // Digest of its own id.
  Digest token = kNoDigest;
  // Id by which the app knows it: that of its session, without one its own.
  std::string name;
  // False if `sign_in` is the credential's own, since the issuer says neither the session nor the
  // time of the sign-in: nobody knows what was renewed from it.
  bool is_sign_in_known = false;
  // True if the second is that of the sign-in, which all that is renewed from it has, too.
  bool is_sign_in_time = false;

  // Value of `issued_at_s` for a caller that no logout reaches: a server of the app, or anyone
  // where nobody is checked.
  static constexpr std::int64_t kTrusted = -1;

  [[nodiscard]] bool is_trusted() const { return issued_at_s == kTrusted; }
  // Returns true if `id` is the digest of the id of the credential or of its session.
  [[nodiscard]] bool has_id(const Digest& id) const { return sign_in == id || token == id; }

  bool operator==(const Credential&) const = default;
};

// The ids that an issuer gives a credential; a text is empty if it gives none.
struct CredentialIds {
  std::string_view session;
  std::string_view token;
};

// Sets the digests and the name of a credential whose other members are set. A trusted one has
// none.
void identify(Credential& credential, const CredentialIds& ids);

}  // namespace user_session
