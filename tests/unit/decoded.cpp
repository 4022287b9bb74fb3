#include "decoded.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "credential.h"
#include "digest.h"
#include "format/attachment.h"
#include "format/bytes.h"
#include "format/snapshot.h"
#include "limits.h"
#include "scenario_text.h"
#include "state/devices.h"
#include "state/journal.h"

namespace user_session {
namespace {

using Words = std::vector<std::string>;

// This is the version that restore.cpp writes in front of the extension.
constexpr std::uint8_t kExtensionVersion = 3;

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

// This falls back on a mark, since no command need have said the name.
std::string name_of(const Digest& digest, const Names& names) {
  const std::string* name = names.find(digest);
  if (name != nullptr) return word_of(*name);
  return hash_mark(std::string_view(digest.data(), digest.size()));
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

  // Bytes of a later release.
  void add_rest(std::string_view rest) {
    if (!rest.empty()) add("rest", word_of(rest));
  }

  // The hash at the end stands for all that the words leave out.
  [[nodiscard]] std::string of(std::string_view bytes) const {
    return joined(words_, " ") + ' ' + hash_mark(bytes);
  }

 private:
  Words words_;
};

std::string undecoded(std::string_view bytes) {
  return ends_of(bytes, true, kTextEnds) + ' ' + hash_mark(bytes);
}

// Parts that the row and the attachments share

// This says nothing of an epoch that is not open, which is the usual case in a row.
void add_open(Line& line, std::int64_t open, bool is_told) {
  line.add_unless(0, "open", open);
  if (!is_told) line.add("place", "untold");
}

// Returns false if what comes next is no journal.
bool add_journal(Line& line, ByteReader& reader) {
  Journal journal;
  if (!journal.restore(reader)) return false;
  line.add("seq", journal.last());
  line.add_unless(journal.last(), "reach", journal.reach());
  std::vector<std::int64_t> numbers;
  for (const Journal::Missed& frame : journal.missed(journal.reach(), {})) {
    numbers.push_back(frame.seq);
  }
  line.add_list("frames", ranges_of(numbers));
  return true;
}

// This reads one run: its name, the numbers that are done, and what is not as usual.
std::string run_word(ByteReader& fields) {
  const std::string name = word_of(fields.text());
  const auto highest = static_cast<std::int64_t>(fields.varint());
  const auto known_from = static_cast<std::int64_t>(fields.varint());
  const bool is_highest_done = fields.flag();
  const auto below = static_cast<std::uint64_t>(fields.i64());
  std::vector<std::int64_t> done;
  for (std::int64_t i = kRunWindow - 1; i >= 0; --i) {
    if ((below >> static_cast<unsigned>(i) & 1) != 0) done.push_back(highest - 1 - i);
  }
  if (is_highest_done) done.push_back(highest);
  Words more;
  if (!is_highest_done) more.push_back("used=" + std::to_string(highest));
  if (known_from != 1) {
    more.push_back(known_from == 0 ? "from=never" : "from=" + std::to_string(known_from));
  }
  std::string word = name + ':' + joined(ranges_of(done), "+");
  return more.empty() ? word : word + '(' + joined(more, ", ") + ')';
}

void add_runs(Line& line, std::string_view bytes) {
  ByteReader reader(bytes);
  Words words;
  for (std::uint32_t left = reader.count(4); left > 0; --left) {
    ByteReader fields(reader.text());
    words.push_back(run_word(fields));
  }
  line.add_list("runs", std::move(words));
}

// Rows

std::string word_of(const RememberedDevice& device, const Names& names) {
  Words more = {std::to_string(device.first_seen)};
  if (device.last_active != device.first_seen) more[0] += '-' + std::to_string(device.last_active);
  if (!device.name.empty()) more.push_back("name=" + word_of(device.name));
  Words credentials;
  for (const Credential& credential : device.credentials) {
    credentials.push_back(name_of(credential.sign_in, names));
  }
  if (!credentials.empty()) more.push_back("credentials=" + joined(credentials, "+"));
  if (device.has_forgotten) more.emplace_back("forgotten");
  return word_of(device.id) + '(' + joined(more, ", ") + ')';
}

// This reads the devices of which a socket has closed and none has opened since.
void add_missing(Line& line, ByteReader& reader, const Names& names) {
  Words missing;
  for (std::uint32_t left = reader.count(sizeof(Digest) + sizeof(TimeMs)); left > 0; --left) {
    const std::string device = name_of(reader.digest(), names);
    missing.push_back(device + '(' + std::to_string(reader.safe_integer()) + ')');
  }
  line.add_list("missing", std::move(missing));
}

// This reads what every row with a part of the sequence begins with.
void add_epochs(Line& line, ByteReader& reader) {
  const std::int64_t open = reader.safe_integer();
  const bool is_told = reader.flag();
  Words epochs;
  ByteReader complete(reader.text());
  while (complete.has_more()) {
    ByteReader fields(complete.text());
    std::string word = std::to_string(fields.safe_integer());
    epochs.push_back(word + '.' + std::to_string(fields.safe_integer()));
  }
  line.add_list("epochs", std::move(epochs));
  add_open(line, open, is_told);
}

// This reads the part of the sequence that a row has. Returns false if it is damaged.
bool add_row_sequence(Line& line, std::string_view bytes, TimeMs last_active, const Names& names) {
  ByteReader reader(bytes);
  add_epochs(line, reader);
  const bool is_journal = add_journal(line, reader);
  line.add_unless(last_active, "v2Seen", reader.safe_integer());
  add_missing(line, reader, names);
  return is_journal && !reader.failed();
}

void add_extension(Line& line, const Snapshot& row, const Names& names) {
  if (row.extension.empty()) return;
  ByteReader reader(row.extension);
  Line words = line;
  bool is_read = reader.u8() == kExtensionVersion &&
                 add_row_sequence(words, reader.text(), row.last_active, names);
  if (is_read) add_runs(words, reader.text());
  ByteReader devices(reader.text());
  RememberedDevices remembered;
  is_read = is_read && remembered.restore(devices) && !reader.failed();
  if (!is_read) return line.add("extension", word_of(row.extension));
  line = words;
  Words list;
  for (const RememberedDevice& device : remembered.all()) list.push_back(word_of(device, names));
  line.add_list("devices", std::move(list));
  line.add_unless(0, "values", static_cast<std::int64_t>(reader.varint()));
  line.add_rest(reader.rest());
}

// Attachments

void add_shared(Line& line, const Attachment& attachment, const Names& names) {
  if (attachment.shared.empty()) return;
  ByteReader shared(attachment.shared);
  ByteReader reader(shared.text());
  const std::int64_t open = reader.safe_integer();
  const bool is_announced = reader.flag();
  const bool is_told = reader.flag();
  const TimeMs v2_seen_at = reader.safe_integer();
  Line words = line;
  add_open(words, open, is_told);
  if (open != 0 && !is_announced) words.add("epoch", "unannounced");
  if (!add_journal(words, reader)) return line.add("shared", word_of(attachment.shared));
  line = words;
  line.add_unless(attachment.last_active, "v2Seen", v2_seen_at);
  add_missing(line, reader, names);
  add_runs(line, shared.text());
  line.add_rest(shared.rest());
}

// This says nothing of a credential without ids, whose second tells it apart.
void add_ids(Line& line, const Credential& credential, const Names& names) {
  if (credential.name.empty()) return;
  line.add("credential", word_of(credential.name));
  if (credential.sign_in != digest_of(credential.name)) {
    line.add("signIn", name_of(credential.sign_in, names));
  }
  if (credential.token != credential.sign_in) line.add("token", name_of(credential.token, names));
  if (credential.is_sign_in_time) line.add("authTime", "yes");
  if (!credential.is_sign_in_known) line.add("renewals", "unknown");
}

// This cuts the counts out of an attachment's bytes, and the length of the part that they are in,
// because they would change every line.
std::string without_counts(std::string_view bytes) {
  constexpr std::size_t kLengthAt = 1;
  constexpr std::size_t kCountsAt = kLengthAt + 4 + (4 * sizeof(TimeMs)) + 1;
  ByteReader reader(bytes.substr(kCountsAt));
  reader.text();
  std::string rest(bytes.substr(0, kLengthAt));
  rest += bytes.substr(kLengthAt + 4, kCountsAt - kLengthAt - 4);
  return rest += bytes.substr(kCountsAt + reader.position());
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
  for (const EndedCredential& credential : logout->ended) {
    ended.push_back(name_of(credential.id, names) + '(' +
                    std::to_string(credential.issued_until_s) + ')');
  }
  Line line;
  line.add("second", logout->at_s);
  line.add_unless(0, "others", logout->others_at_s);
  if (logout->spared != kNoDigest) line.add("spared", name_of(logout->spared, names));
  line.add_unless(0, "shown", logout->shown_at_s);
  line.add_list("ended", std::move(ended));
  return line.of(bytes);
}

std::string decoded_inbox(std::string_view bytes) {
  ByteReader reader(bytes);
  reader.u8();
  Line line;
  line.add("last", reader.safe_integer());
  line.add("read", reader.safe_integer());
  line.add_unless(0, "lost", reader.safe_integer());
  line.add_unless(0, "pushIds", reader.count(sizeof(Digest)));
  return reader.failed() ? undecoded(bytes) : line.of(bytes);
}

std::string decoded_message(std::string_view bytes) {
  ByteReader reader(bytes);
  reader.u8();
  Line line;
  line.add("inbox", reader.safe_integer());
  line.add("until", reader.safe_integer());
  line.add("body", word_of(reader.text()));
  line.add_unless(0, "lost", reader.safe_integer());
  if (reader.flag()) line.add("pushId", "yes");
  return reader.failed() ? undecoded(bytes) : line.of(bytes);
}

std::string decoded_value(std::string_view bytes) {
  ByteReader reader(bytes.substr(2));
  reader.u8();
  const bool is_there = reader.flag();
  const std::int64_t version = reader.safe_integer();
  const std::int64_t seq = reader.safe_integer();
  const std::uint32_t size = reader.u32();
  reader.digest();
  Line line;
  line.add("key", word_of(reader.text()));
  line.add("version", version);
  line.add_unless(0, "seq", seq);
  const std::string_view from = reader.text();
  if (!from.empty()) line.add("from", word_of(from));
  ByteReader head(reader.text());
  const std::string_view run = reader.text();
  const auto number = static_cast<std::int64_t>(reader.varint());
  if (number > 0) line.add("request", word_of(run) + '.' + std::to_string(number));
  if (is_there) line.add("text", word_of(bytes.substr(bytes.size() - size)));
  add_epochs(line, head);
  line.add("last", head.safe_integer());
  line.add_unless(0, "reach", head.safe_integer());
  line.add("v2Seen", head.safe_integer());
  return reader.failed() || head.failed() ? undecoded(bytes) : line.of(bytes);
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
  add_ids(line, credential, names);
  line.add_unless(attachment->last_active, "attached", attachment->attached_at);
  line.add_unless(attachment->attached_at, "connected", attachment->connected_at);
  line.add_unless(attachment->attached_at, "seen", attachment->seen_at);
  if (!attachment->run.empty()) line.add("run", word_of(attachment->run));
  add_shared(line, *attachment, names);
  line.add_rest(attachment->rest);
  return line.of(without_counts(bytes));
}

}  // namespace user_session
