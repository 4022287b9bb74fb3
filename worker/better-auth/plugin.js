/**
 * A plugin of better-auth: a session that better-auth ends is ended in the user's session object, too, with its
 * open sockets. Where better-auth keeps its sessions decides where their ends are seen:
 *
 * - in the database: by the hook that better-auth calls after each deletion that is committed,
 * - in a secondary storage: by the storage's own `delete`, since better-auth calls no hook there.
 *
 * Nothing of better-auth is imported, and nothing of the platform, since better-auth's tools read its
 * configuration in Node.
 */
import { quoted, report, summary } from "../common/log.js";

/** @import { EndableSession, UserSessionPlugin } from "./package.js" */

// Maximum time for which better-auth's answer waits for the session server.
const WAIT_MS = 1_000;

// better-auth ends many sessions of a user one after another. When the first end got no answer, those that follow
// within this time wait for none, or the waits would add up.
const PAUSE_MS = 5_000;

// Adapters take no request without a limit, and the databases' largest number for one is this.
const ALL = 2 ** 31 - 1;

const LATE = Symbol("late");

const NOT_WATCHED =
  "userSessionPlugin: secondaryStorage: expected what the plugin's watch(storage) returns, since better-auth keeps " +
  "its sessions there and tells nobody of their ends";

/**
 * A session as better-auth stores it, by as much as is needed here.
 * @typedef {object} Ended
 * @property {unknown} id
 * @property {unknown} userId
 * @property {unknown} expiresAt
 */

/**
 * The storage as better-auth calls it, by as much as is needed here.
 * @typedef {object} Storage
 * @property {(key: string) => unknown} get
 * @property {(key: string) => unknown} delete
 */

/**
 * The part of better-auth's adapter to its database that is needed here.
 * @typedef {object} Adapter
 * @property {(query: {model: string, limit?: number}) => Promise<any>} findMany
 * @property {(work: (inner: any) => Promise<any>) => Promise<any>} transaction
 */

/**
 * Makes the plugin.
 * @param {(userId: string) => EndableSession} sessionOf Gives the session object of a user.
 * @returns {UserSessionPlugin}
 */
export function userSessionPlugin(sessionOf) {
  if (typeof sessionOf !== "function") {
    throw new TypeError("userSessionPlugin: expected a function that gives the session of a user");
  }
  /** The storages that `watch` has made. @type {WeakSet<object>} */
  const watchedStorages = new WeakSet();
  /** better-auth's context, which it gives before it ends any session. @type {any} */
  let auth;
  let isInDatabase = true;
  const logout = makeLogout(sessionOf);
  /** @param {Ended} session */
  const end = async ({ id, userId, expiresAt }) => {
    // A session that has run out has no rights left to end.
    if (new Date(/** @type {any} */ (expiresAt)).getTime() <= Date.now()) return;
    await auth.runInBackgroundOrAwait(logout(String(userId), String(id)));
  };
  return {
    id: "user-session",
    watch(storage) {
      const endUnlessInDatabase = async (/** @type {Ended} */ session) => {
        if (!isInDatabase) await end(session);
      };
      const watched = watchedStorage(/** @type {any} */ (storage), endUnlessInDatabase);
      watchedStorages.add(watched);
      return /** @type {any} */ (watched);
    },
    init(/** @type {any} */ context) {
      auth = context;
      const { secondaryStorage, session } = context.options;
      // What is preserved in the database is a record; better-auth finds sessions in the storage alone.
      isInDatabase = !secondaryStorage || (session?.storeSessionInDatabase && !session.preserveSessionInDatabase);
      if (!isInDatabase && !watchedStorages.has(secondaryStorage)) throw new TypeError(NOT_WATCHED);
      if (!isInDatabase) return {};
      findAllSessions(context.adapter, new WeakSet());
      return { options: { databaseHooks: { session: { delete: { after: end } } } } };
    },
  };
}

/**
 * Makes the function that ends a session in the session server. Its promise is kept soon and never rejects,
 * whatever the session server does.
 * @param {(userId: string) => EndableSession} sessionOf
 */
function makeLogout(sessionOf) {
  /** The user whose object has not answered last, and until when no answer of it is waited for. */
  let unanswered = { userId: "", until: 0 };
  return async (/** @type {string} */ userId, /** @type {string} */ id) => {
    const isPaused = unanswered.userId === userId && Date.now() < unanswered.until;
    const late = lateness(isPaused ? 0 : WAIT_MS);
    try {
      const ending = sessionOf(userId).logoutCredential(id);
      const answer = /** @type {any} */ (await Promise.race([ending, late.promise]));
      if (answer === LATE && !isPaused) unanswered = { userId, until: Date.now() + PAUSE_MS };
      if (answer === LATE) throw new Error("the session server did not answer in time");
      if (answer?.error) throw new Error(answer.error.message);
    } catch (error) {
      const [user, session] = [quoted(userId), quoted(id)];
      report(
        `user ${user}: the session ${session} was ended by better-auth, but its sockets may still be open: ${summary(error)}`,
      );
    } finally {
      late.cancel();
    }
  };
}

/** @param {number} ms After so many milliseconds the promise gives `LATE`. */
function lateness(ms) {
  /** @type {any} */
  let timer;
  const promise = new Promise((resolve) => {
    timer = setTimeout(() => resolve(LATE), ms);
  });
  return { promise, cancel: () => clearTimeout(timer) };
}

/**
 * Makes a storage that tells which sessions are deleted. All else is the storage's own.
 * @param {Storage} storage
 * @param {(session: Ended) => Promise<void>} end
 * @returns {Storage}
 */
function watchedStorage(storage, end) {
  /** @param {string} key */
  const watchedDelete = async (key) => {
    const session = await sessionAt(storage, key);
    const result = await storage.delete(key);
    if (session) await end(session);
    return result;
  };
  return new Proxy(storage, {
    get(target, name) {
      if (name === "delete") return watchedDelete;
      const value = Reflect.get(target, name, target);
      // A method may use private fields, which a proxy does not have.
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/**
 * Reads the session at a key, which is its token.
 * @param {Storage} storage
 * @param {string} key
 * @returns {Promise<Ended | null>} `null` if there is something else, or nothing.
 */
async function sessionAt(storage, key) {
  try {
    const value = await storage.get(key);
    const { session } = (typeof value === "string" ? JSON.parse(value) : value) ?? {};
    return session?.token === key ? session : null;
  } catch (error) {
    // Other entries of better-auth are no JSON.
    if (!(error instanceof SyntaxError)) report(`a session that ends could not be read: ${summary(error)}`);
    return null;
  }
}

/**
 * Has an adapter find all sessions where better-auth names no limit. It would find the first hundred, delete all,
 * and call its hook for those that were found.
 * @param {Adapter} adapter
 * @param {WeakSet<object>} done The adapters that do so already.
 */
function findAllSessions(adapter, done) {
  if (done.has(adapter)) return adapter;
  done.add(adapter);
  const { findMany, transaction } = adapter;
  adapter.findMany = (query) =>
    findMany(query.model === "session" ? { ...query, limit: query.limit ?? ALL } : query);
  adapter.transaction = (work) => transaction((inner) => work(findAllSessions(inner, done)));
  return adapter;
}
