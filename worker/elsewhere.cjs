/**
 * Stops a program that imports the server where no Worker runs. ES modules and CommonJS both need the
 * sentence, so it is a file of its own, with the syntax of neither.
 */
throw new Error(
  "user-session-worker is the session server and runs in Cloudflare Workers (workerd) only: in pages and in Node " +
    "import user-session-worker/client or user-session-worker/react, build a Worker by wrangler, by " +
    '@cloudflare/vite-plugin or by a bundler with the condition "workerd", and test it by @cloudflare/vitest-plugin',
);
