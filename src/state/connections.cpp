// The table of open sockets; see connections.h.
#include "state/connections.h"

#include <algorithm>

#include "check.h"

namespace user_session {

Connection& Connections::open(ConnectionId id, std::string_view device_id,
                              ProtocolVersion version) {
  if (table_.size() <= id) table_.resize(id + 1);
  Connection& connection = table_[id];
  USER_SESSION_CHECK(!connection.is_open);
  connection.is_open = true;
  connection.device_id = device_id;
  connection.version = version;
  ++count_;
  is_any_changed_ = true;
  if (version == ProtocolVersion::kVersion2) ++v2_count_;
  return connection;
}

void Connections::close(ConnectionId id) {
  if (table_[id].version == ProtocolVersion::kVersion2) --v2_count_;
  --count_;
  table_[id] = Connection{};
}

void Connections::grant(Connection& connection, const Credential& credential) {
  connection.credential = credential;
  if (credential.expires_at > 0) next_expiry_ = std::min(next_expiry_, credential.expires_at);
}

void Connections::set_presence(std::string_view device_id, Presence presence) {
  for (Connection& connection : table_) {
    if (connection.is_open && connection.device_id == device_id) connection.presence = presence;
  }
  is_any_changed_ = true;
}

void Connections::detach_all() {
  for (Connection& connection : table_) connection.is_attached = false;
  is_any_changed_ = true;
}

ConnectionId Connections::any() const {
  const auto open = std::find_if(table_.begin(), table_.end(),
                                 [](const Connection& connection) { return connection.is_open; });
  return open == table_.end() ? kNoConnection : static_cast<ConnectionId>(open - table_.begin());
}

bool Connections::has_device(std::string_view device_id) const {
  return std::any_of(table_.begin(), table_.end(), [&](const Connection& connection) {
    return connection.is_open && connection.device_id == device_id;
  });
}

bool Connections::has_run(std::string_view run) const {
  return std::any_of(table_.begin(), table_.end(), [&](const Connection& connection) {
    return connection.is_open && connection.run == run;
  });
}

}  // namespace user_session
