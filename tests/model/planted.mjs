/** Stories of tests/scenarios, each with one thing changed that the core must not do, and where that is refused. */

/**
 * @typedef {object} Planted
 * @property {string} what What the core does in the changed story.
 * @property {string} file
 * @property {string | RegExp} from The first place like this is changed.
 * @property {string} to
 * @property {string} why Where and why the models refuse it.
 */

/** @type {Planted[]} */
export const PLANTED = [
  {
    what: "brings one frame less",
    file: "resume.txt",
    from: /(?<="type":"initial_state".*\n {2}send 2 \{"type":"game_left".*\n) {2}send 2 \{"type":"event".*\n/,
    to: "",
    why: "places, line 37: outcome",
  },
  {
    what: "brings frames out of order",
    file: "resume.txt",
    from: /( {2}send 2 \{"type":"game_left".*\n)( {2}send 2 \{"type":"event".*\n)/,
    to: "$2$1",
    why: "places, line 37: outcome",
  },
  {
    what: "sends a frame to one device less",
    file: "devices.txt",
    from: /(?<=\n {2}send 1 \{"type":"device_updated".*"name":"Work".*\n) {2}send 2 .*\n/,
    to: "",
    why: "places, line 33: outcome",
  },
  {
    what: "leaves the epoch out of its first frame",
    file: "epochs.txt",
    from: /(?<=\{"type":"device_connected".*),"epoch":\d+/,
    to: "",
    why: "places, line 10: outcome",
  },
  {
    what: "begins an epoch that its row leaves out",
    file: "epochs.txt",
    from: /(?<=\n {2}store .*) open=\d+/,
    to: "",
    why: "places, line 10: outcome",
  },
  {
    what: "begins an epoch without a row",
    file: "requests.txt",
    from: / {2}store .* open=.*\n/,
    to: "",
    why: "places, line 10: outcome",
  },
  {
    what: "forgets an epoch as the last device leaves",
    file: "epochs.txt",
    from: /(?<=\n {2}store .*), 4096001767\.3/,
    to: "",
    why: "places, line 23: outcome",
  },
  {
    what: "knows an epoch too long",
    file: "epochs.txt",
    from: /(?<=since=\^{17}\.3\n(?: .*\n)*.*)"reset":true,/,
    to: "",
    why: "places, line 87: outcome",
  },
  {
    what: "resets a device that could be brought all",
    file: "epochs-of-pushes.txt",
    from: /(?<=since=\^\.22\n(?: .*\n)*.*),"seq":23/,
    to: ',"reset":true,"seq":23',
    why: "places, line 56: outcome",
  },
  {
    what: "calls a place of before a crash exact",
    file: "crash.txt",
    from: '"reset":true,',
    to: "",
    why: "places, line 20: outcome",
  },
  {
    what: "calls a place of an undone history exact",
    file: "restored-backup.txt",
    from: '"reset":true,',
    to: "",
    why: "places, line 66: outcome",
  },
  {
    what: "calls a place of before a clear exact",
    file: "clear-places.txt",
    from: '"reset":true,',
    to: "",
    why: "places, line 36: outcome",
  },
  {
    what: "calls a place exact after frames that nobody has counted",
    file: "uncounted.txt",
    from: '"reset":true,',
    to: "",
    why: "places, line 42: outcome",
  },
  {
    what: "does a request twice",
    file: "requests-again.txt",
    from: ',"repeated":true',
    to: "",
    why: "requests, line 39: outcome",
  },
  {
    what: "acknowledges a request of which nobody knows",
    file: "requests-after-crash.txt",
    from: /\{"type":"error","code":"too_old","message":"[^"]*"/,
    to: '{"type":"ack"',
    why: "places, line 44: outcome",
  },
  {
    what: "acknowledges a request of a run that is forgotten",
    file: "requests-runs.txt",
    from: /\{"type":"error","code":"too_old","message":"[^"]*"/,
    to: '{"type":"ack","repeated":true',
    why: "requests, line 55: outcome",
  },
  {
    what: "leaves a request out of the row that the last device leaves",
    file: "requests-after-crash.txt",
    from: /(?<=\n {2}store .*runs=\[laptop-run-000001:1-2\+5)-7(?=\(used)/,
    to: "-6",
    why: "requests, line 81: outcome",
  },
  {
    what: "gives a message another number",
    file: "inbox.txt",
    from: /(?<="inbox":)1000001(?=,"expiresAt")/,
    to: "1000002",
    why: "inbox, line 23: outcome",
  },
  {
    what: "sends a page a message less",
    file: "inbox.txt",
    from: / {2}send 2 \{"type":"push","inbox":1000000.*\n/,
    to: "",
    why: "inbox, line 15: outcome",
  },
  {
    what: "does not say that a message was lost",
    file: "inbox-ends.txt",
    from: ',"lost":true',
    to: "",
    why: "inbox, line 64: outcome",
  },
];
