// @ts-check
/**
 * The notice: shows one fragment from the server as an inline card, a dialog or a strip, and tells
 * the server what the reader chose. Never throws, keeps no global, leaves scroll and focus alone.
 *
 * @typedef {{verdict: string}} Finding
 * @typedef {object} Context
 * @property {string} base URL of our prefix, with a slash at its end
 * @property {{action: string, form: string | null, url: string}} decision
 * @property {string} verdict
 * @property {Record<string, string>} signals
 * @property {string} [inlineTarget] selector list, the best first; the site's own otherwise
 * @property {boolean} engaged whether the reader has scrolled, typed or clicked
 * @property {(kind: string) => void} report
 * @property {() => Promise<Finding>} recheck
 */

const STYLE = "__SITE_NOTE_STYLE__";
const TARGET = "__SITE_NOTE_TARGET__";
const HOST = "site-note";

/**
 * Shows the notice that `context.decision` asks for.
 * @param {Context} context
 * @returns {Promise<boolean>} whether it is on the page
 */
export async function show(context) {
  try {
    return await place(context);
  } catch {
    return false;
  }
}

/** @param {Context} context */
async function place(context) {
  if (context.decision.action === "interstitial") {
    location.replace(context.decision.url);
    return true;
  }
  if (document.getElementById(HOST)) return false;
  const engaged = watchReader(context.engaged);
  const sheet = document.importNode(await fetchSheet(context.decision.url), true);
  if (document.getElementById(HOST)) return false;

  const thanks = context.decision.action === "thanks";
  let form = context.decision.form || (thanks ? "banner" : "inline");
  if (form === "dialog" && (engaged() || busy())) form = "inline";
  if (form === "banner" && busy()) form = "inline";

  const host = document.createElement("div");
  host.id = HOST;
  host.dataset.nosnippet = "";
  host.dataset.form = form === "banner" ? "strip" : form;
  const root = host.attachShadow({ mode: "open" });
  const style = new CSSStyleSheet();
  style.replaceSync(STYLE);
  root.adoptedStyleSheets = [style];

  const frame = document.createElement(form === "dialog" ? "dialog" : "section");
  frame.className = `site-note-${{ dialog: "dialog", banner: "strip" }[form] || "card"}`;
  frame.append(sheet);
  root.append(frame);
  const home = form === "inline" ? findHome(context.inlineTarget || TARGET) : document.body;
  host.dataset.scheme = isDark(home) ? "dark" : "light";
  if (form === "inline") putBelow(home, host);
  else home.append(host);

  const notice = converse(context, host, frame, sheet);
  if (frame instanceof HTMLDialogElement) {
    frame.showModal();
    notice.focus();
  }
  if (!thanks) watchSeen(frame, context, form);
  return true;
}

/**
 * Follows the reader from first touch on; the answer may change while the fragment loads.
 * @param {boolean} engaged
 */
function watchReader(engaged) {
  const types = ["scroll", "keydown", "pointerdown", "wheel", "touchmove"];
  const stop = () => {
    engaged = true;
    for (const type of types) removeEventListener(type, stop, true);
  };
  for (const type of types) addEventListener(type, stop, { capture: true, passive: true });
  return () => engaged;
}

/**
 * XHR parses HTML by itself, which Trusted Types allow: no string becomes markup in our hands.
 * @param {string} url
 * @returns {Promise<HTMLElement>}
 */
function fetchSheet(url) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", url);
    request.responseType = "document";
    request.timeout = 10000;
    request.onload = () => {
      const sheet = request.status === 200 && request.response?.querySelector(".site-note-sheet");
      if (sheet) resolve(sheet);
      else reject(new Error("no fragment"));
    };
    request.onerror = request.ontimeout = () => reject(new Error("no answer"));
    request.send();
  });
}

/** Whether the reader types, or something else stands in front of the page. */
function busy() {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  if (active instanceof HTMLElement) {
    if (active.isContentEditable || active.matches("input, textarea, select, iframe")) return true;
  }
  const others = "dialog[open], [role=dialog], [role=alertdialog], [aria-modal=true]";
  for (const other of document.querySelectorAll(others)) {
    const box = other.getBoundingClientRect();
    if (box.width > 1 && box.height > 1 && getComputedStyle(other).visibility === "visible") return true;
  }
  return covered(0.5) || covered(0.98);
}

/**
 * Whether a dialog, or something fixed and larger than a slim strip, lies over the page's middle line.
 * @param {number} share of the window's height
 */
function covered(share) {
  const x = innerWidth / 2;
  const y = innerHeight * share;
  /** @type {any} */
  let node = document.elementFromPoint(x, y);
  // Many a consent tool stands in a shadow root, which shows itself to the page as an empty box.
  for (let depth = 0; depth < 9; depth++) node = node?.shadowRoot?.elementFromPoint(x, y) || node;
  for (; node && node !== document.body; node = node.assignedSlot || node.parentNode || node.host) {
    if (!(node instanceof Element)) continue;
    const large = node.localName === "dialog" || node.clientHeight > innerHeight * 0.2;
    if (getComputedStyle(node).position === "fixed") return large;
  }
  return false;
}

/**
 * Where the card goes: the first selector of the list that finds the article. A selector that
 * finds several elements means the one with the page's main heading, else (teasers) nothing.
 * @param {string} selectors
 * @returns {HTMLElement}
 */
function findHome(selectors) {
  const list = (selectors || "article, main").split(/,(?![^([]*[)\]])/);
  for (const selector of list) {
    /** @type {HTMLElement[]} */
    let found = [];
    try {
      const all = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(selector));
      found = [...all].filter((element) => element instanceof HTMLElement && element.getClientRects().length);
    } catch {
      continue;
    }
    const home = found.length > 1 ? found.find((element) => element.querySelector("h1")) : found[0];
    if (home) return home;
    if (found.length && selector.includes("data-site-note")) return found[0];
  }
  return document.body;
}

/**
 * Puts the card at the end of its home; where that is a row of boxes, as of text and sidebar, below
 * the row instead of into it, as one box more.
 * @param {HTMLElement} home
 * @param {HTMLElement} host
 */
function putBelow(home, host) {
  const isRow = (/** @type {Element} */ element) => {
    const { display, flexDirection, flexWrap } = getComputedStyle(element);
    return /flex/.test(display) && /row/.test(flexDirection) && flexWrap === "nowrap";
  };
  if (!isRow(home) || home === document.body) return home.append(host);
  let row = home;
  while (row.parentElement && row.parentElement !== document.body && isRow(row.parentElement)) row = row.parentElement;
  row.after(host);
}

/**
 * Whether the page is dark where the notice stands, by what is painted there and not by the
 * system's wish: a light page under a dark system keeps a light notice.
 * @param {Element} place
 */
function isDark(place) {
  for (let element = /** @type {Element | null} */ (place); element; element = element.parentElement) {
    const light = lightness(getComputedStyle(element).backgroundColor);
    if (light !== undefined) return light < 0.43;
  }
  const scheme = getComputedStyle(document.documentElement).colorScheme;
  return scheme.includes("dark") && (!scheme.includes("light") || matchMedia("(prefers-color-scheme: dark)").matches);
}

/**
 * How light a computed colour is, from 0 to 1; undefined where what lies behind it shows through.
 * What a site writes in `oklch()`, `lab()` or `color()` stays so, each with a scale of its own.
 * @param {string} colour
 */
function lightness(colour) {
  const numbers = colour.replace(/^color\(\S+/, "").match(/-?[\d.]+(e-?\d+)?|none/g) || [];
  const [first, second, third, alpha = 1] = numbers.map((number) => Number(number) || 0);
  if (third === undefined || alpha <= 0.5) return undefined;
  if (/^(ok)?l/.test(colour)) return first / (colour[0] === "o" ? 1 : 100);
  return (first * 0.299 + second * 0.587 + third * 0.114) / (colour[0] === "c" ? 1 : 255);
}

/**
 * Reports once that half of the notice was in view for one second.
 * @param {Element} frame
 * @param {Context} context
 * @param {string} form
 */
function watchSeen(frame, context, form) {
  let timer = 0;
  let inView = false;
  const stop = () => {
    clearTimeout(timer);
    timer = 0;
  };
  const look = () => {
    if (!inView || document.visibilityState !== "visible") stop();
    else timer ||= setTimeout(seen, 1000);
  };
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { intersectionRatio, intersectionRect, rootBounds } of entries) {
        inView = intersectionRatio >= 0.5 || intersectionRect.height >= (rootBounds?.height ?? innerHeight) / 2;
      }
      look();
    },
    { threshold: [0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75] },
  );
  const seen = () => {
    observer.disconnect();
    document.removeEventListener("visibilitychange", look);
    if (!frame.isConnected) return;
    fire("site:seen", { form });
    context.report("seen");
  };
  document.addEventListener("visibilitychange", look);
  observer.observe(frame.firstElementChild || frame);
}

/**
 * Wires the sheet's buttons.
 * @param {Context} context
 * @param {HTMLElement} host
 * @param {HTMLElement} frame
 * @param {HTMLElement} sheet
 */
function converse(context, host, frame, sheet) {
  const words = JSON.parse(sheet.dataset.words || "{}");
  const views = /** @type {HTMLElement[]} */ ([...sheet.querySelectorAll("[data-view]")]);
  let current = views.find((view) => !view.hidden) || views[0];
  const said = new Set();
  /** @type {HTMLElement | null} */
  let before = null;
  let answered = current.dataset.view !== "ask";

  const focus = () => current.querySelector("h2")?.focus({ preventScroll: true });
  const label = () => frame.setAttribute("aria-labelledby", current.querySelector("h2")?.id || "");

  /** @param {string} name */
  const open = (name) => {
    const next = views.find((view) => view.dataset.view === name);
    if (!next || next === current) return;
    current.hidden = true;
    next.hidden = false;
    current = next;
    label();
    focus();
    frame.scrollTop = 0;
    if (frame.className.includes("card")) current.scrollIntoView({ block: "nearest" });
  };

  /** @param {string} choice */
  const answer = (choice) => {
    answered = true;
    if (said.has(choice)) return;
    said.add(choice);
    if (choice === "allow") watchReturn(context, thank);
    fire("site:choice", { choice });
    const now = Date.now();
    const id = `${Math.floor(now / 864e5)}-${now}${crypto.getRandomValues(new Uint32Array(2)).join("")}`;
    tell(`${context.base}choice`, new URLSearchParams({ choice, path: location.pathname, id }));
  };

  /** @param {Finding | undefined} finding */
  const thank = (finding) => {
    const clear = finding?.verdict === "clear";
    const at = current.dataset.view;
    // Not out of a form that the reader may be filling in.
    if (clear && said.has("allow") && (at === "guide" || at === "ask")) open("thanks");
    return clear;
  };

  const close = () => {
    if (!answered) answer("later");
    document.removeEventListener("site:verdict", onVerdict);
    const within = document.activeElement === host;
    if (frame instanceof HTMLDialogElement) frame.close();
    else if (within) before?.focus({ preventScroll: true });
    host.remove();
  };

  /** @param {Event} event */
  const onVerdict = (event) => {
    thank(/** @type {CustomEvent} */ (event).detail);
  };

  /** @param {HTMLElement} button */
  const check = async (button) => {
    const status = current.querySelector("[role=status]");
    if (!status || button.ariaDisabled === "true") return;
    button.setAttribute("aria-disabled", "true");
    status.textContent = words.checking;
    const clear = await Promise.resolve()
      .then(context.recheck)
      .then(thank, () => false);
    button.removeAttribute("aria-disabled");
    status.textContent = clear ? "" : words["not-yet"];
  };

  frame.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target.closest("button") : null;
    if (!target) return;
    event.preventDefault();
    const { open: view, close: closes, check: checks } = target.dataset;
    if (checks !== undefined) check(target);
    else if (closes !== undefined) close();
    else {
      if (target.value) answer(target.value);
      if (view) open(view);
      else close();
    }
  });
  frame.addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });
  frame.addEventListener("focusin", ({ relatedTarget: from }) => {
    if (from instanceof HTMLElement && !frame.contains(from)) before = from;
  });
  frame.addEventListener("keydown", (event) => {
    // The page's own keys, such as a player's space bar, would press nothing here.
    event.stopPropagation();
    if (event.key === "Escape" && !(frame instanceof HTMLDialogElement)) close();
  });
  document.addEventListener("site:verdict", onVerdict);

  chooseGuide(sheet);
  fillSignals(sheet, context.signals, words);
  label();
  return { focus };
}

/**
 * Sends an answer; where it gets lost, once more after 2, 8, 32 and 128 seconds: the notice has
 * promised by then.
 * @param {string} url
 * @param {URLSearchParams} body
 * @param {number} wait milliseconds
 */
function tell(url, body, wait = 2000) {
  const headers = { Accept: "application/json" };
  fetch(url, { method: "POST", body, headers, credentials: "same-origin", keepalive: true })
    .then(({ status }) => {
      if (status > 499) throw new Error("no answer");
    })
    .catch(() => {
      if (wait < 2e5) setTimeout(tell, wait, url, body, wait * 4);
    });
}

/**
 * Looks again whenever the reader comes back from the blocker's menu or from another tab. The
 * client counts these looks and stops at six.
 * @param {Context} context
 * @param {(finding: Finding) => void} thank
 */
function watchReturn(context, thank) {
  let timer = 0;
  const look = () => {
    if (!document.hidden) Promise.resolve().then(context.recheck).then(thank).catch(() => {});
  };
  for (const type of ["focus", "pageshow", "visibilitychange"]) {
    addEventListener(type, () => {
      clearTimeout(timer);
      timer = setTimeout(look, 500);
    });
  }
}

/** @param {HTMLElement} sheet */
function chooseGuide(sheet) {
  const select = sheet.querySelector("select");
  if (!select) return;
  const picked = sheet.querySelector(".site-note-picked");
  const pick = () => {
    if (picked) picked.textContent = select.selectedOptions[0]?.text ?? "";
    for (const guide of /** @type {NodeListOf<HTMLElement>} */ (sheet.querySelectorAll("[data-tool]"))) {
      guide.hidden = guide.dataset.tool !== select.value;
    }
  };
  // @ts-ignore: only Brave has it, and no header says so
  if (navigator.brave && select.value === "ubo") select.value = "brave";
  select.addEventListener("change", pick);
  pick();
}

/**
 * Writes what this very view saw into the table behind "How do we know?".
 * @param {HTMLElement} sheet
 * @param {Record<string, string>} signals
 * @param {Record<string, string>} words
 */
function fillSignals(sheet, signals, words) {
  const rows = /** @type {HTMLElement[]} */ ([...sheet.querySelectorAll("[data-signal]")]);
  for (const row of rows) {
    const { signal = "", control = "" } = row.dataset;
    if (!signals?.[signal]) {
      row.remove();
      continue;
    }
    const [bait, twin] = /** @type {HTMLElement[]} */ ([...row.querySelectorAll("td")]);
    for (const [cell, outcome] of /** @type {[HTMLElement, string][]} */ ([
      [bait, signals[signal]],
      [twin, signals[control] || "unasked"],
    ])) {
      cell.textContent = words[outcome] || outcome;
      cell.dataset.outcome = outcome;
    }
  }
  if (!sheet.querySelector("[data-signal]")) sheet.querySelector("table")?.remove();
}

/**
 * @param {string} type
 * @param {object} detail
 */
function fire(type, detail) {
  document.dispatchEvent(new CustomEvent(type, { detail }));
}
