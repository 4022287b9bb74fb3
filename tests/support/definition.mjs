/** The same messages, defined by each of three libraries, as a page and a Worker import them. */
import { type as ark } from "arktype";
import * as v from "valibot";
import { z } from "zod";

import { defineSession, type } from "../../client/dist/session.js";

/**
 * A move on a board, by each library: two squares, a list of named pieces, and a date that the schema makes of a text.
 */
export const MOVES = {
  Zod: z.object({
    from: z.string().regex(/^[a-h][1-8]$/),
    pieces: z.array(z.object({ name: z.string() })).optional(),
    at: z.string().transform((text) => new Date(text)).optional(),
  }),
  Valibot: v.object({
    from: v.pipe(v.string(), v.regex(/^[a-h][1-8]$/)),
    pieces: v.optional(v.array(v.object({ name: v.string() }))),
    at: v.optional(v.pipe(v.string(), v.transform((text) => new Date(text)))),
  }),
  ArkType: ark({
    from: /^[a-h][1-8]$/,
    "pieces?": ark({ name: "string" }).array(),
    "at?": ark("string").pipe((text) => new Date(text)),
  }),
};

export const session = defineSession({
  events: {
    move: MOVES.Zod,
    step: MOVES.Valibot,
    jump: MOVES.ArkType,
    wave: z.null(),
    "half \ufffd": z.number(),
    halved: z.literal("half \ufffd"),
    ["__proto__"]: z.number(),
    anything: /** @type {ReturnType<typeof type<{at: number}>>} */ (type()),
    late: z.string().refine(async (text) => text !== "no"),
    broken: z.string().transform(() => {
      throw new Error("a mistake in the app");
    }),
    snapped: v.pipe(v.string(), v.transform(() => {
      throw new Error("another mistake in the app");
    })),
  },
  values: { theme: z.enum(["light", "dark"]) },
  pushes: { invitation: z.object({ from: z.string() }), note: v.object({ text: v.string() }), alone: z.strictObject({}) },
});
