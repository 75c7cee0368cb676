// @ts-check
// Behind the scenes: tells a visitor what was found in their browser, and rehearses the notice.
(() => {
  const OUTCOMES = {
    loaded: "came through",
    blocked: "was stopped",
    substituted: "was replaced by something else",
    faulty: "failed on our side",
    refused: "was refused by the page’s own rules",
    timeout: "took too long",
    unasked: "was not needed",
    visible: "was visible",
    hidden: "was hidden",
    styled: "was hidden by a style of the page",
    unjudged: "could not be judged",
  };
  const WAIT = 10000;
  /** @type {{verdict: string, signals: Record<string, string>, reason?: string} | null} */
  let last = null;

  /** @param {string} selector @param {ParentNode} [within] */
  const find = (selector, within = document) => /** @type {HTMLElement | null} */ (within.querySelector(selector));
  const client = () => /** @type {HTMLScriptElement | null} */ (document.querySelector('script[src*="/client-"]'));

  /** @param {string} verdict @param {Record<string, string>} signals */
  const tell = (verdict, signals) => {
    const found = find("[data-found]");
    const words = find(`[data-verdict-words="${CSS.escape(verdict)}"]`);
    if (!found || !words) return;
    found.dataset.verdict = verdict;
    const name = find("[data-name]", found);
    const about = find("[data-about]", found);
    if (name) name.textContent = words.dataset.title || verdict;
    if (about) about.textContent = words.textContent;

    const order = [...document.querySelectorAll("[data-signal-words]")].map((word) => /** @type {HTMLElement} */ (word).dataset.signalWords || "");
    const asked = Object.entries(signals).sort(([one], [two]) => order.indexOf(one) - order.indexOf(two));
    const rows = asked.map(([signal, outcome]) => {
      const row = document.createElement("tr");
      const name = document.createElement("th");
      name.scope = "row";
      name.textContent = find(`[data-signal-words="${CSS.escape(signal)}"]`)?.textContent || signal;
      const happened = document.createElement("td");
      happened.textContent = OUTCOMES[/** @type {keyof typeof OUTCOMES} */ (outcome)] || outcome;
      row.append(name, happened);
      return row;
    });
    find("[data-rows]", found)?.replaceChildren(...rows);
    const table = find(".table", found);
    if (table) table.hidden = !rows.length;
    const remembered = find("[data-remembered]", found);
    if (remembered) remembered.hidden = rows.length > 0;
    const more = find(".found-more", found);
    if (more) more.hidden = false;
  };

  document.addEventListener("site:verdict", (event) => {
    last = /** @type {CustomEvent} */ (event).detail;
    if (last && document.readyState !== "loading") tell(last.verdict, last.signals || {});
  });

  const lookAgain = () => {
    const answer = new Promise((resolve) => {
      document.addEventListener("site:verdict", (event) => resolve(/** @type {CustomEvent} */ (event).detail), { once: true });
      setTimeout(() => resolve(null), WAIT);
    });
    document.dispatchEvent(new CustomEvent("site:recheck"));
    return answer;
  };

  /**
   * Shows the real notice. Its answers go to an address of this page that forgets them.
   * @param {string} form @param {string} verdict @param {string} url
   */
  const rehearse = async (form, verdict, url) => {
    const base = client()?.src.replace(/client-[^/]*$/, "");
    if (!base) return false;
    document.getElementById("site-note")?.remove();
    // Any well-formed digest finds the module of today.
    const { show } = await import(`${base}note-0000000000.js`);
    return show({
      base: new URL("/behind-the-scenes/", location.href).href,
      decision: { action: "notice", form, reason: "preview", url },
      verdict,
      reason: "preview",
      signals: last?.signals || {},
      inlineTarget: "[data-stage]",
      engaged: false,
      report() {},
      recheck: lookAgain,
      lang: document.documentElement.lang,
    });
  };

  document.addEventListener("DOMContentLoaded", () => {
    const name = find("[data-name]");
    const about = find("[data-about]");
    const seen = client()?.dataset.verdict;
    if (last) tell(last.verdict, last.signals || {});
    else if (seen) tell(seen, {});
    else if (client()) {
      if (name) name.textContent = "Looking.";
      if (about) about.textContent = "It takes a second or so.";
    }

    find("[data-again]")?.addEventListener("click", async (event) => {
      const button = /** @type {HTMLButtonElement} */ (event.currentTarget);
      button.setAttribute("aria-disabled", "true");
      const finding = await lookAgain();
      button.removeAttribute("aria-disabled");
      if (!finding && name) name.textContent = "That took too long. Reload the page to look again.";
    });

    /** @param {string} form @param {string} verdict @param {string} url */
    const open = async (form, verdict, url) => {
      const said = find("[data-said]");
      const shown = await rehearse(form, verdict, url).catch(() => false);
      const words = { inline: "The card stands below.", banner: "The strip stands at the foot of the window." };
      if (said) said.textContent = shown ? words[/** @type {"inline"} */ (form)] || "" : "It could not be shown here.";
      if (shown && form === "inline") {
        const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
        document.getElementById("site-note")?.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
      }
    };

    const chooser = /** @type {HTMLFormElement | null} */ (find("[data-chooser]"));
    chooser?.addEventListener("submit", (event) => {
      const picked = new FormData(chooser);
      const form = String(picked.get("form"));
      if (form === "interstitial") return;
      event.preventDefault();
      const query = new URLSearchParams(/** @type {any} */ (picked));
      open(form, String(picked.get("verdict")), `${chooser.action}?${query}`);
    });
    for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("a[data-show]"))) {
      const form = link.dataset.show || "";
      if (form === "interstitial") continue;
      link.addEventListener("click", (event) => {
        event.preventDefault();
        open(form, "extension", link.href);
      });
    }
  });
})();
