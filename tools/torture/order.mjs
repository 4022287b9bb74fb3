/**
 * Whether there is one order of all that was told to the devices of a user. Each connection has seen
 * a stretch of it without a gap: from when it was let in until it or the server ended.
 */

/**
 * What one connection has seen.
 * @typedef {object} Stretch
 * @property {string} name
 * @property {string[]} history
 * @property {Map<string, number>} events At which place each event stands. No two are the same, so
 *   they tell how stretches lie beside each other.
 */

/**
 * @param {Stretch[]} stretches
 * @returns {{order: string[], unplaced: number, contradictions: string[]}} The order; how many
 *   stretches share no event with the others, so that nothing can be said of them; what contradicts.
 */
export function commonOrder(stretches) {
  /** @type {string[]} */
  const contradictions = [];
  let waiting = stretches.filter(({ history }) => history.length > 0);
  // The longest shares most with the others.
  waiting.sort((a, b) => b.history.length - a.history.length);
  const first = waiting.shift();
  if (!first) return { order: [], unplaced: 0, contradictions };
  let merged = { order: [...first.history], events: new Map(first.events) };
  for (;;) {
    const next = waiting.find(({ events }) => offsetIn(merged.events, events) !== null);
    if (!next) return { order: merged.order, unplaced: waiting.length, contradictions };
    waiting = waiting.filter((one) => one !== next);
    const offset = Number(offsetIn(merged.events, next.events));
    const contradiction = compare(merged, next, offset);
    if (contradiction) contradictions.push(contradiction);
    else merged = merge(merged, next, offset);
  }
}

/**
 * @param {Map<string, number>} places
 * @param {Map<string, number>} others
 * @returns {number | null} Where the others' first frame lies, if they have an event in common.
 */
function offsetIn(places, others) {
  for (const [event, at] of others) {
    const place = places.get(event);
    if (place !== undefined) return place - at;
  }
  return null;
}

/**
 * @param {{order: string[], events: Map<string, number>}} merged
 * @param {Stretch} stretch
 * @param {number} offset
 */
function compare({ order, events: places }, { name, history, events }, offset) {
  const from = Math.max(0, -offset);
  const to = Math.min(history.length, order.length - offset);
  for (let at = from; at < to; at++) {
    if (history[at] === order[at + offset]) continue;
    return `${name} saw ${history[at]} as frame ${at + 1}, where others saw ${order[at + offset]}`;
  }
  for (const [event, at] of events) {
    const place = places.get(event) ?? at + offset;
    if (place !== at + offset) return `${name} saw event ${event} at another place than others`;
  }
  return null;
}

/**
 * @param {{order: string[], events: Map<string, number>}} merged
 * @param {Stretch} stretch
 * @param {number} offset
 */
function merge({ order, events }, stretch, offset) {
  const ahead = Math.max(0, -offset);
  const rest = Math.max(0, order.length - offset);
  const shifted = [...events].map(([event, at]) => /** @type {const} */ ([event, at + ahead]));
  const added = [...stretch.events].map(([event, at]) => /** @type {const} */ ([event, at + offset + ahead]));
  return {
    order: [...stretch.history.slice(0, ahead), ...order, ...stretch.history.slice(rest)],
    events: new Map([...shifted, ...added]),
  };
}
