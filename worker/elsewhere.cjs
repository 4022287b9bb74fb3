/**
 * What stops whoever takes the server for something else. It is a file of its own, and neither of ES
 * modules nor of CommonJS, since both have to say it.
 */
throw new Error(
  "user-session-worker is the session server and runs in Cloudflare Workers (workerd) only: in pages and in Node " +
    "import user-session-worker/client or user-session-worker/react, build a Worker by wrangler, by " +
    '@cloudflare/vite-plugin or by a bundler with the condition "workerd", and test it by @cloudflare/vitest-plugin',
);
