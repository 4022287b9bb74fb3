/** What React Native and its usual packages bring, as much of each as the client uses. */

/** `AsyncStorage`: it answers by promises, after a turn. @param {Map<string, string>} [map] */
export function asyncStorage(map = new Map()) {
  return {
    map,
    getItem: async (/** @type {string} */ key) => {
      await new Promise((resolve) => setImmediate(resolve));
      return map.get(key) ?? null;
    },
    setItem: async (/** @type {string} */ key, /** @type {string} */ value) => void map.set(key, value),
  };
}

/** `AppState`, which a test moves. @param {string} [first] */
export function appStateOf(first = "active") {
  /** @type {Set<(state: string) => void>} */
  const listeners = new Set();
  return {
    currentState: first,
    listeners,
    addEventListener(/** @type {"change"} */ _type, /** @type {(state: string) => void} */ listener) {
      listeners.add(listener);
      return { remove: () => void listeners.delete(listener) };
    },
    /** @param {string} state */
    move(state) {
      this.currentState = state;
      for (const listener of [...listeners]) listener(state);
    },
  };
}

/** `NetInfo`, which a test moves. */
export function netInfo() {
  /** @type {Set<(state: {isConnected: boolean | null}) => void>} */
  const listeners = new Set();
  return {
    listeners,
    addEventListener(/** @type {(state: {isConnected: boolean | null}) => void} */ listener) {
      listeners.add(listener);
      listener({ isConnected: null });
      return () => void listeners.delete(listener);
    },
    /** @param {boolean} isConnected */
    move(isConnected) {
      for (const listener of [...listeners]) listener({ isConnected });
    },
  };
}
