// The bytes of two rows: the snapshot and the logout. A row is a value in storage, which survives
// everything. When they are written is decided in commit.h; the rows of the inbox are in
// state/inbox.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "digest.h"
#include "event.h"

namespace user_session {

// The snapshot: what of a user outlives the last device. Presence is not in it, since a user
// without a device is offline.
struct Snapshot {
  // Games in the order in which they were joined, each once.
  std::vector<std::string> active_games;
  TimeMs last_active = 0;
  // Bytes that devices of version 2 need (restore.cpp), and whatever a later release adds. A
  // release that does not know them writes them back as they are, so that a deploy can be rolled
  // back and forward again.
  std::string extension;
  // Bytes of a later release behind the extension (format/bytes.h).
  std::string rest;
  // Second of the last logout, from a release that stored it with the rest; 0 if there is none.
  std::int64_t logout_at_s = 0;

  bool operator==(const Snapshot&) const = default;
};

// Appends the bytes of a snapshot: the format's version, then the fields. A `logout_at_s` is not
// written, since the logout has its own row.
void encode_snapshot(const std::vector<std::string>& active_games, TimeMs last_active,
                     std::string_view extension, std::string_view rest, std::string& out);

// Returns the snapshot in `bytes`, or nullopt if they are damaged or of an unknown version.
std::optional<Snapshot> decode_snapshot(std::string_view bytes);

// A credential that was ended alone.
struct EndedCredential {
  // Digest of its own id or of its sign-in (credential.h).
  Digest id = kNoDigest;
  // Second until which it may have been issued. When there are too many, everything that was issued
  // until then is refused instead.
  std::int64_t issued_until_s = 0;

  bool operator==(const EndedCredential&) const = default;
};

// The credentials that logouts have ended, which must not be let in again. Seconds count from the
// Unix epoch; 0 stands for none.
struct Logout {
  // Credentials that were issued in this second or before are refused.
  std::int64_t at_s = 0;
  // So are those that were issued in this second or before, but for the one that the last logout of
  // all others has spared: it has this id, or is of this sign-in.
  std::int64_t others_at_s = 0;
  Digest spared = kNoDigest;
  // Newest second in which a credential was issued that was let in. A logout reaches as far, since
  // the issuer's clock may be ahead of ours.
  std::int64_t shown_at_s = 0;
  // Credentials that were ended alone; at most kEndedMax.
  std::vector<EndedCredential> ended;
  // Bytes of a later release (format/bytes.h).
  std::string rest;

  bool operator==(const Logout&) const = default;
};

// Appends the bytes of a logout.
void encode_logout(const Logout& logout, std::string& out);

// Returns the logout in `bytes`, or nullopt if they are damaged, of an unknown version, or of a
// release that knew credentials by other names and had ended some alone.
std::optional<Logout> decode_logout(std::string_view bytes);

}  // namespace user_session
