/** From what is used in a month to what is paid for it. */

/** @import { Meter, Price, Prices } from "./prices.mjs" */

/** Less than any quantity that counts. */
const HAIR = 1e-9;

/** What is used in a month. What is left out is not used. @typedef {Partial<Record<Meter, number>>} Usage */

/**
 * What one quantity comes to.
 * @typedef {object} Line
 * @property {Meter} meter
 * @property {number} used
 * @property {number} dollars What is paid for it if the included amount is all for this.
 * @property {number} listDollars What is paid for it if none is left.
 */

/**
 * @typedef {object} Bill
 * @property {Line[]} lines
 * @property {number} dollars The plan and what goes beyond its included amounts, without logs.
 * @property {number} listDollars The same without plan and included amounts.
 * @property {number} logDollars What the logs add to `dollars`.
 * @property {number} logListDollars What they add to `listDollars`.
 */

/**
 * Works out a month's bill.
 * @param {Usage} usage
 * @param {Prices} prices
 * @returns {Bill}
 */
export function billOf(usage, prices) {
  const meters = /** @type {[Meter, Price][]} */ (Object.entries(prices.meters));
  const lines = meters
    .filter(([meter]) => usage[meter])
    .map(([meter, price]) => lineOf(meter, usage[meter] ?? 0, price));
  /** @param {boolean} isLog @param {"dollars" | "listDollars"} name */
  const sum = (isLog, name) =>
    lines
      .filter(({ meter }) => (prices.meters[meter].isLog ?? false) === isLog)
      .reduce((total, line) => total + line[name], 0);
  return {
    lines,
    dollars: prices.plan + sum(false, "dollars"),
    listDollars: sum(false, "listDollars"),
    logDollars: sum(true, "dollars"),
    logListDollars: sum(true, "listDollars"),
  };
}

/**
 * What goes beyond the included amount, in dollars.
 * @param {number} used
 * @param {Price} price
 * @param {{roundsUp?: boolean}} [options] Whether a started unit is billed whole; by default as the
 *   price has it.
 */
export function dollarsBeyond(used, price, { roundsUp = price.roundsUp ?? false } = {}) {
  const units = Math.max(0, used - price.included) / price.unit;
  // Sums of averages miss a whole number by a hair, which must not start another unit.
  return (roundsUp ? Math.max(0, Math.ceil(units - HAIR)) : units) * price.dollars;
}

/**
 * @param {Meter} meter
 * @param {number} used
 * @param {Price} price
 * @returns {Line}
 */
function lineOf(meter, used, price) {
  const listDollars = (used / price.unit) * price.dollars;
  return { meter, used, dollars: dollarsBeyond(used, price), listDollars };
}
