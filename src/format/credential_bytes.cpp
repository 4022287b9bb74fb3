// The order of a credential's fields; see credential_bytes.h.
#include "format/credential_bytes.h"

namespace user_session {

void append_credential(std::string& out, const Credential& credential) {
  append_i64(out, credential.issued_at_s);
  append_i64(out, credential.expires_at);
  append_digest(out, credential.sign_in);
  append_digest(out, credential.token);
  append_text(out, credential.name);
  append_u8(out, credential.is_sign_in_known ? 1 : 0);
  append_u8(out, credential.is_sign_in_time ? 1 : 0);
}

Credential read_credential(ByteReader& reader) {
  Credential credential;
  credential.issued_at_s = reader.safe_integer();
  credential.expires_at = reader.safe_integer();
  credential.sign_in = reader.digest();
  credential.token = reader.digest();
  credential.name = reader.text(kCredentialNameBytesMax);
  credential.is_sign_in_known = reader.flag();
  credential.is_sign_in_time = reader.flag();
  return credential;
}

}  // namespace user_session
