/** Helpers for a page with the components for an account, as its users do things. */

/** @import { Page } from "playwright-core" */

/** @param {Page} page */
export async function logOutEverywhere(page) {
  await page.getByRole("button", { name: "Log out everywhere" }).click();
  await page.getByRole("group").getByRole("button", { name: "Log out everywhere" }).click();
}

/** Names the device of a page. @param {Page} page @param {string} name */
export async function renameHere(page, name) {
  await page.getByRole("button", { name: "Rename" }).click();
  await page.getByLabel("Name of this device").fill(name);
  await page.getByRole("button", { name: "Save" }).click();
}
