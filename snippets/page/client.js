// @ts-check
// Finds out whether ads are filtered on this page view, tells the server, shows what it decides.
// One closure, no globals, never throws. The table is detection.py's; tests/vectors run on both.
/**
 * @typedef {{ baits: [string, string, string][], elements: string[], controls: Signals, client: string,
 *   marker: string, sample: number, consent: string, note: string, inline: string }} Config
 * @typedef {Record<string, string>} Signals name -> outcome
 * @typedef {{ verdict: string, confidence: number, reason: string }} Finding
 * @typedef {{ action: string, form: string | null, reason: string, url: string | null }} Decision
 * @typedef {{ decision?: Decision, token?: string, memory?: boolean }} Answer
 */
(() => {
  const config = /** @type {Config} */ (/** @type {unknown} */ ("__CONFIG__"));
  const page = /** @type {any} */ (window);
  let tag = /** @type {HTMLScriptElement} */ (document.currentScript);
  const base = tag.src.replace(/[^/]*$/, "");

  // Out: in a frame. The page around it is the one to judge.
  if (top !== self) return;
  // Out: a page saved to disk, or seen through a translation proxy: this is not our server's page.
  if (!base.startsWith(location.origin + "/")) return;
  // Out: a client runs already (the site swaps whole bodies); it goes on with this tag.
  if (!document.dispatchEvent(new CustomEvent("site:start", { cancelable: true, detail: tag }))) return;

  // table:begin
  const PROOFS = ["network-bait", "substituted", "cosmetic-only", "cosmetic-styled"];
  const DOUBTS = ["refused", "faulty", "timeout", "unasked", "styled", "unjudged"];
  /** @type {Record<string, [string, number]>} any other reason: unknown, 0 */
  const FINDINGS = {
    "network-bait": ["extension", 0.99],
    substituted: ["extension", 0.95],
    "cosmetic-only": ["extension", 0.8],
    "cosmetic-styled": ["extension", 0.6],
    "browser-shields": ["extension", 0.8],
    "tracking-protection": ["protection", 0.8],
    "ad-hosts": ["network", 0.8],
    clear: ["clear", 0.9],
  };
  const failed = (/** @type {string} */ outcome) => outcome === "blocked" || outcome === "substituted";
  const isNetworkProof = (/** @type {string} */ reason) => PROOFS.slice(0, 2).includes(reason);

  /** @type {(outcomes: string[], fine: string) => string} */
  const doubt = (outcomes, fine) => {
    const odd = outcomes.find((outcome) => outcome !== fine);
    return !odd || DOUBTS.includes(odd) ? odd || "" : "unjudged";
  };
  /** @type {(control: string, outcomes: string[]) => string} */
  const judgeRequests = (control, outcomes) => {
    if ([control, ...outcomes].includes("refused")) return "refused";
    const bad = outcomes.filter(failed);
    if (bad[0] && control === "loaded") return bad.includes("blocked") ? "network-bait" : "substituted";
    if (bad[0] || (control !== "loaded" && control !== "unasked")) return "control-failed";
    return doubt(outcomes, "loaded");
  };
  /** @type {(control: string, outcomes: string[]) => string} */
  const judgeElements = (control, outcomes) => {
    if (control !== "visible") return "control-failed";
    if (outcomes.includes("hidden")) return "cosmetic-only";
    if (outcomes[1] && outcomes.every((outcome) => outcome === "styled")) return "cosmetic-styled";
    return doubt(outcomes, "visible");
  };
  /** @type {(signals: Signals, brave: boolean) => string} */
  const judgeHosts = (signals, brave) => {
    const bad = Object.keys(signals).filter((name) => /^h\d+$/.test(name) && failed(signals[name]));
    if (!bad[0]) return "clear";
    if (signals.host !== "loaded") return "control-failed";
    if (!bad[1]) return "one-host";
    if (brave) return "browser-shields";
    return bad.some((name) => signals[name] === "substituted") ? "tracking-protection" : "ad-hosts";
  };
  /** @type {(signals: Signals, kinds: Signals, brave: boolean, earlier: string) => Finding} */
  const classify = (signals, kinds, brave, earlier) => {
    /** @type {string[]} */
    const found = [];
    for (const kind of ["script", "image", "fetch", "element"]) {
      const element = kind === "element";
      const names = Object.keys(kinds).filter((name) => kinds[name] === kind);
      if (!names[0] || (element && isNetworkProof(earlier))) continue;
      const outcomes = names.map((name) => signals[name] || "unasked");
      found.push((element ? judgeElements : judgeRequests)(signals[kind] || "unasked", outcomes));
    }
    const reason =
      PROOFS.find((proof) => found.includes(proof)) ||
      (found[0] == null ? "unasked" : found.find(Boolean)) ||
      judgeHosts(signals, brave);
    const [verdict, confidence] = FINDINGS[reason] || ["unknown", 0];
    return { verdict, confidence, reason };
  };
  // table:end

  const kinds = Object.fromEntries([...config.baits, ...config.elements.map((name) => [name, "element"])]);
  const brave = !!page.navigator.brave;
  const to = tag.dataset.to;
  let path = location.pathname;
  let token = "";
  let day = 0;
  let mode = "";
  /** The reason of the first verdict here that saw a request stopped: from then on elements stay
   * hidden until a reload, whatever the reader switches off. */
  let earlier = "";
  /** @type {Finding} */
  let finding;
  /** @type {Signals} */
  let signals = {};
  /** Counts measurements, so that one overtaken by a navigation can tell. */
  let turn = 0;
  let rechecks = 0;
  let engaged = false;
  let allowed = false;
  let timer = 0;
  /** @type {Promise<unknown> | undefined} */
  let held;
  /** @type {(value?: unknown) => void} */
  let release;
  /** @type {HTMLElement[]} the row of the element control, then one for each element bait */
  let rows = [];
  /** @type {string[]} URLs that the page's own policy refused */
  const refused = [];
  /** @type {Record<string, any>} URL -> its latest timing entry */
  const timings = {};

  const RETURNS = ["focus", "pageshow", "visibilitychange"];

  const pause = (/** @type {number} */ ms, /** @type {string=} */ value) =>
    new Promise((done) => setTimeout(done, ms, value));
  /** @type {(target: EventTarget, ...names: string[]) => Promise<unknown>} */
  const next = (target, ...names) =>
    new Promise((done) => names.forEach((name) => target.addEventListener(name, done, { once: true })));
  const shown = async () => {
    while (document.hidden) await next(document, "visibilitychange");
  };
  const recall = () => {
    try {
      return JSON.parse(sessionStorage["site-note"]);
    } catch {
      return {};
    }
  };
  const keep = (/** @type {object} */ change) => {
    try {
      sessionStorage["site-note"] = JSON.stringify({ ...recall(), ...change });
    } catch {
      // Storage is off or full: every view is a first one.
    }
  };

  /** @type {any} */
  let trust;
  try {
    trust = page.trustedTypes?.createPolicy("site-note", { createScriptURL: String });
  } catch {
    // The page forbids our policy. If it also demands one, the script kind ends as refused.
  }
  /** @type {Record<string, (url: string, redirect?: RequestRedirect) => Promise<boolean | string>>}
   * By kind: true with our marker, false without, an outcome, or a rejection. */
  const load = {
    script: (url) =>
      new Promise((done, fail) => {
        const script = /** @type {any} */ (document.createElement("script"));
        script.nonce = tag.nonce;
        script.onload = () => done(script.mark === config.marker);
        script.onerror = fail;
        try {
          script.src = trust ? trust.createScriptURL(url) : url;
        } catch {
          done("refused");
        }
        document.head.append(script);
        script.remove();
      }),
    image: (url) =>
      new Promise((done, fail) => {
        const image = new Image();
        image.onload = () => done(image.width === 2 && image.height === 3);
        image.onerror = fail;
        image.src = url;
      }),
    fetch: async (url, redirect) => {
      const answer = await fetch(url, { redirect });
      if (answer.status >= 400 || answer.type === "opaqueredirect") return "faulty";
      if (answer.redirected && answer.url.startsWith("http")) return "faulty";
      const said = await answer.json().catch(() => ({}));
      if (said.mode) ({ token, day, mode } = said);
      return said.marker === config.marker;
    },
  };
  const note = (/** @type {PerformanceEntryList} */ entries) =>
    entries.forEach((entry) => (timings[entry.name] = entry));
  const observer = new PerformanceObserver((list) => note(list.getEntries()));

  /** @type {(kind: string, url: string, redirect?: RequestRedirect) => Promise<string>} */
  const ask = async (kind, url, redirect) => {
    delete timings[url];
    const answer = await Promise.race([load[kind](url, redirect).catch(() => ""), pause(4000, "timeout")]);
    if (answer === true) return "loaded";
    // A failure is told before the policy's event and the timing entry: wait one task.
    await pause(0);
    note(observer.takeRecords());
    if (refused.includes(url)) return "refused";
    const { responseStatus, redirectStart } = timings[url] || {};
    if (responseStatus >= 400 || redirectStart) return "faulty";
    return answer === false ? "substituted" : answer || "blocked";
  };

  const important = (/** @type {HTMLElement} */ element, /** @type {string} */ style) =>
    (element.style.cssText = ("all:initial;width:3px;height:3px;" + style).replaceAll(";", "!important;"));
  const visible = (/** @type {Element} */ element) =>
    element.getBoundingClientRect().width * element.getBoundingClientRect().height > 0 &&
    getComputedStyle(element).visibility === "visible";
  const attach = () => {
    const found = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".site-note-row"));
    if (found[0]) rows = [...found];
    else document.body.append(...rows);
    for (const row of rows)
      important(row, "display:grid;position:fixed;top:0;left:0;opacity:0;pointer-events:none;z-index:-1;");
  };
  const detach = () => rows.forEach((row) => row.remove());
  /** @type {(got: Signals) => string} the reason that elements alone give */
  const look = (got) => {
    rows.forEach((row, index) => {
      const element = /** @type {HTMLElement} */ (row.firstElementChild);
      let outcome = "unjudged";
      if (element?.isConnected && !document.hidden && !matchMedia("print").matches) {
        outcome = visible(element) ? "visible" : "hidden";
        if (index && outcome === "hidden") {
          important(element, "display:block;");
          if (visible(element)) outcome = "styled";
          element.removeAttribute("style");
        }
      }
      got[index ? config.elements[index - 1] : "element"] = outcome;
    });
    return classify(got, kinds, brave, earlier).reason;
  };
  /** Filters need up to 260 ms to hide an element; a control hidden until a font loads, longer.
   * @type {(got: Signals) => Promise<boolean>} whether elements prove a blocker */
  const watch = async (got) => {
    for (let round = 0; round < 7 || (round < 20 && got.element !== "visible"); round++) {
      if (round) await pause(50);
      if (PROOFS.includes(look(got))) return true;
    }
    return false;
  };

  /** @type {() => Promise<Signals>} */
  const measure = async () => {
    /** @type {Signals} */
    const got = {};
    /** @type {Promise<any>} */
    let probes = Promise.resolve();
    /** @type {(value?: unknown) => void} */
    let prove;
    const proof = new Promise((done) => (prove = done));
    const proven = () => isNetworkProof(classify(got, kinds, brave, earlier).reason);
    /** @type {Record<string, Promise<string>>} */
    const controls = {
      fetch: ask("fetch", base + config.controls.fetch + "?p=" + encodeURIComponent(path.slice(0, 512))),
    };
    const trial = async (/** @type {string[]} */ [name, kind, file]) => {
      const url = base + file;
      let outcome = await ask(kind, url);
      if (failed(outcome)) {
        got[kind] = await (controls[kind] ??= ask(kind, base + config.controls[kind]));
        // Broken or filtered? Ask twice; then see, with a fetch, whether the server sends it elsewhere.
        if (got[kind] === "loaded") {
          outcome = await ask(kind, url, outcome === "blocked" ? "manual" : "follow");
          if (failed(outcome) && kind !== "fetch")
            await (probes = probes.then(async () => {
              if (!proven() && (await ask("fetch", url, "manual")) === "faulty") outcome = "faulty";
            }));
        }
      }
      got[name] = outcome;
      if (proven()) prove();
    };
    attach();
    const trials = Promise.all(config.baits.map(trial));
    const watched = watch(got).then((found) => (found ? Promise.race([trials, pause(1000)]) : trials));
    await Promise.race([proof, watched]);
    got.fetch = await controls.fetch;
    return { ...got };
  };

  const publish = (/** @type {Finding} */ found) => {
    finding = found;
    detach();
    tag.dataset.verdict = found.verdict;
    document.dispatchEvent(new CustomEvent("site:verdict", { detail: { ...found, signals } }));
  };
  /** @type {(message: object) => Promise<Answer | null>} null when the server will have none of it */
  const post = async (message) => {
    try {
      const answer = await fetch(base + "report", {
        method: "POST",
        keepalive: true,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(message),
      });
      if (answer.ok) return await answer.json();
      if (answer.status < 500) return null;
    } catch {
      // Offline: the same as a server in trouble.
    }
    keep({ kept: [...(recall().kept || []), message].slice(-4) });
    return {};
  };
  /** @type {(kind: string) => Promise<Answer | null | undefined>} */
  const report = async (kind) => {
    // Out: no control answered, or nothing may be reported.
    if (!token || config.consent === "local_only") return;
    const random = Array.from(crypto.getRandomValues(new Uint8Array(22)), (byte) => (byte & 31).toString(32));
    const measured = kind === "view" || kind === "recheck";
    const said = await post({
      v: 1,
      id: day + "-" + random.join(""),
      token,
      kind,
      path: path.slice(0, 512),
      lang: document.documentElement.lang.slice(0, 35),
      signals: measured ? signals : {},
      brave,
      gpc: !!page.navigator.globalPrivacyControl,
      earlier,
      client: config.client,
    });
    if (!said?.token) return said;
    ({ token } = said);
    const { kept = [], clear } = recall();
    const at = kind === "remembered" ? clear?.at : Date.now();
    keep({ kept: [], clear: said.memory && { at, token, day } });
    for (const message of kept) post({ ...message, token });
    if (said.decision && kind !== "seen") act(said.decision);
    return said;
  };
  /** @type {(kind: string) => Promise<Answer | null | undefined>} */
  const run = async (kind) => {
    const mine = ++turn;
    delete tag.dataset.verdict;
    const got = await measure();
    // Out: overtaken by a navigation, or switched off on the server.
    if (mine !== turn || mode === "off") return detach(), null;
    return conclude(kind, got);
  };
  /** @type {(kind: string, got: Signals) => Promise<Answer | null | undefined>} */
  const conclude = (kind, got) => {
    signals = got;
    publish(classify(got, kinds, brave, earlier));
    const said = report(kind);
    if (isNetworkProof(finding.reason)) earlier = finding.reason;
    if (config.consent === "local_only" && mode === "ask" && /ext|net/.test(finding.verdict))
      act({
        action: "notice",
        form: "inline",
        reason: "local-only",
        url: base + "note?form=inline&verdict=" + finding.verdict,
      });
    return said;
  };
  const view = async () => {
    path = location.pathname;
    attach();
    // Out: not drawn into the sample.
    if (Math.random() >= config.sample) return detach();
    await shown();
    const { clear } = recall();
    if (clear && Math.abs(Date.now() - clear.at) < 18e5) {
      if (!(await watch({}))) {
        ({ token, day } = clear);
        publish({ verdict: "clear", confidence: 0.9, reason: "remembered" });
        if (await report("remembered")) return;
      }
      keep({ clear: null });
    }
    await run("view");
    const mine = turn;
    await pause(600);
    // Out: a late look changes nothing once a blocker is proven.
    if (mine !== turn || !finding || finding.verdict === "extension") return;
    const got = { ...signals };
    attach();
    look(got);
    detach();
    if (classify(got, kinds, brave, earlier).verdict === "extension") conclude("recheck", got);
  };
  const recheck = async () => {
    if (tag.dataset.verdict && rechecks++ < 6) await run("recheck");
    return finding;
  };
  const act = async (/** @type {Decision} */ decision) => {
    if (decision.action === "interstitial") location.replace(decision.url || "");
    else if (decision.action !== "none") {
      await held;
      (await import(base + config.note)).show({
        base,
        decision,
        ...finding,
        signals,
        inlineTarget: config.inline,
        engaged,
        report,
        recheck,
        lang: document.documentElement.lang,
      });
    }
  };
  const gate = async () => {
    for (let round = 0; round < 40; round++) {
      await shown();
      const said = await run("recheck");
      const moves = (recall().moves || []).filter((/** @type {number} */ at) => Date.now() - at < 6e4);
      if (said?.token && finding.verdict === "clear" && moves.length < 3) {
        keep({ moves: [...moves, Date.now()] });
        return to === location.pathname + location.search ? location.reload() : location.replace(to);
      }
      await Promise.race([pause(3000), next(window, ...RETURNS)]);
    }
  };
  const agreement = () =>
    new Promise((done) => {
      document.addEventListener("site:agree", done);
      const poll = (/** @type {number} */ tries) => {
        if (!page.__tcfapi) tries && setTimeout(poll, 500, tries - 1);
        else
          page.__tcfapi("addEventListener", 2, (/** @type {any} */ said, /** @type {boolean} */ fine) => {
            if (fine && (said.gdprApplies === false || (/loaded|complete/.test(said.eventStatus) && said.purpose.consents[1])))
              done(0);
          });
      };
      poll(20);
    });
  const quietly = (/** @type {() => Promise<unknown>} */ task) => task().catch(() => {});
  const moved = (/** @type {any} */ event) => {
    if (location.pathname !== path && event?.navigationType !== "replace") quietly(view);
  };
  const start = async () => {
    if (document.readyState === "loading") await next(document, "DOMContentLoaded");
    if (page.document.prerendering) await next(document, "prerenderingchange");
    if (config.consent === "required") await agreement();
    if (to) return gate();
    for (const name of RETURNS)
      addEventListener(name, (event) => {
        if (/** @type {any} */ (event).persisted) quietly(view);
        else if (allowed) {
          clearTimeout(timer);
          timer = setTimeout(() => document.hidden || quietly(recheck), 500);
        }
      });
    if (page.navigation) page.navigation.addEventListener("currententrychange", moved);
    else {
      const push = history.pushState;
      history.pushState = function (...all) {
        push.apply(this, all);
        moved();
      };
      addEventListener("popstate", moved);
    }
    return view();
  };
  const on = (/** @type {string} */ name, /** @type {(event: any) => void} */ listener) =>
    document.addEventListener(name, listener);
  on("site:start", (event) => {
    event.preventDefault();
    tag = event.detail;
  });
  on("site:choice", (event) => (allowed ||= event.detail.choice === "allow"));
  on("site:hold", () => (held = new Promise((done) => (release = done))));
  on("site:recheck", () => {
    if (release) release();
    else {
      allowed = true;
      quietly(recheck);
    }
    release = undefined;
  });
  on("securitypolicyviolation", (event) => event.disposition === "enforce" && refused.push(event.blockedURI));
  for (const name of ["scroll", "keydown", "pointerdown"])
    addEventListener(name, () => (engaged = true), { capture: true, passive: true });
  observer.observe({ type: "resource" });
  quietly(start);
})();
