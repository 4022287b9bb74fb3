#include "decoded.h"

#include <cstdint>
#include <vector>

#include "format/attachment.h"
#include "format/bytes.h"
#include "format/snapshot.h"
#include "limits.h"
#include "scenario_text.h"
#include "state/devices.h"
#include "state/idempotency.h"
#include "state/journal.h"
#include "state/kept.h"

namespace user_session {
namespace {

using Words = std::vector<std::string>;

// This is the version that session_resume.cpp writes in front of the extension.
constexpr std::uint8_t kExtensionVersion = 2;

// Words

// This puts a text in quotation marks unless it is one plain word, so that words stay apart.
std::string word_of(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:";
  constexpr Ends kNameEnds = {.whole_max = 64, .head = 32, .tail = 16};
  const std::string word = ends_of(text, true, kNameEnds);
  const bool is_plain = !word.empty() && word.find_first_not_of(kPlain) == std::string::npos;
  return is_plain ? word : '"' + word + '"';
}

// This falls back on the hash, since no command need have said the name.
std::string name_of(std::uint64_t hash, const Names& names) {
  const std::string* name = names.find(hash);
  return name == nullptr ? hash_mark(hash) : word_of(*name);
}

std::string joined(const Words& words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += separator;
    text += word;
  }
  return text;
}

// This shows a long list by its ends: 256 games would hide the rest of the line.
std::string list_of(Words words) {
  constexpr std::size_t kWholeMax = 8;
  constexpr std::ptrdiff_t kEnd = 3;
  const std::size_t count = words.size();
  if (count <= kWholeMax) return '[' + joined(words, ", ") + ']';
  words.erase(words.begin() + kEnd, words.end() - kEnd);
  words.insert(words.begin() + kEnd, "...");
  return '[' + joined(words, ", ") + "](" + std::to_string(count) + ')';
}

// This joins numbers without a gap, because most of those that ascend have none.
Words ranges_of(const std::vector<std::int64_t>& numbers) {
  Words words;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t end = i + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1) ++end;
    std::string word = std::to_string(numbers[i]);
    if (end - i > 1) word += '-' + std::to_string(numbers[end - 1]);
    words.push_back(std::move(word));
    i = end;
  }
  return words;
}

// Lines

// A line leaves out what is as usual, so that the rest is seen.
class Line {
 public:
  void add(std::string_view key, std::string_view value) {
    words_.push_back(std::string(key) + '=' + std::string(value));
  }
  void add(std::string_view key, std::int64_t value) { add(key, std::to_string(value)); }
  void add_unless(std::int64_t usual, std::string_view key, std::int64_t value) {
    if (value != usual) add(key, value);
  }
  void add_presence(std::string_view key, Presence presence) {
    if (presence != Presence::kOnline) add(key, presence_name(presence));
  }
  void add_list(std::string_view key, Words words) {
    if (!words.empty()) add(key, list_of(std::move(words)));
  }

  // The hash at the end stands for all that the words leave out.
  [[nodiscard]] std::string of(std::string_view bytes) const {
    return joined(words_, " ") + ' ' + hash_mark(hash_of(bytes));
  }

 private:
  Words words_;
};

std::string undecoded(std::string_view bytes) {
  return ends_of(bytes, true, kTextEnds) + ' ' + hash_mark(hash_of(bytes));
}

// Parts that the row and the attachments share

void add_journal(Line& line, const Journal& journal) {
  line.add("epoch", journal.head().epoch);
  line.add("seq", journal.head().seq);
  if (!journal.is_running()) return line.add("journal", "stopped");
  line.add_unless(0, "reach", journal.reach().seq);
  std::vector<std::int64_t> numbers;
  for (const Journal::Missed& frame : journal.missed(journal.reach(), {})) {
    numbers.push_back(frame.seq);
  }
  line.add_list("frames", ranges_of(numbers));
}

void add_requests(Line& line, const Idempotency& requests) {
  Words words;
  for (const Idempotency::Device& device : requests.all()) {
    const std::size_t count = device.done.size();
    if (count > 0) words.push_back(word_of(device.id) + ':' + std::to_string(count));
  }
  line.add_list("requests", std::move(words));
}

// Rows

std::string word_of(const RememberedDevice& device, const Names& names) {
  Words more = {std::to_string(device.first_seen)};
  if (device.last_active != device.first_seen) more[0] += '-' + std::to_string(device.last_active);
  if (!device.name.empty()) more.push_back("name=" + word_of(device.name));
  Words credentials;
  for (const std::uint64_t id : device.credential_ids) credentials.push_back(name_of(id, names));
  if (!credentials.empty()) more.push_back("credentials=" + joined(credentials, "+"));
  return word_of(device.id) + '(' + joined(more, ", ") + ')';
}

void add_extension(Line& line, const Snapshot& row, const Names& names) {
  if (row.extension.empty()) return;
  ByteReader reader(row.extension);
  Journal journal;
  Idempotency requests;
  RememberedDevices remembered;
  const bool is_known = reader.u8() == kExtensionVersion;
  // The fingerprint says nothing new: the games are in the line.
  reader.i64();
  const bool is_whole = reader.flag();
  const TimeMs v2_seen_at = reader.safe_integer();
  const bool is_read = journal.restore(reader) && requests.restore(Idempotency::kRow, reader) &&
                       remembered.restore(reader) && reader.finished();
  if (!is_known || !is_read) return line.add("extension", word_of(row.extension));
  line.add("count", is_whole ? "whole" : "partial");
  add_journal(line, journal);
  line.add_unless(row.last_active, "v2Seen", v2_seen_at);
  add_requests(line, requests);
  Words devices;
  for (const RememberedDevice& device : remembered.all()) devices.push_back(word_of(device, names));
  line.add_list("devices", std::move(devices));
}

// Attachments

void add_shared(Line& line, const Attachment& attachment, const Names& names) {
  if (attachment.shared.empty()) return;
  ByteReader reader(attachment.shared);
  Journal journal;
  Idempotency requests;
  const TimeMs v2_seen_at = reader.safe_integer();
  Words missing;
  for (std::uint32_t left = reader.count(2 * sizeof(std::int64_t)); left > 0; --left) {
    const std::string device = name_of(static_cast<std::uint64_t>(reader.i64()), names);
    missing.push_back(device + '(' + std::to_string(reader.safe_integer()) + ')');
  }
  const bool is_read = journal.restore(reader) && requests.restore(attachment.device_id, reader) &&
                       reader.finished();
  if (!is_read) return line.add("shared", word_of(attachment.shared));
  add_journal(line, journal);
  line.add_unless(attachment.last_active, "v2Seen", v2_seen_at);
  add_requests(line, requests);
  line.add_list("missing", std::move(missing));
}

// This cuts the counts out of an attachment's bytes, because they would change every line.
std::string without_counts(std::string_view bytes, const Attachment& attachment) {
  const std::size_t at =
      kAttachmentHeaderBytes + attachment.device_id.size() + (2 * sizeof(TimeMs));
  ByteReader reader(bytes.substr(at));
  Metrics::read_from(reader);
  return std::string(bytes).erase(at, reader.position());
}

// Kept pushes

std::string word_of(const KeptPush& push) {
  Words more;
  if (push.position.epoch != 0) {
    more.push_back(std::to_string(push.position.epoch) + '.' + std::to_string(push.position.seq));
  }
  more.push_back("until=" + std::to_string(push.expires_at));
  return std::to_string(push.number) + '(' + joined(more, ", ") + ')';
}

// This reads what KeptPushes tells only of devices whose names the caller knows.
Words given_words(std::string_view bytes, const Names& names) {
  constexpr std::size_t kNumberBytes = sizeof(std::int64_t);
  ByteReader reader(bytes);
  reader.u8();
  reader.safe_integer();
  for (std::uint32_t left = reader.count(kNumberBytes); left > 0; --left) {
    for (int i = 0; i < 4; ++i) reader.safe_integer();
    reader.text();
  }
  Words words;
  for (std::uint32_t left = reader.count(kNumberBytes); left > 0; --left) {
    std::string word = name_of(static_cast<std::uint64_t>(reader.i64()), names);
    word += '(' + std::to_string(reader.safe_integer());
    word += ", epoch=" + std::to_string(reader.safe_integer());
    const std::int64_t before = reader.safe_integer();
    if (before != 0) word += ", before=" + std::to_string(before);
    words.push_back(word + ')');
  }
  return words;
}

}  // namespace

std::string decoded_row(std::string_view bytes, const Names& names) {
  const auto row = decode_snapshot(bytes);
  if (!row) return undecoded(bytes);
  Words games;
  for (const std::string& game : row->active_games) games.push_back(word_of(game));
  Line line;
  line.add("games", list_of(std::move(games)));
  line.add("lastActive", row->last_active);
  line.add_unless(0, "logout", row->logout_at_s);
  add_extension(line, *row, names);
  return line.of(bytes);
}

std::string decoded_logout(std::string_view bytes, const Names& names) {
  const auto logout = decode_logout(bytes);
  if (!logout) return undecoded(bytes);
  Words ended;
  for (const std::uint64_t id : logout->credential_ids) ended.push_back(name_of(id, names));
  Line line;
  line.add("second", logout->at_s);
  line.add_list("ended", std::move(ended));
  return line.of(bytes);
}

std::string decoded_kept(std::string_view bytes, const Names& names) {
  KeptPushes kept;
  if (!kept.restore(bytes)) return undecoded(bytes);
  Words pushes;
  for (const KeptPush& push : kept.all()) pushes.push_back(word_of(push));
  Line line;
  line.add("pushes", list_of(std::move(pushes)));
  line.add_list("given", given_words(bytes, names));
  line.add_unless(0, "pushIds", static_cast<std::int64_t>(kept.push_id_count()));
  return line.of(bytes);
}

std::string decoded_attachment(std::string_view bytes, const Names& names) {
  const auto attachment = decode_attachment(bytes);
  if (!attachment) return undecoded(bytes);
  const Credential& credential = attachment->credential;
  Line line;
  line.add("order", attachment->order);
  line.add("lastActive", attachment->last_active);
  line.add_presence("presence", attachment->presence);
  line.add("device", word_of(attachment->device_id));
  if (!attachment->tab_id.empty()) line.add("tab", word_of(attachment->tab_id));
  if (attachment->version == ProtocolVersion::kVersion2) line.add("version", 2);
  line.add_presence("devicePresence", attachment->device_presence);
  line.add_unless(Credential::kTrusted, "issued", credential.issued_at_s);
  line.add_unless(0, "expires", credential.expires_at);
  if (credential.id != 0) line.add("credential", name_of(credential.id, names));
  line.add_unless(attachment->last_active, "attached", attachment->attached_at);
  line.add_unless(attachment->attached_at, "connected", attachment->connected_at);
  line.add_unless(attachment->attached_at, "seen", attachment->seen_at);
  add_shared(line, *attachment, names);
  return line.of(without_counts(bytes, *attachment));
}

}  // namespace user_session
