import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Device } from "../support/device.mjs";
import { startServer } from "../support/server.mjs";

/** @type {import("../support/server.mjs").Server} */
let server;
before(async () => {
  server = await startServer();
});
after(() => server.close());

test("a join on one device is seen on another, through hibernation", async () => {
  const phone = await Device.connect(server, "smoke", "phone");
  const desktop = await Device.connect(server, "smoke", "desktop");
  phone.send({ type: "join_game", gameId: "chess" });
  await desktop.next();
  assert.deepEqual(await desktop.next(), {
    type: "game_joined",
    gameId: "chess",
    activeGames: ["chess"],
  });
  await server.hibernate("smoke");
  await phone.close();
  const state = await desktop.ask({ type: "sync_state" });
  assert.deepEqual(state.activeGames, ["chess"]);
  await desktop.close();
});
