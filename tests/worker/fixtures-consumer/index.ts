/** A Worker of its own that brings the session server in from the package. */
import { UserSessionDO, routeUserSession, userSession } from "user-session-worker";
import type {
  CallError,
  PushOptions,
  PushResult,
  UserDevice,
  UserExport,
  UserMetrics,
  UserSession,
  UserState,
} from "user-session-worker";

import { answers, parts, presences, pushOptions } from "./members";

export { UserSessionDO };

type Call = { method: string; argument?: string | { type: string }; options?: PushOptions };
type Result = UserState | CallError | object;

async function call(session: UserSession, { method, argument = "", options }: Call): Promise<Result> {
  const text = typeof argument === "string" ? argument : JSON.stringify(argument);
  switch (method) {
    case "getState": {
      const state: UserState = await session.getState();
      return state;
    }
    case "clear": {
      const { success }: { success: true } = await session.clear();
      return { success };
    }
    case "push": {
      const answer: PushResult | CallError = await session.push(argument, options);
      return answer;
    }
    case "getDevices": {
      const { devices }: { devices: UserDevice[] } = await session.getDevices();
      return devices.map(({ deviceId, tabs }) => ({ deviceId, tabs }));
    }
    case "logoutDevice": {
      const logout = await session.logoutDevice(text);
      if ("error" in logout) return { error: logout.error };
      const isComplete: false | undefined = logout.complete;
      const { success, ended } = logout;
      return { success, ended, isComplete };
    }
    case "export": {
      const { epoch, devices, inbox }: UserExport = await session.export();
      return { epoch, devices: devices.length, messages: inbox.messages.map(({ body }) => body) };
    }
    case "getMetrics": {
      const { connects, requests }: UserMetrics = await session.getMetrics();
      return { connects, requests };
    }
    case "members":
      return { answers, parts, presences, pushOptions };
    case "joinGame": {
      const joined = await session.joinGame(text);
      if ("error" in joined) return { error: joined.error };
      const games: string[] = joined.activeGames;
      return { activeGames: games };
    }
    case "leaveGame":
      return session.leaveGame(text);
    case "logoutAll":
      return session.logoutAll();
    default:
      throw new Error(`no such method: ${method}`);
  }
}

/** Makes a call as it is named, and gives its answer as it comes. */
async function rawCall(session: UserSession, name: keyof UserSession, given: unknown[]): Promise<Response> {
  const method = session[name] as (...given: unknown[]) => Promise<unknown>;
  return Response.json(await method(...given));
}

/** What a server asks the object for, with nothing of the client's request but its content. */
function ownRequest({ method, headers, body }: Request): RequestInit {
  const names = ["Upgrade", "Sec-WebSocket-Protocol"];
  const own = names.flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value] as [string, string]];
  });
  return { method, body, headers: own };
}

/** Makes each call that comes by a socket on one and the same helper. */
function callsBySocket(session: UserSession): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.addEventListener("message", async ({ data }) => {
    const thrown = (error: unknown) => ({ thrown: String(error) });
    server.send(JSON.stringify(await call(session, JSON.parse(String(data))).catch(thrown)));
  });
  return new Response(null, { status: 101, webSocket: client });
}

export default {
  async fetch(request, env) {
    const answer = await routeUserSession(request, env);
    if (answer) return answer;
    const { pathname, search } = new URL(request.url);
    const [, way, userId = "", ...rest] = pathname.split("/");
    if (way === "calls") return callsBySocket(userSession(env, userId));
    if (way === "raw") {
      return rawCall(userSession(env, userId), rest[0] as keyof UserSession, await request.json<unknown[]>());
    }
    if (way !== "rpc" && way !== "object") return new Response("the consumer's own page");
    if (way === "rpc") {
      const answer = call(userSession(env, userId), await request.json<Call>());
      const thrown = (error: unknown) => Response.json({ thrown: String(error) }, { status: 500 });
      return answer.then((result) => Response.json(result), thrown);
    }
    const session = env.USER_SESSION_DO.get(env.USER_SESSION_DO.idFromName(userId));
    return session.fetch(`https://session/${rest.join("/")}${search}`, ownRequest(request));
  },
} satisfies ExportedHandler<Env>;
