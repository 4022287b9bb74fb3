/** Numbers that others give: apps by options, servers by frames. */
import { type WarnOnce, shown, warn } from "./warnings.js";

/** The range of a number, both ends included, and its default. */
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
export function numberOption(name: string, given: unknown, rule: NumberRule): number {
  if (given === undefined) return rule.usual;
  return inRange(`the option ${name}`, given, Number.isFinite(given), rule, warn);
}

/**
 * The number that a frame gives: the usual one for what is no positive number, the nearest in range
 * for what is out of it. Either is said once in the console.
 * @param name The field's.
 */
export function numberOfServer(name: string, given: unknown, rule: NumberRule, warnings: WarnOnce): number {
  const isUsable = typeof given === "number" && given > 0;
  return inRange(`the server's ${name}`, given, isUsable, rule, (text) => warnings.warn(name, text));
}

/** @param isUsable Whether it is a number to begin with. @param say Is told if another one is taken. */
function inRange(what: string, given: unknown, isUsable: boolean, rule: NumberRule, say: (text: string) => void): number {
  const { usual, least, most } = rule;
  const taken = isUsable ? Math.min(Math.max(Number(given), least), most) : usual;
  if (taken !== given) say(`${what} is ${shown(given)}: expected a number from ${least} to ${most}; ${taken} is used`);
  return taken;
}
