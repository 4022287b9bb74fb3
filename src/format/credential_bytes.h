// The bytes of a credential, which attachments and the list of devices have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "credential.h"
#include "format/bytes.h"

namespace user_session {

// Bytes of a credential without its name, and the most that one takes.
inline constexpr std::size_t kCredentialBytesMin =
    (2 * sizeof(std::int64_t)) + (2 * sizeof(Digest)) + sizeof(std::uint32_t) + 2;
inline constexpr std::size_t kCredentialBytesMax = kCredentialBytesMin + kCredentialNameBytesMax;

// Appends a credential, whose name has at most kCredentialNameBytesMax bytes.
void append_credential(std::string& out, const Credential& credential);

// Reads a credential. The reader fails if the name is longer.
Credential read_credential(ByteReader& reader);

}  // namespace user_session
