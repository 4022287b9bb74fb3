// The names of devices and credentials are kept here by their digests, because much of what is
// stored and attached has the digest alone, which says nothing to a person.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "credential.h"
#include "digest.h"

namespace user_session {

class Names {
 public:
  // A name that is known already is not added again.
  void add(std::string_view name) { names_.emplace(digest_of(name), name); }

  // This adds the names by which a credential is known; one that has no ids is named by its second.
  void add(const Credential& credential, const CredentialIds& ids) {
    if (!ids.token.empty()) add(ids.token);
    if (!ids.session.empty()) add(ids.session);
    names_.emplace(credential.sign_in, "second-" + std::to_string(credential.issued_at_s));
  }

  // nullptr if nobody has added a name of this digest.
  [[nodiscard]] const std::string* find(const Digest& digest) const {
    const auto known = names_.find(digest);
    return known == names_.end() ? nullptr : &known->second;
  }

 private:
  std::map<Digest, std::string> names_;
};

}  // namespace user_session
