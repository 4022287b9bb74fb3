// The end that a logout has made, for whoever asked for it. Whom it ends is decided in
// handlers/logout.cpp.
#pragma once

#include <cstddef>

namespace user_session {

struct Ended {
  std::size_t sockets = 0;
  // Number of credentials that were known, counting what is of one sign-in once.
  std::size_t credentials = 0;
  // True if a credential of the device was not ended, since it is the one of who asked.
  bool is_credential_shared = false;
  // False if the device had credentials that are not known any more, or one of which is not known
  // what was renewed from it.
  bool is_complete = true;
};

}  // namespace user_session
