const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/**
 * The value of the member `data` of an object, as it is written in its text: JavaScript's parser
 * keeps the value alone.
 * @param {string} text An object's valid JSON.
 * @returns {string} `null` if there is no such member; of a repeated one it is the last.
 */
export function textOfData(text) {
  let found = "null";
  let depth = 0;
  let name = "";
  let valueStart = -1;
  const endValue = (/** @type {number} */ end) => {
    if (isData(name)) found = text.slice(valueStart, end).trim();
    valueStart = -1;
  };
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = endOfString(text, at);
        if (depth === 1 && valueStart < 0) name = text.slice(at, end + 1);
        at = end;
        break;
      }
      case COLON:
        if (depth === 1) valueStart = at + 1;
        break;
      case COMMA:
        if (depth === 1) endValue(at);
        break;
      case OPENING_BRACKET:
      case OPENING_BRACE:
        depth++;
        break;
      case CLOSING_BRACKET:
      case CLOSING_BRACE:
        if (--depth === 0) endValue(at);
        break;
    }
  }
  return found;
}

/**
 * @param {string} name A string's JSON.
 */
function isData(name) {
  return name === '"data"' || (name.includes("\\") && JSON.parse(name) === "data");
}

/**
 * @param {string} text
 * @param {number} start Where the string opens.
 * @returns {number} Where it closes.
 */
function endOfString(text, start) {
  let at = text.indexOf('"', start + 1);
  while (isEscaped(text, at)) at = text.indexOf('"', at + 1);
  return at;
}

/**
 * @param {string} text
 * @param {number} at
 */
function isEscaped(text, at) {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}
