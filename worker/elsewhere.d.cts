/** The types that a CommonJS module may import by `import type`; whatever has a value throws there. */
export type * from "./package.js" with { "resolution-mode": "import" };
