/** A page that has workers, and asks each of them what a test wants to know. */

/** @type {Map<string, {post: (data: unknown) => void}>} */
const workers = new Map();
/** @type {Map<number, (value: unknown) => void>} */
const asked = new Map();

/** @param {{data: {id: number, value: unknown}}} event */
const answered = ({ data: { id, value } }) => asked.get(id)?.(value);

Object.assign(globalThis, {
  /** @param {"dedicated" | "shared" | "service"} kind @param {string} name @param {string} address */
  async startWorker(kind, name, address) {
    if (kind === "dedicated") {
      const worker = new Worker(address, { type: "module" });
      worker.onmessage = answered;
      workers.set(name, { post: (data) => worker.postMessage(data) });
    } else if (kind === "shared") {
      const { port } = new SharedWorker(address, { type: "module" });
      port.onmessage = answered;
      workers.set(name, { post: (data) => port.postMessage(data) });
    } else {
      navigator.serviceWorker.onmessage = answered;
      await navigator.serviceWorker.register(address, { type: "module", scope: "/" });
      const { active } = await navigator.serviceWorker.ready;
      workers.set(name, { post: (data) => active?.postMessage(data) });
    }
  },
  /** @param {string} name @param {string} action @param {unknown} data */
  askWorker(name, action, data) {
    const id = asked.size;
    return new Promise((resolve) => {
      asked.set(id, resolve);
      workers.get(name)?.post({ id, action, data });
    });
  },
});
