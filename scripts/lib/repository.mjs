/** Where the project can be found, once that is known. */

/**
 * The address of the repository, such as "https://github.com/owner/name": the one place where it
 * stands. It is not known yet, so it is `null`, and nothing can be published.
 * @type {string | null}
 */
export const REPOSITORY = null;

/**
 * The fields of a package.json that name the package's origin.
 * @typedef {object} Origin
 * @property {{type: string, url: string}} [repository]
 * @property {string} [homepage]
 * @property {{url: string}} [bugs]
 */

/**
 * Says in one sentence what is to be done before the package can be published.
 * @param {string | null} address Of the repository.
 * @param {Origin} manifest The package.json.
 * @returns {string | null} `null` if there is nothing.
 */
export function missingOrigin(address, manifest) {
  if (address === null) {
    return "the address of the repository is not set: write it into REPOSITORY in scripts/lib/repository.mjs.";
  }
  const wanted = {
    "repository.type": "git",
    "repository.url": `git+${address}.git`,
    homepage: `${address}#readme`,
    "bugs.url": `${address}/issues`,
  };
  const found = {
    "repository.type": manifest.repository?.type,
    "repository.url": manifest.repository?.url,
    homepage: manifest.homepage,
    "bugs.url": manifest.bugs?.url,
  };
  const names = /** @type {(keyof typeof wanted)[]} */ (Object.keys(wanted));
  if (names.every((name) => found[name] === wanted[name])) return null;
  const values = names.map((name) => `${name}=${wanted[name]}`);
  return `package.json does not name the repository: run \`npm pkg set ${values.join(" ")}\`.`;
}
