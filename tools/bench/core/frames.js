/** The frames that are timed one by one. */

// Two of each where one undoes what the other has done.
/** @type {Record<string, string[]>} */
export const FRAMES = {
  event: ['{"type":"broadcast","event":"move","data":{"x":12,"y":34,"piece":"knight"}}'],
  sync: ['{"type":"sync_state"}'],
  "join-leave": [
    '{"type":"join_game","gameId":"chess-4711"}',
    '{"type":"leave_game","gameId":"chess-4711"}',
  ],
  presence: [
    '{"type":"update_presence","presence":"away"}',
    '{"type":"update_presence","presence":"online"}',
  ],
  ping: ['{"type": "ping"}'],
  refused: ['{"type":"nonsense"}'],
};
