#include "v2_truth.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "checks.h"
#include "limits.h"

namespace user_session {

std::string Truth::change_game(bool is_joined, const std::string& game) {
  const bool is_known = std::find(games.begin(), games.end(), game) != games.end();
  if (is_joined && is_known) return "";
  if (is_joined) games.push_back(game);
  if (!is_joined) std::erase(games, game);
  return std::string(R"({"type":"game_)") + (is_joined ? "joined" : "left") + R"(","gameId":)" +
         nlohmann::json(game).dump() + ",\"activeGames\":" + nlohmann::json(games).dump() + '}';
}

void Truth::expire(TimeMs now) {
  for (Mail& mail : inbox) mail.is_doubtful = mail.is_doubtful || mail.expires_at <= now;
}

void Truth::add_message(const Mail& added, std::int64_t dropped, TimeMs now) {
  std::erase_if(inbox, [&](const Mail& mail) { return mail.expires_at <= now; });
  std::size_t bytes = added.body.size();
  for (const Mail& mail : inbox) bytes += mail.body.size();
  const bool is_full = inbox.size() >= kMessagesMax || bytes > kMessagesBytesMax;
  require(dropped == 0 || is_full, "inbox-complete: a message is dropped only for want of room");
  const bool is_any_doubtful =
      std::any_of(inbox.begin(), inbox.end(), [](const Mail& mail) { return mail.is_doubtful; });
  if (dropped > 0 && is_any_doubtful) {
    // Nobody can say which are the oldest.
    is_lost_sure = false;
    for (Mail& mail : inbox) mail.is_doubtful = true;
  } else {
    for (std::int64_t left = dropped; left > 0; --left) {
      require(!inbox.empty(), "inbox-complete: what is dropped was there");
      lost = inbox.front().number;
      inbox.erase(inbox.begin());
    }
  }
  inbox.push_back(added);
  last = added.number;
}

void Truth::clear() {
  games.clear();
  inbox.clear();
  values.clear();
  for (auto& [id, name] : devices) name.clear();
  read = last;
  lost = 0;
  is_lost_sure = true;
}

void Truth::check_unread(std::int64_t unread, TimeMs now) const {
  std::int64_t least = 0;
  std::int64_t most = 0;
  for (const Mail& mail : inbox) {
    if (mail.number <= read || mail.expires_at <= now) continue;
    ++most;
    if (!mail.is_doubtful) ++least;
  }
  require(unread >= least && unread <= most, "inbox-complete: unread is right",
          std::to_string(unread));
}

bool Truth::knows_push(const std::string& id) const {
  return std::find(push_ids.begin(), push_ids.end(), id) != push_ids.end();
}

void Truth::remember_push(const std::string& id) {
  push_ids.push_back(id);
  if (push_ids.size() > kPushIdsMax) push_ids.erase(push_ids.begin());
}

}  // namespace user_session
