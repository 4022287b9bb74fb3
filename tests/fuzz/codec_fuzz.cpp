// Any bytes as what is stored, attached or handed over: reading them never crashes, and what was
// read is written and read again as the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "checks.h"
#include "format/attachment.h"
#include "format/metrics.h"
#include "format/snapshot.h"
#include "host.h"
#include "limits.h"
#include "state/journal.h"
#include "state/kept.h"
#include "wire.h"

namespace user_session {
namespace {

void check_snapshot(std::string_view bytes) {
  auto snapshot = decode_snapshot(bytes);
  if (!snapshot) return;
  std::string written;
  encode_snapshot(snapshot->active_games, snapshot->last_active, snapshot->extension, written);
  require(bytes[0] != 3 || written == bytes, "a snapshot of this version has one form");
  // Where an earlier version had it; it has its own bytes now.
  snapshot->logout_at_s = 0;
  require(decode_snapshot(written) == snapshot, "a snapshot is read as it was written");
}

void check_logout(std::string_view bytes) {
  const auto logout = decode_logout(bytes);
  if (!logout) return;
  std::string written;
  encode_logout(*logout, written);
  require(written == bytes, "a logout has one form");
}

void check_attachment(std::string_view bytes) {
  const auto attachment = decode_attachment(bytes);
  if (!attachment) return;
  std::string written;
  encode_attachment(*attachment, written);
  require(written.size() <= kAttachmentBytesMax, "an attachment fits where the platform keeps it");
  require(decode_attachment(written) == attachment, "an attachment is read as it was written");
}

void check_kept(std::string_view bytes) {
  KeptPushes kept;
  if (!kept.restore(bytes)) return;
  std::string written;
  kept.encode(written);
  require(written == bytes, "kept pushes have one form");
}

void check_journal(std::string_view bytes) {
  ByteReader reader(bytes);
  Journal journal;
  if (!journal.restore(reader)) return;
  std::string written;
  journal.encode(bytes.size(), written);
  ByteReader again(written);
  Journal other;
  require(other.restore(again) && again.finished() && other.head() == journal.head(),
          "a journal is read as it was written");
  if (!journal.is_running()) return;
  for (const Journal::Missed& missed : journal.missed(journal.reach(), {"a", "b"})) {
    require(missed.seq <= journal.head().seq, "no frame is ahead of the count");
  }
}

void check_metrics(std::string_view bytes) {
  ByteReader reader(bytes);
  const Metrics metrics = Metrics::read_from(reader);
  if (reader.failed()) return;
  std::string written;
  metrics.append_to(written);
  ByteReader again(written);
  require(Metrics::read_from(again) == metrics && again.finished(),
          "counts are read as they were written");
}

// An event has no room for more and can spare nothing.
void check_event(std::string_view bytes) {
  if (!decode_event(bytes)) return;
  require(!decode_event(std::string(bytes) + '\0'), "an event ends where its bytes end");
  require(!decode_event(bytes.substr(0, bytes.size() - 1)), "an event that is cut is no event");
}

// A session wakes from whatever is stored and attached, and goes on from there.
void check_waking(std::string_view bytes) {
  if (bytes.empty()) return;
  Host host;
  host.user_id = "alice";
  host.now = 1'700'000'000'000;
  const std::string_view rest = bytes.substr(1);
  const auto which = static_cast<unsigned char>(bytes[0]);
  if ((which & 1U) != 0) host.stored = rest;
  if ((which & 2U) != 0) host.stored_logout = rest;
  if ((which & 4U) != 0) host.sockets[0].attachment = rest;
  if ((which & 8U) != 0) host.stored_kept = rest;
  host.wake();
  require_sound(host.effects());
  require(!host.stored || decode_snapshot(*host.stored), "what is stored can be read after waking");
  require(!host.stored_logout || decode_logout(*host.stored_logout),
          "the stored logout can be read after waking");
}

}  // namespace
}  // namespace user_session

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace user_session;
  const std::string bytes(data, data + size);
  check_snapshot(bytes);
  check_logout(bytes);
  check_attachment(bytes);
  check_kept(bytes);
  check_journal(bytes);
  check_metrics(bytes);
  check_event(bytes);
  check_waking(bytes);
  return 0;
}
