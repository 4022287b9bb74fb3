/** The keys that stories press, as WebDriver writes them: https://www.w3.org/TR/webdriver2/#keyboard-actions */

/** @typedef {"Tab" | "Enter" | "Space" | "Backspace" | "Delete" | "Escape" | "ArrowDown" | "ArrowUp"} Key */

/** @type {Record<Key, string>} */
const CODES = {
  Tab: "\uE004",
  Enter: "\uE007",
  Space: " ",
  Backspace: "\uE003",
  Delete: "\uE017",
  Escape: "\uE00C",
  ArrowDown: "\uE015",
  ArrowUp: "\uE013",
};

/** @param {Key} key */
export function pressing(key) {
  return typing(CODES[key]);
}

/**
 * The actions of one who types a text.
 * @param {string} text
 */
export function typing(text) {
  const actions = [...text].flatMap((value) => [
    { type: "keyDown", value },
    { type: "keyUp", value },
  ]);
  return [{ type: "key", id: "keyboard", actions }];
}

/**
 * The actions of one who clicks at a point of the page.
 * @param {number} x CSS pixels, as `y`.
 * @param {number} y
 */
export function clicking(x, y) {
  const actions = [
    { type: "pointerMove", x: Math.round(x), y: Math.round(y) },
    { type: "pointerDown", button: 0 },
    { type: "pointerUp", button: 0 },
  ];
  return [{ type: "pointer", id: "mouse", parameters: { pointerType: "mouse" }, actions }];
}
