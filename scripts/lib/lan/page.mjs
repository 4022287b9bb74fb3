/** The gate's own page, which everybody gets who has not come in. */

import { createHash } from "node:crypto";

/** Where the page brings the secret. */
export const ENTRY = "/lan-entry";

const STYLE = `
  body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 15vh auto; padding: 0 1.5rem; }
  button { font: inherit; padding: 0.8em 1.2em; }
  :root { color-scheme: light dark; }`;

/**
 * The secret stands behind the address's "#", which no browser sends and no preview of the link asks for. It leaves the
 * address at once, and is used only when somebody presses the button: a preview that runs scripts presses none.
 */
const SCRIPT = `
  const [closed, door] = [document.querySelector("#closed"), document.querySelector("form")];
  const read = () => {
    const secret = location.hash.slice(1);
    if (!secret) return;
    history.replaceState(null, "", "/");
    door.elements.secret.value = secret;
    [closed.hidden, door.hidden] = [true, false];
  };
  door.addEventListener("submit", () => { door.querySelector("button").disabled = true; });
  addEventListener("hashchange", read);
  read();`;

/** @param {string} code */
const hashOf = (code) => `'sha256-${createHash("sha256").update(code).digest("base64")}'`;

/** What browsers are told about the page. */
export const PAGE_HEADERS = {
  "Content-Type": "text/html; charset=utf-8",
  "Cache-Control": "no-store",
  "Content-Security-Policy":
    `default-src 'none'; script-src ${hashOf(SCRIPT)}; style-src ${hashOf(STYLE)}; ` +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  // By "no-referrer" the form's origin would be "null".
  "Referrer-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
};

/**
 * @param {string} title
 * @param {string} text
 */
export function closedPage(title, text) {
  return `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${title}</title>
  <style>${STYLE}</style>
</head>
<body>
  <main id="closed">
    <h1>${title}</h1>
    <p>${text}</p>
  </main>
  <form method="post" action="${ENTRY}" hidden>
    <h1>The demo</h1>
    <p>The code lets in one browser, once: this one, when you press the button.</p>
    <input type="hidden" name="secret">
    <button>Open the demo in this browser</button>
  </form>
  <script>${SCRIPT}</script>
</body>
</html>
`;
}
