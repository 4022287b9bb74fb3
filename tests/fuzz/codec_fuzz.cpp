// Any bytes as what is stored, attached or handed over: reading them never crashes, what was read
// is written and read again as the same, bytes of a later release are kept, and damaged bytes cost
// nobody else anything.
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
#include "state/devices.h"
#include "state/journal.h"
#include "state/runs.h"
#include "state/sequence.h"
#include "wire.h"

namespace user_session {
namespace {

constexpr std::string_view kRoom = "of a later release";
constexpr TimeMs kNow = 1'700'000'000'000;

// Records that stand alone

void check_snapshot(std::string_view bytes) {
  auto snapshot = decode_snapshot(bytes);
  if (!snapshot) return;
  const auto write = [](const Snapshot& one) {
    std::string out;
    encode_snapshot(one.active_games, one.last_active, one.extension, one.rest, out);
    return out;
  };
  const std::string written = write(*snapshot);
  // It stood here in an earlier version, and has its own row now.
  snapshot->logout_at_s = 0;
  require(decode_snapshot(written) == snapshot, "a snapshot is read as it was written");
  const bool is_present = bytes[0] == written[0];
  require(!is_present || written.starts_with(bytes), "nothing of a snapshot is lost");
  const auto later = decode_snapshot(written + std::string(kRoom));
  require(later && write(*later) == written + std::string(kRoom), "a snapshot has room");
}

void check_logout(std::string_view bytes) {
  const auto logout = decode_logout(bytes);
  if (!logout) return;
  std::string written;
  encode_logout(*logout, written);
  require(decode_logout(written) == logout, "a logout is read as it was written");
  const bool is_present = bytes[0] == written[0];
  require(!is_present || written.starts_with(bytes), "nothing of a logout is lost");
  const std::string extended = written + std::string(kRoom);
  const auto later = decode_logout(extended);
  std::string again;
  if (later) encode_logout(*later, again);
  require(again == extended, "a logout has room");
}

void check_attachment(std::string_view bytes) {
  const auto attachment = decode_attachment(bytes);
  if (!attachment) return;
  std::string written;
  encode_attachment(*attachment, written);
  require(written.size() <= kAttachmentBytesMax || bytes.size() > kAttachmentBytesMax,
          "an attachment fits where the platform keeps it");
  require(decode_attachment(written) == attachment, "an attachment is read as it was written");
  const bool is_present = bytes[0] == written[0];
  require(!is_present || written.size() >= bytes.size(), "nothing of an attachment is lost");
  if (attachment->user_rest.size() + attachment->metrics_rest.size() + attachment->rest.size() +
          kRoom.size() >
      kRestBytesMax) {
    return;
  }
  const std::string extended = written + std::string(kRoom);
  const auto later = decode_attachment(extended);
  std::string again;
  if (later) encode_attachment(*later, again);
  require(again == extended, "an attachment has room");
}

// Records within others

// Requires of what `read` takes that `write` loses nothing of it, unless it `may_forget`, and that
// it is read as it was written.
template <typename Read, typename Write>
void check_record(std::string_view bytes, std::string_view what, bool may_forget, Read read,
                  Write write) {
  auto first = read(bytes);
  if (!first) return;
  const std::string written = write(*first);
  require(may_forget || written.size() >= bytes.size(), "nothing of a record is lost", what);
  auto second = read(written);
  require(second && write(*second) == written, "a record is read as it was written", what);
}

// Reads a record whose last bytes may be of a later release.
template <typename Record, typename Restore>
auto reader_of(Restore restore) {
  return [restore](std::string_view bytes) -> std::optional<Record> {
    ByteReader reader(bytes);
    std::optional<Record> record;
    record.emplace();
    if (!restore(*record, reader)) record.reset();
    return record;
  };
}

void check_records(std::string_view bytes) {
  const auto runs = reader_of<Runs>(
      [](Runs& record, ByteReader& reader) { return record.restore(reader) && reader.finished(); });
  const auto devices =
      reader_of<RememberedDevices>([](RememberedDevices& record, ByteReader& reader) {
        return record.restore(reader) && reader.finished();
      });
  const auto row = reader_of<Sequence>(
      [](Sequence& record, ByteReader& reader) { return record.restore_row(reader); });
  const auto attached = reader_of<Sequence>(
      [](Sequence& record, ByteReader& reader) { return record.restore_attached(reader); });
  const auto encode = [](const auto& record) {
    std::string out;
    record.encode(out);
    return out;
  };
  const auto encode_row = [](const Sequence& record) {
    std::string out;
    record.encode_row(out);
    return out;
  };
  const auto encode_attached = [](const Sequence& record) {
    std::string out;
    record.encode_attached(kNow, kAttachmentBytesMax, out);
    return out;
  };
  check_record(bytes, "runs", false, runs, encode);
  check_record(bytes, "devices", false, devices, encode);
  check_record(bytes, "row of the sequence", true, row, encode_row);
  check_record(bytes, "attached sequence", true, attached, encode_attached);
  if (const auto sequence = row(bytes)) {
    const std::string extended = encode_row(*sequence) + std::string(kRoom);
    const auto later = row(extended);
    require(later && encode_row(*later) == extended, "the row of the sequence has room");
  }
}

void check_journal(std::string_view bytes) {
  ByteReader reader(bytes);
  Journal journal;
  if (!journal.restore(reader)) return;
  std::string written;
  journal.encode(bytes.size(), written);
  ByteReader again(written);
  Journal other;
  require(other.restore(again) && again.finished() && other.last() == journal.last() &&
              other.reach() == journal.reach(),
          "a journal is read as it was written");
  for (const Journal::Missed& missed : journal.missed(journal.reach(), {"a", "b"})) {
    require(missed.seq > journal.reach() && missed.seq <= journal.last(),
            "no frame is ahead of the count or behind the reach");
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

// The session

// The row of a value whose header is what follows the first byte, which says how long its text is.
std::string value_row(std::string_view bytes) {
  constexpr std::size_t kHeaderMax = 4'096;
  const std::string_view header = bytes.substr(std::min<std::size_t>(bytes.size(), 1), kHeaderMax);
  const std::size_t size = bytes.empty() ? 0 : static_cast<unsigned char>(bytes[0]);
  std::string row = {static_cast<char>(header.size() & 0xffU),
                     static_cast<char>(header.size() >> 8U)};
  row += header;
  row += size < 2 ? std::string(size, '1') : '"' + std::string(size - 2, 'x') + '"';
  return row;
}

// A session wakes from whatever is stored and attached, and goes on from there.
void check_waking(std::string_view bytes) {
  if (bytes.empty()) return;
  Host host;
  host.user_id = "alice";
  host.now = kNow;
  const std::string_view rest = bytes.substr(1);
  const auto which = static_cast<unsigned char>(bytes[0]);
  if ((which & 1U) != 0) host.stored = rest;
  if ((which & 2U) != 0) host.stored_logout = rest;
  if ((which & 4U) != 0) host.sockets[0].attachment = rest;
  if ((which & 8U) != 0) host.stored_kept = rest;
  if ((which & 16U) != 0) host.stored_inbox = rest;
  if ((which & 32U) != 0) host.stored_messages[0] = rest;
  if ((which & 64U) != 0) host.stored_values[0] = value_row(rest);
  host.wake();
  require_sound(host);
  require(!host.stored || decode_snapshot(*host.stored), "what is stored can be read after waking");
  require(!host.stored_logout || decode_logout(*host.stored_logout),
          "the stored logout can be read after waking");
  host.connect_v2(1, "tablet", {.run = "run-of-the-tablet", .since = {.epoch = 1, .seq = 1}});
  host.receive(1, true, R"({"type":"join_game","gameId":"g","id":"run-of-the-tablet.1"})", 58);
  host.wake();
  host.disconnect(1);
  require_sound(host);
}

constexpr ConnectionId kPhone = 0;
constexpr ConnectionId kTablet = 1;
constexpr ConnectionId kHook = 2;

// The phone, which is the carrier, a tablet and a device of version 1, after an event and a
// message.
Host session_of_three() {
  Host host;
  host.user_id = "alice";
  host.now = kNow;
  host.wake();
  host.connect_v2(kPhone, "phone", {.run = "run-of-the-phone"});
  host.connect_v2(kTablet, "tablet", {.run = "run-of-the-tablet"});
  host.connect(kHook, "hook");
  const std::string_view event =
      R"({"type":"broadcast","event":"e","data":1,"id":"run-of-the-phone.1"})";
  host.receive(kPhone, true, event, event.size());
  const std::string_view body = R"({"type":"app"})";
  host.request(PushRequested{
      .now = host.now, .payload = {.text = body, .size_bytes = body.size()}, .keep_s = 100});
  return host;
}

// Requires that the phone is known as before: what it repeats, where it stands, and its inbox. Of a
// value that is lost it can't be told, so it starts over.
void require_unharmed(Host& host, bool is_value_lost) {
  require(host.sockets.contains(kPhone), "what is damaged costs nobody else a connection");
  const std::string_view repeated =
      R"({"type":"broadcast","event":"e","data":1,"id":"run-of-the-phone.1","again":true})";
  host.receive(kPhone, true, repeated, repeated.size());
  require(host.effects().texts().find(R"("repeated":true)") != std::string::npos,
          "what is damaged costs nobody else a request");
  host.connect_v2(3, "phone",
                  {.run = "run-of-a-new-page", .since = {.epoch = host.epochs.back(), .seq = 1}});
  const std::string& texts = host.effects().texts();
  require((texts.find("\"reset\"") != std::string::npos) == is_value_lost,
          "what is damaged costs nobody else a place, unless it was a value");
  require(texts.find(R"("body":{"type":"app"})") != std::string::npos,
          "what is damaged costs nobody else a message");
}

void check_damage(const Host& sound, std::string_view bytes) {
  for (const ConnectionId damaged : {kTablet, kHook}) {
    if (decode_attachment(bytes)) continue;
    Host host = sound;
    host.sockets.at(damaged).attachment = bytes;
    host.wake();
    require(!host.sockets.contains(damaged), "a connection that nobody knows is closed");
    require_unharmed(host, false);
  }
  Host host = sound;
  host.stored_messages[1] = bytes;
  host.wake();
  require_unharmed(host, false);
  host = sound;
  host.stored_values[1] = value_row(bytes);
  host.wake();
  // A row that can be read is not damaged.
  if (!host.stored_values.contains(1)) require_unharmed(host, true);
}

}  // namespace
}  // namespace user_session

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace user_session;
  static const Host kSound = session_of_three();
  const std::string bytes(data, data + size);
  check_snapshot(bytes);
  check_logout(bytes);
  check_attachment(bytes);
  check_records(bytes);
  check_journal(bytes);
  check_metrics(bytes);
  check_event(bytes);
  check_waking(bytes);
  check_damage(kSound, bytes);
  return 0;
}
