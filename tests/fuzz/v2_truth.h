// What has happened to a user, as one who sees all would tell it: what went to all, which requests
// were done, and what is in the inbox. v2_client.h has what a single device knows of it. A backup
// is a copy of it, beside that of the rows.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "event.h"

namespace user_session {

struct Mail {
  std::int64_t number = 0;
  TimeMs expires_at = 0;
  std::string body;
  // It has expired, and may be there again or not if the clock was set back since.
  bool is_doubtful = false;
};

struct ValueTruth {
  // JSON without a blank.
  std::string text;
  std::int64_t version = 0;

  bool operator==(const ValueTruth&) const = default;
};

struct Truth {
  // News to all in the form of version 2, without numbers.
  std::vector<std::string> all;
  std::vector<std::string> games;

  // How often each request was done, by its id, and the runs that have had one done.
  std::map<std::string, int> done;
  std::set<std::string> runs_done;

  // Messages by number, also those that have expired.
  std::vector<Mail> inbox;
  std::int64_t last = 0;
  std::int64_t read = 0;
  // Highest number that was dropped before it expired, and whether that is sure.
  std::int64_t lost = 0;
  bool is_lost_sure = true;
  std::vector<std::string> push_ids;

  std::map<std::string, ValueTruth> values;
  std::int64_t last_version = 0;

  // Names of the devices that rows remember, by id.
  std::map<std::string, std::string> devices;

  // Changes the games. Returns the frame that tells it; empty if a joined game is there already.
  std::string change_game(bool is_joined, const std::string& game);

  // The time is `now`: what expires by then is doubtful from now on.
  void expire(TimeMs now);
  // Adds a message and drops as many old ones as the server has told.
  void add_message(const Mail& added, std::int64_t dropped, TimeMs now);
  void clear();

  // Requires that a number of unread messages which a device is told is right at `now`.
  void check_unread(std::int64_t unread, TimeMs now) const;

  [[nodiscard]] bool knows_push(const std::string& id) const;
  void remember_push(const std::string& id);
};

}  // namespace user_session
