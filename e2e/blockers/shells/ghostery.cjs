// Ghostery's library in the pages of a running Chromium.
// node ghostery.cjs ENDPOINT LIST… prints "ready", and goes on until its input closes.
const { readFileSync } = require("node:fs");
const { PlaywrightBlocker } = require("@ghostery/adblocker-playwright");
const { chromium } = require("playwright");

const [endpoint, ...lists] = process.argv.slice(2);

(async () => {
  const blocker = PlaywrightBlocker.parse(lists.map((name) => readFileSync(name, "utf8")).join("\n"));
  const browser = await chromium.connectOverCDP(endpoint);
  const [context] = browser.contexts();
  await Promise.all(context.pages().map((page) => blocker.enableBlockingInPage(page)));
  console.log("ready");
  process.stdin.on("end", () => process.exit(0)).resume();
})();
