/**
 * The package's root wherever no Worker runs: in Node, in a page, in a bundle for either. It has the
 * server's names, so that whoever imports one gets as far as the sentence that says what to do.
 */
export const UserSessionDO = undefined;
export const routeUserSession = undefined;
export const userSession = undefined;
export default undefined;

throw new Error(
  "user-session-worker is the session server and runs in Cloudflare Workers (workerd) only: in pages and in Node " +
    "import user-session-worker/client or user-session-worker/react, build a Worker by wrangler, by " +
    '@cloudflare/vite-plugin or by a bundler with the condition "workerd", and test it by @cloudflare/vitest-plugin',
);
