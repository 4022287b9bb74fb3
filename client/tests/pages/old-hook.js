/**
 * The hook that is in production, as the server and its users know it, with all that it does wrong:
 * what the new one is compared with.
 */
import { useCallback, useEffect, useRef, useState } from "react";

const PING_MS = 30_000;
const RETRIES = 10;
const RETRY_MS_MAX = 30_000;

/** @param {any} options */
export function useUserSession(options) {
  const { userId, enabled = true, onGameJoined, onGameLeft, onLoggedOut, onPresenceChanged } = options;
  const [state, setState] = useState(/** @type {any} */ (null));
  const [isConnected, setIsConnected] = useState(false);
  const [isLoading, setIsLoading] = useState(true);
  const [error, setError] = useState(/** @type {string | null} */ (null));
  const socketRef = useRef(/** @type {WebSocket | null} */ (null));
  const retryRef = useRef(/** @type {any} */ (null));
  const retriesRef = useRef(0);
  const deviceIdRef = useRef(`${navigator.userAgent.slice(0, 20)}-${Date.now()}`);

  const receive = useCallback(
    (/** @type {any} */ frame) => {
      take(frame, { setState, setIsLoading, setError, onGameJoined, onGameLeft, onPresenceChanged });
    },
    [onGameJoined, onGameLeft, onPresenceChanged],
  );

  const connect = useCallback(() => {
    if (!userId || !enabled || Number(socketRef.current?.readyState ?? 3) <= WebSocket.OPEN) return;
    const query = `userId=${userId}&deviceId=${deviceIdRef.current}`;
    const socket = new WebSocket(`ws://${location.host}/__user-session?${query}`);
    socketRef.current = socket;
    socket.onopen = () => {
      retriesRef.current = 0;
      setIsConnected(true);
      setError(null);
    };
    socket.onmessage = ({ data }) => receive(JSON.parse(data));
    socket.onclose = ({ reason }) => {
      setIsConnected(false);
      if (reason === "Logged out from all devices") return onLoggedOut?.();
      if (retriesRef.current >= RETRIES) return undefined;
      retryRef.current = setTimeout(connect, Math.min(1_000 * 2 ** retriesRef.current++, RETRY_MS_MAX));
    };
  }, [userId, enabled, receive, onLoggedOut]);

  useEffect(() => {
    connect();
    const heartbeat = setInterval(() => {
      if (socketRef.current?.readyState === WebSocket.OPEN) socketRef.current.send('{"type":"ping"}');
    }, PING_MS);
    return () => {
      clearInterval(heartbeat);
      clearTimeout(retryRef.current);
      socketRef.current?.close();
    };
  }, [connect]);

  const send = useCallback((/** @type {object} */ message) => {
    if (socketRef.current?.readyState === WebSocket.OPEN) socketRef.current.send(JSON.stringify(message));
    else console.warn("not connected");
  }, []);

  return {
    ...{ state, isConnected, isLoading, error },
    joinGame: useCallback((/** @type {string} */ gameId) => send({ type: "join_game", gameId }), [send]),
    leaveGame: useCallback((/** @type {string} */ gameId) => send({ type: "leave_game", gameId }), [send]),
    logoutAllDevices: useCallback(() => send({ type: "logout_all" }), [send]),
    updatePresence: useCallback((/** @type {string} */ presence) => send({ type: "update_presence", presence }), [send]),
  };
}

/**
 * @param {any} frame
 * @param {any} component What the hook sets and calls.
 */
function take({ type, ...frame }, component) {
  const { setState, setIsLoading, setError, onGameJoined, onGameLeft, onPresenceChanged } = component;
  const merge = (/** @type {object} */ more) => setState((/** @type {any} */ before) => before && { ...before, ...more });
  switch (type) {
    case "initial_state": {
      const { activeGames = [], presence = "online", lastActive } = frame;
      setState({ userId: frame.userId, activeGames, presence, lastActive });
      return setIsLoading(false);
    }
    case "state":
      return merge(frame);
    case "game_joined":
    case "game_left":
      merge({ activeGames: frame.activeGames });
      return (type === "game_joined" ? onGameJoined : onGameLeft)?.(frame.gameId);
    case "presence_updated":
      merge({ presence: frame.presence });
      return onPresenceChanged?.(frame.presence);
    case "error":
      return setError(frame.message);
    case "pong":
      return undefined;
    default:
      return console.warn(`unknown message type ${type}`);
  }
}
