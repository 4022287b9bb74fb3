// A session in small, for the tests of the sequence: connections, the sequence, its row and the
// carrier's attachment. Each step stores and attaches what commit.cpp would.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "format/bytes.h"
#include "limits.h"
#include "state/connections.h"
#include "state/sequence.h"

namespace user_session {

class World {
 public:
  World() { sequence.seed(seed_); }

  // Each is one step.
  Position connect(ConnectionId id, ProtocolVersion version = ProtocolVersion::kVersion2) {
    const bool was_anyone_here = connections.count() > 0;
    connections.open(id, std::to_string(id), version);
    if (version == ProtocolVersion::kVersion2) {
      sequence.note_connected(now);
      sequence.note_told();
    }
    finish(was_anyone_here);
    return sequence.head();
  }
  void leave(ConnectionId id) {
    if (connections[id].version == ProtocolVersion::kVersion2) {
      sequence.note_gone(std::to_string(id), now);
    }
    connections.close(id);
    finish(true);
  }
  // Returns the frame as version 2 gets it.
  std::string send(std::string_view type) {
    const bool is_anyone_here = connections.count() > 0;
    std::string frame = R"({"type":")" + std::string(type) + R"("})";
    sequence.count_frame(frame, now, connections);
    if (connections.v2_count() > 0) sequence.stamp(frame);
    finish(is_anyone_here);
    return frame;
  }
  void ask() {
    sequence.note_request(now);
    finish(true);
  }
  void clear() {
    const bool is_anyone_here = connections.count() > 0;
    sequence.clear(now, connections);
    finish(is_anyone_here);
  }
  // A new instance with the sockets that were open. Returns true if an epoch was cut short.
  bool sleep() { return wake(connections.count() > 0); }
  // The carrier's attachment can't be read, or all sockets are gone.
  bool lose_attachment() { return wake(false); }
  bool crash() {
    connections = Connections();
    return wake(false);
  }

  // What a device with this place is brought, or "reset".
  std::vector<std::string> brought(Position since) {
    if (!sequence.reaches(since)) return {"reset"};
    std::vector<std::string> lines;
    for (const Journal::Missed& one : sequence.journal().missed(since.seq, {})) {
      lines.push_back(std::to_string(one.seq) + ' ' + one.frame);
    }
    return lines;
  }

  Sequence sequence;
  Connections connections;
  TimeMs now = 1'000'000;
  int rows = 0;
  std::string row;

 private:
  void finish(bool was_anyone_here) {
    if (connections.v2_count() > 0) sequence.note_seen(now);
    sequence.finish_step(connections.count() > 0, was_anyone_here);
    if (sequence.is_unstored()) {
      row.clear();
      sequence.encode_row(row);
      sequence.note_stored();
      ++rows;
    }
    if (connections.count() == 0) return;
    attachment_.clear();
    sequence.encode_attached(now, kJournalAttachedBytesMax, attachment_);
    sequence.note_attached();
  }
  bool wake(bool is_carried) {
    sequence = Sequence();
    sequence.seed(++seed_);
    if (!row.empty()) {
      ByteReader reader(row);
      EXPECT_TRUE(sequence.restore_row(reader) && reader.finished());
    }
    if (is_carried) {
      ByteReader reader(attachment_);
      EXPECT_TRUE(sequence.restore_attached(reader) && reader.finished());
    }
    const bool is_cut_short = sequence.finish_restoring(is_carried);
    finish(false);
    return is_cut_short;
  }

  std::int64_t seed_ = 0;
  std::string attachment_;
};

}  // namespace user_session
