/** Numbers that others give: apps by options, servers by frames. */
import { type SaidOnce, shown, warn } from "./say.js";

/** What a number may be, both ends included, and what it is if none was given. */
export interface NumberRule {
  readonly usual: number;
  readonly least: number;
  readonly most: number;
}

/**
 * The number that an option gives. What is no finite number is the usual one, and what is out of
 * range is the nearest that is not; both are said in the console.
 * @param name The option's.
 * @param given `undefined` if it was left out.
 */
export function numberOption(name: string, given: unknown, { usual, least, most }: NumberRule): number {
  if (given === undefined) return usual;
  const isNumber = typeof given === "number" && Number.isFinite(given);
  const taken = isNumber ? Math.min(Math.max(given, least), most) : usual;
  if (taken !== given) {
    warn(`the option ${name} is ${shown(given)}: expected a number from ${least} to ${most}; ${taken} is used`);
  }
  return taken;
}

/**
 * The number that a frame gives: the usual one for what is no positive number, the nearest in range
 * for what is out of it. Either is said once in the console.
 * @param name The field's.
 */
export function numberOfServer(name: string, given: unknown, rule: NumberRule, said: SaidOnce): number {
  const { usual, least, most } = rule;
  const isUsable = typeof given === "number" && given > 0;
  const taken = isUsable ? Math.min(Math.max(given, least), most) : usual;
  if (taken !== given) {
    const expected = `expected a number from ${least} to ${most}`;
    said.warn(name, `the server's ${name} is ${shown(given)}: ${expected}; ${taken} is used`);
  }
  return taken;
}
