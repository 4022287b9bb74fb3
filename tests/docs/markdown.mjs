/** The project's pages, as their readers see them. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { ROOT } from "../support/server.mjs";

/**
 * @typedef {object} Block
 * @property {string} page The page's path in the project.
 * @property {string} language
 * @property {string} text
 */

/** The paths of all pages: whatever of Markdown is in the repository, or about to be. */
export function pages() {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"];
  const listed = execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim().split("\n");
  return listed.filter((page) => page !== "");
}

/** @param {string} page */
export function textOf(page) {
  return readFileSync(join(ROOT, page), "utf8");
}

/**
 * A page's blocks of code, without the indentation of the list that they may stand in.
 * @param {string} page
 * @returns {Block[]}
 */
export function blocksOf(page) {
  return [...textOf(page).matchAll(/^( *)```(\w+)\n(.*?)\n\1```$/gms)].map(
    ([, indent, language, text]) => ({
      page,
      language,
      text: text.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
    }),
  );
}

/**
 * The rows of a page's table, each by its cells.
 * @param {string} page
 * @param {string} heading The table's first line.
 */
export function tableOf(page, heading) {
  const lines = textOf(page).split("\n");
  const begin = lines.indexOf(heading);
  if (begin < 0) throw new Error(`${page}: no table begins with ${heading}`);
  const end = lines.findIndex((line, at) => at > begin && !line.startsWith("|"));
  const rows = lines.slice(begin + 2, end < 0 ? undefined : end);
  return rows.map((row) => row.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim()));
}

/**
 * A page's text as it is read, in one line.
 * @param {string} page
 */
export function sentencesOf(page) {
  return textOf(page).replace(/\s+(?:\* )?/g, " ");
}

/**
 * The words that a text of Markdown has in the type of code.
 * @param {string} text
 */
export function codeIn(text) {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
}

/** @param {string} page */
export function anchorsOf(page) {
  return anchorsIn(textOf(page));
}

/**
 * The files that a page tells to write: blocks whose introduction begins with the file's name.
 * @param {string} page
 * @returns {Record<string, string>} Their contents by their paths.
 */
export function filesOf(page) {
  const files = textOf(page).matchAll(/^`([\w./-]+)`[^\n]*:\n\n```\w+\n(.*?)\n```$/gms);
  return Object.fromEntries([...files].map(([, path, text]) => [path, text]));
}

/**
 * The anchors of a page's headings, as GitHub makes them.
 * @param {string} text The page's.
 */
export function anchorsIn(text) {
  const prose = text.replaceAll(/^ *```.*?^ *```$/gms, "");
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\- ]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** @param {string} page */
export function linksOf(page) {
  return linksIn(textOf(page));
}

/**
 * Where a page's links go, but those to other sites.
 * @param {string} text The page's.
 */
export function linksIn(text) {
  const prose = text.replaceAll(/^ *```.*?^ *```$/gms, "");
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g)];
  return links.map(([, link, source]) => link ?? source).filter((link) => !/^https?:/.test(link));
}
