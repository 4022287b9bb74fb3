/** The session server and nothing else: the class of its objects, and the Worker that routes to them. */
export { UserSessionDO, default } from "user-session-worker";
