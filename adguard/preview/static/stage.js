// Shows one state through the very module that readers get; nothing it answers goes anywhere.
const html = document.documentElement;
const given = JSON.parse(html.dataset.given);
const { show } = await import(given.module);
// A picture on the sheet must not take the focus from it, as a dialog otherwise would.
const held = parent !== window && parent.document.activeElement;
const thanks = given.says === "thanks";
const shown = await show({
  base: given.base,
  decision: { action: thanks ? "thanks" : "notice", form: given.form, url: given.url },
  verdict: given.verdict,
  signals: given.signals,
  engaged: false,
  report: () => {},
  recheck: () =>
    given.says === "checking" ? new Promise(() => {}) : Promise.resolve({ verdict: "extension" }),
});
const host = document.getElementById("site-note");
if (host && given.view && given.view !== "ask") {
  const root = host.shadowRoot;
  const opener = root.querySelector(`[data-open="${given.view}"]`);
  if (opener) opener.click();
  else {
    // The thank-you follows a look that finds ads allowed.
    root.querySelector('[data-open="guide"]').click();
    document.dispatchEvent(new CustomEvent("site:verdict", { detail: { verdict: "clear" } }));
  }
  if (given.says) root.querySelector("[data-check]").click();
  await Promise.resolve();
}
if (given.form === "inline") host?.scrollIntoView({ block: "nearest" });
if (held) {
  frameElement.blur();
  held.focus({ preventScroll: true });
}
html.dataset.shown = shown;
