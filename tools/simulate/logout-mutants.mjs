/**
 * The mutants of logouts, in the module: whom one ends, whom it spares, and what it leaves behind. They are built with
 * those of module-mutants.mjs.
 */

/** @import { Mutant } from "./mutant-table.mjs" */

/** @type {Mutant[]} */
export const LOGOUT_MUTANTS = [
  {
    name: "a logout of others spares whoever calls himself by the asker's device",
    file: "src/handlers/logout.cpp",
    from: "return connection.credential.is_trusted() ? !is_askers",
    to: "return WRONG && connection.device_id == ending.asking_device ? false : connection.credential.is_trusted() ? !is_askers",
    caughtBy: "silence-after-logout",
    seeds: 50,
  },
  {
    name: "a logout of others ends those alone whom the server remembers",
    file: "src/handlers/logout.cpp",
    from: "      // A session is spared with all",
    to: `      if (WRONG) {
        const Digest spared = ending.id.empty() ? ending.asker.sign_in : id;
        const auto end_other = [&](const Credential& other) {
          if (other.is_trusted() || other.has_id(spared)) return;
          access.end(other.sign_in, access.issued_until(other, step.now));
        };
        for (const RememberedDevice& device : user_.devices.all()) {
          for (const Credential& other : device.credentials) end_other(other);
        }
        user_.connections.each(
            [&](ConnectionId /*id*/, const Connection& connection) { end_other(connection.credential); });
        return;
      }
      // A session is spared with all`,
    caughtBy: "silence-after-logout",
    seeds: 5,
  },
  {
    name: "a logout of others is forgotten with the next one",
    file: "src/state/access.cpp",
    from: "if (spared != logout_.spared) end_until(logout_.others_at_s);",
    to: "if (spared != logout_.spared && !WRONG) end_until(logout_.others_at_s);\n  if (WRONG) logout_.others_at_s = 0;",
    caughtBy: "silence-after-logout",
    seeds: 100,
  },
  {
    name: "a single credential that was ended is forgotten for a newer one",
    file: "src/state/access.cpp",
    from: "    end_until(lowest->issued_until_s);",
    to: "    if (!WRONG) end_until(lowest->issued_until_s);",
    caughtBy: "silence-after-logout",
    seeds: 100,
  },
  {
    name: "a logout does not reach what was shown ahead of the server's clock",
    file: "src/state/access.cpp",
    from: "return std::max(now / kMsPerSecond, logout_.shown_at_s);",
    to: "return WRONG ? now / kMsPerSecond : std::max(now / kMsPerSecond, logout_.shown_at_s);",
    caughtBy: "silence-after-logout",
    seeds: 5,
  },
  {
    name: "only memory knows what was shown ahead of the server's clock",
    file: "src/state/access.cpp",
    from: "if (credential.issued_at_s > now / kMsPerSecond) is_unstored_ = true;",
    to: "if (credential.issued_at_s > now / kMsPerSecond && !WRONG) is_unstored_ = true;",
    caughtBy: "silence-after-logout",
    seeds: 800,
  },
  {
    name: "a logout of others spares the asker's token without its session",
    file: "src/handlers/logout.cpp",
    from: "return access.end_others(named == nullptr ? id : access.id_to_spare(*named), step.now);",
    to: "return access.end_others(named == nullptr ? id : WRONG ? named->token : access.id_to_spare(*named), step.now);",
    caughtBy: "spared-stays",
    seeds: 600,
  },
  {
    name: "a logout of a device closes its sockets and ends no credential",
    file: "src/handlers/logout.cpp",
    from: "    if (!credential->is_sign_in_known) step.ended.is_complete = false;",
    to: "    if (WRONG) continue;\n    if (!credential->is_sign_in_known) step.ended.is_complete = false;",
    caughtBy: "silence-after-logout",
    seeds: 5,
  },
  {
    name: "a logout of a device ends the asker's own credential, too",
    file: "src/handlers/logout.cpp",
    from: "if (!ending.asker.is_trusted() && credential->sign_in",
    to: "if (!WRONG && !ending.asker.is_trusted() && credential->sign_in",
    caughtBy: "spared-stays",
    seeds: 50,
  },
  {
    name: "a token that is ended by its own id takes its session along",
    file: "src/handlers/logout.cpp",
    from: "if (access.end(id, last_second_of(id, named, step.now)))",
    to: "if (access.end(WRONG && named != nullptr ? named->sign_in : id, last_second_of(id, named, step.now)))",
    caughtBy: "spared-stays",
    seeds: 100,
  },
  {
    name: "who asks by HTTP is not looked at again",
    file: "src/handlers/state.cpp",
    from: `void Session::on(const StateRequested& event, Step& step) {
  if (const auto turned_away = admit(event.credential, event.now)) {`,
    to: `void Session::on(const StateRequested& event, Step& step) {
  if (const auto turned_away = WRONG ? std::nullopt : admit(event.credential, event.now)) {`,
    caughtBy: "silence-after-logout",
    seeds: 5,
  },
];
