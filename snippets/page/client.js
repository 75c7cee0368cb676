// @ts-check
// Finds out whether ads are filtered on this page view, tells the server, shows what it decides.
// One closure, no globals, never throws. The table is detection.py's; one file of vectors tests
// both. What stands between `// only X` and `// end X` is in the builds that need it (assets.py).
/**
 * @typedef {{ kinds: Signals, files: Signals, marker: string }} Config
 * @typedef {Record<string, string>} Signals name -> outcome
 * @typedef {{ verdict: string, confidence: number, reason: string }} Finding
 * @typedef {{ action: string, form: string | null, reason: string, url: string | null }} Decision
 * @typedef {{ decision?: Decision, token?: string, memory?: boolean }} Answer
 * @typedef {{ token?: string, day?: number, mode?: string }} Control
 */
(() => {
  const { kinds, files, marker } = /** @type {Config} */ (/** @type {unknown} */ ("__CONFIG__"));
  const page = /** @type {any} */ (window);
  let tag = /** @type {HTMLScriptElement} */ (document.currentScript);
  const base = tag.src.replace(/[^/]*$/, "");

  if (
    // Out: in a frame. The page around it is the one to judge.
    top !== self ||
    // Out: a page saved to disk, or seen through a translation proxy: not our server's page.
    !location.host ||
    base.indexOf(location.origin + "/") ||
    // Out: a client runs already (the site swaps whole bodies); it goes on with this tag.
    !document.dispatchEvent(new CustomEvent("site:start", { cancelable: true, detail: tag }))
  )
    return;

  // table
  /** @type {Record<string, number>} the proofs of an extension, the strongest on top; clear; all
   * other reasons are unknown, 0 */
  const CONFIDENCE = {
    "network-bait": .99,
    substituted: .95,
    "cosmetic-only": .8,
    "cosmetic-styled": .6,
    clear: .9,
  };
  const failed = (/** @type {string} */ text) => /blocked|substituted|network-bait/.test(text);
  /** @type {(signals: Signals, kinds: Signals, brave: boolean, earlier: string) => Finding} */
  const classify = (signals, kinds, brave, earlier) => {
    const get = (/** @type {string} */ name) => signals[name] || "unasked";
    const found = ["script", "image", "fetch", "element"].map((kind) => {
      const all = Object.keys(kinds).filter((name) => kinds[name] === kind).map(get).join();
      const control = get(kind);
      if (!all) return;
      if (kind === "element") {
        if (failed(earlier)) return;
        if (control !== "visible") return "control-failed";
        if (/hidden/.test(all)) return "cosmetic-only";
        if (/^styled(,styled)+$/.test(all)) return "cosmetic-styled";
      } else {
        if (/refused/.test(control + all)) return "refused";
        if (control !== "loaded" && (control !== "unasked" || failed(all))) return "control-failed";
        if (/blocked/.test(all)) return "network-bait";
        if (/substituted/.test(all)) return "substituted";
      }
      return all.match(/\b(?!loaded|visible)\w+/)?.[0];
    });
    const reason =
      Object.keys(CONFIDENCE).find((proof) => found.includes(proof)) ||
      found.find(Boolean) ||
      "clear";
    const confidence = CONFIDENCE[reason] || 0;
    const verdict = reason === "clear" ? reason : confidence ? "extension" : "unknown";
    return { verdict, confidence, reason };
  };
  // end table

  const brave = !!page.navigator.brave;
  let path = location.pathname,
    /** @type {Control} what the control said last */
    control = {},
    /** @type {Finding} */
    finding,
    /** @type {Signals} */
    signals = {},
    /** The reason of the first verdict here that saw a request stopped: from then on elements stay
     * hidden until a reload, whatever the reader switches off. */
    earlier = "",
    /** Counts measurements, so that one overtaken by a navigation can tell. */
    turn = 0,
    rechecks = 0,
    engaged = false,
    /** @type {Promise<unknown> | void} the page asked us to wait with the notice */
    held,
    /** @type {(value?: any) => void} */
    release,
    /** @type {HTMLElement[]} the row of the element control, then one for each element bait */
    rows = [],
    /** @type {string[]} URLs that the page's own policy refused */
    refused = [],
    // only hosts
    /** @type {any} came with the script bait */
    watcher,
    // end hosts
    /** @type {{ kept: object[], clear?: any, moves?: number[] }} of this tab */
    memory = { kept: [] },
    // only consent
    /** @type {boolean | undefined} what the reader said last; undefined until somebody answers */
    agreed,
    // end consent
    /** @type {any} our Trusted Types policy, where there is such a thing */
    trust;

  /** @type {(ms?: number, value?: string) => Promise<any>} */
  const pause = (ms, value) => new Promise((done) => setTimeout(done, ms, value));
  const on = (/** @type {(event: any) => void} */ listener, /** @type {string} */ name) =>
    addEventListener(name, listener, true);
  const next = (/** @type {string} */ name) => new Promise((done) => on(done, name));
  /** @type {(change?: object) => void} */
  const keep = (change) => {
    Object.assign(memory, change);
    try {
      // only consent
      if (!agreed) delete sessionStorage["site-note"];
      else
      // end consent
      sessionStorage["site-note"] = JSON.stringify(memory);
    } catch {
      // Storage is off or full: every view is a first one.
    }
  };

  /** @type {(element: any, url: string) => Promise<string>} */
  const load = (element, url) =>
    new Promise((done, fail) => {
      element.onload = () => {
        // only hosts
        // only page
        watcher ||= element.watch?.(ask, brave, reason, late);
        // end page
        // only gate
        watcher ||= element.watch?.(ask, brave, reason);
        // end gate
        // end hosts
        done(element.mark || element.height === 3 ? "loaded" : "substituted");
      };
      element.onerror = fail;
      element.nonce = tag.nonce;
      element.src = url;
    });
  /** @type {Record<string, (url: any, redirect?: RequestRedirect) => Promise<string>>} */
  const loaders = {
    image: async (url) => load(new Image(), url),
    script: (url) => {
      const script = document.createElement("script");
      const loaded = load(script, trust ? trust.createScriptURL(url) : url);
      document.head.append(script);
      script.remove();
      return loaded;
    },
    fetch: async (url, redirect) => {
      let answer = await fetch(url, { redirect });
      // A redirect that we asked not to follow: the server's, unless it leads into an extension.
      if (answer.status < 1) answer = await fetch(url).catch(() => answer);
      const said = await answer.text();
      // Not ok, or a page, which firewalls answer, and no stub of a filter's.
      if (!answer.ok || (answer.redirected && /^h/.test(answer.url)) || /^</.test(said)) return "faulty";
      if (/mode/.test(said)) control = JSON.parse(said);
      return said.includes(marker) ? "loaded" : "substituted";
    },
  };
  /** @type {(kind: any, url: string, redirect?: RequestRedirect) => Promise<any>} */
  const ask = async (kind, url, redirect) => {
    const asked = (loaders[kind] || kind)(url, redirect);
    const outcome = await Promise.race([asked.catch(() => "blocked"), pause(4e3, "timeout")]);
    if (failed(outcome)) {
      // A failure comes before the policy's event and the timing entry: wait one task.
      await pause();
      const timing = /** @type {any} */ (performance.getEntriesByName(url).pop());
      if (refused.includes(url)) return "refused";
      if (timing?.responseStatus > 399 || timing?.redirectStart) return "faulty";
    }
    return outcome;
  };

  /** The server counts a view for each `v`, and nothing for looking again (`r`).
   * @type {(why: string) => Promise<string>} */
  const askControl = (why) => ask("fetch", base + "control?" + why + "=" + encodeURIComponent(path));

  const force = (/** @type {HTMLElement} */ element, /** @type {string} */ style) => {
    element.style.cssText = ("all:initial;width:3px;height:3px;display:" + style).replaceAll(";", "!important;");
  };
  const attach = () => {
    const found = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-site-row]"));
    if (found[0]) rows = [...found];
    else document.body.append(...rows);
    for (const row of rows) force(row, "grid;position:fixed;opacity:0;z-index:-1;");
  };
  const detach = () => rows.map((one) => one.remove());
  /** @type {(got: Signals) => Finding} */
  const judge = (got) => {
    const found = classify(got, kinds, brave, earlier);
    return (
      // only hosts
      watcher?.rule(found, got) ||
      // end hosts
      found
    );
  };
  const reason = (/** @type {Signals} */ got) => judge(got).reason;
  // Unknown is 0, and clear alone .9.
  const proves = (/** @type {Signals} */ got) => judge(got).confidence % .9 > 0;
  /** @type {(got: Signals) => boolean} whether elements prove a blocker */
  const look = (got) => {
    attach();
    for (const row of rows) {
      const name = /** @type {string} */ (row.dataset.siteRow);
      const element = /** @type {HTMLElement} */ (row.firstChild);
      let outcome = "unjudged";
      if (element && !document.hidden && !matchMedia("print").matches) outcome = element.offsetHeight ? "visible" : "hidden";
      // Only beside a visible control: to try a style starts the page's animations anew.
      if (outcome === "hidden" && got.element === "visible") {
        const className = element.className;
        force(element, "block;");
        if (element.offsetHeight) {
          outcome = "styled";
          // A filter's style insists, and knows each of the names; the page's own does not.
          element.style.cssText = "display:block";
          for (const name of className.split(" ")) {
            element.className = name;
            if (element.offsetHeight) outcome = "unjudged";
          }
          element.className = className;
        }
        element.style.cssText = "";
      }
      got[name] = outcome;
    }
    return proves(got);
  };
  /** Filters take up to 260 ms to hide an element; a page that hides all until a font is there, more.
   * @type {(got: Signals) => Promise<boolean>} */
  const watch = async (got) => {
    const mine = turn;
    for (let round = 0; mine === turn && round < (got.element === "visible" ? 7 : 20); round++) {
      if (look(got)) return true;
      await pause(50);
    }
    return false;
  };
  /** @type {(kind: string) => Promise<Signals>} */
  const measure = async (kind) => {
    /** @type {Signals} */
    const got = {};
    /** @type {Record<string, Promise<string>>} */
    const asked = { fetch: askControl(kind[0]) };
    /** @type {Promise<string> | undefined} */
    let probe;
    await new Promise((done) => {
      const trials = Object.keys(files).map(async (name) => {
        const kind = kinds[name];
        const url = base + files[name];
        let outcome = await ask(kind, url);
        if (failed(outcome)) {
          got[kind] = await (asked[kind] ||= ask(kind, base + (kind === "script" ? "control.js" : "control.png")));
          if (got[kind] === "loaded") {
            // Filtered, or an accident? Two failures count, three of a bait that fails alone, for a
            // network that comes and goes. Or does the server send it elsewhere?
            outcome = await ask(kind, url, "manual");
            if (failed(outcome) && !failed(reason(got))) {
              if (kind === "fetch") {
                // Its control answered beside it: is the server still there?
                if (![await asked.script, await asked.image].includes("loaded")) {
                  got[kind] = await (asked[kind] = askControl("r"));
                  outcome = await ask(kind, url, "manual");
                }
              } else {
                probe ||= ask("fetch", url, "manual");
                if (/faulty|timeout/.test(await probe)) outcome = "faulty";
                else if ((await asked.script) !== (await asked.image)) outcome = await ask(kind, url, "manual");
              }
            }
          }
        }
        got[name] = outcome;
        if (failed(reason(got))) done(0);
      });
      let finished = /** @type {Promise<unknown>} */ (Promise.all(trials));
      // only hosts
      finished = finished.then(async () => {
        await watcher?.look(got);
        if (proves(got)) done(0);
      });
      // end hosts
      watch(got).then((found) => done(Promise.race([finished, pause(found ? 1e3 : 2e4)])), done);
    });
    got.fetch = await asked.fetch;
    return { ...got };
  };

  // only reports
  /** @type {(message: object) => Promise<Answer | null>} null when the server will have none of it */
  const post = async (message) => {
    try {
      const body = JSON.stringify(message);
      const answer = await fetch(base + "report", { method: "POST", keepalive: true, body });
      if (answer.status < 500) return answer.ok ? await answer.json() : null;
    } catch {
      // No network is the same as a server in trouble: the next view sends it again.
    }
    keep({ kept: [message, ...memory.kept.slice(0, 3)] });
    return {};
  };
  // end reports
  /** @type {(kind: string) => Promise<Answer | null | void>} */
  const report = async (kind) => {
    // only reports
    // Out: no control answered.
    if (!control.token) return;
    const said = await post({
      v: 1,
      // In order of time, which the journal writes four times as fast as random ids.
      id: control.day + "-" + Date.now() + crypto.getRandomValues(new Uint32Array(2)).join(""),
      token: control.token,
      kind,
      // only gate
      gate: true,
      // end gate
      path: path.slice(0, 512),
      lang: document.documentElement.lang,
      signals: kind === "seen" ? {} : signals,
      // only agreed
      agreed: true,
      // end agreed
      brave,
      gpc: page.navigator.globalPrivacyControl > 0,
      earlier,
      client: tag.src.slice(-13, -3),
    });
    if (said?.token) {
      control.token = said.token;
      for (const message of memory.kept.splice(0)) post({ ...message, token: said.token });
      keep({ clear: said.memory && { at: Date.now(), ...control } });
      if (said.decision && kind !== "seen") act(said.decision).catch(() => 0);
    }
    return said;
    // end reports
  };
  /** @type {(kind: string, got: Signals, found?: Finding) => Promise<Answer | null | void>} */
  const conclude = (kind, got, found = judge(got)) => {
    turn++;
    detach();
    signals = got;
    finding = found;
    tag.dataset.verdict = found.verdict;
    document.dispatchEvent(new CustomEvent("site:verdict", { detail: { ...found, signals } }));
    const said = report(kind);
    if (failed(found.reason)) earlier = found.reason;
    // only local
    const url = base + "note?form=inline&verdict=" + found.verdict;
    if (control.mode === "ask" && !/clear|unknown/.test(found.verdict))
      act({ action: "notice", form: "inline", reason: "local-only", url }).catch(() => 0);
    // end local
    return said;
  };
  /** @type {(kind: string) => Promise<Answer | null | void>} */
  const run = async (kind) => {
    const mine = ++turn;
    delete tag.dataset.verdict;
    const got = await measure(kind);
    // Out: overtaken by a navigation, or switched off on the server.
    if (mine === turn) {
      if (control.mode !== "off") return conclude(kind, got);
      turn++;
      detach();
    }
  };
  // only page
  /** A late look, in one task: a filter that has started meanwhile hides at once. */
  const late = async () => {
    const last = turn;
    const got = { ...signals };
    await pause(600);
    if (last !== turn || !tag.dataset.verdict || proves(got)) return;
    look(got);
    detach();
    // only hosts
    await watcher?.look(got, true);
    if (last !== turn) return;
    // end hosts
    if (proves(got)) conclude("recheck", got);
  };
  const view = async () => {
    const mine = ++turn;
    delete tag.dataset.verdict;
    path = location.pathname;
    // only consent
    if (!agreed) return;
    // end consent
    // only sample
    attach();
    // Out: not drawn.
    if (Math.random() >= /** @type {any} */ ("__SAMPLE__")) return detach();
    // end sample
    while (document.hidden) await next("visibilitychange");
    const recent = Date.now() - memory.clear?.at < 18e5 && !(await watch({}));
    // Out: overtaken by a navigation.
    if (mine !== turn) return;
    if (recent) {
      control = memory.clear;
      if (await conclude("remembered", {}, { verdict: "clear", confidence: .9, reason: "remembered" })) return;
    }
    await run("view");
    await late();
  };
  // end page
  const recheck = async () => {
    if (tag.dataset.verdict && rechecks++ < 6) await run("recheck");
    return finding;
  };
  const act = async (/** @type {Decision} */ decision) => {
    if (decision.action === "none") return;
    await held;
    (await import(base + "note" + tag.src.slice(-14))).show({ base, decision, ...finding, signals, engaged, report, recheck });
  };
  // only page
  const moved = (/** @type {any=} */ event) => {
    if (location.pathname !== path && event?.navigationType !== "replace") view();
  };
  // end page
  // only gate
  /** On the page that stands in for the article: looks again until ads are allowed, then goes on. */
  const wait = async () => {
    const to = tag.dataset.to || "/";
    path = to.split("?")[0];
    for (let round = 0; round < 40; round++) {
      while (document.hidden) await next("visibilitychange");
      const said = await run("recheck");
      const moves = (memory.moves || []).filter((at) => Date.now() - at < 6e4);
      if (said?.token && finding.verdict === "clear" && moves.length < 3) {
        keep({ moves: [...moves, Date.now()] });
        return to === location.pathname + location.search ? location.reload() : location.replace(to);
      }
      await Promise.race([pause(3e3), next("focus"), next("pageshow"), next("visibilitychange")]);
    }
  };
  // end gate
  // only consent
  /** @type {(yes: any) => void} */
  const hear = (yes) => {
    agreed = !!yes;
    if (agreed) return;
    // Nothing is measured any more, and what an earlier yes has left goes; the cookie as well.
    view();
    detach();
    keep();
    report("left");
  };
  /** Asks who speaks for the reader: the site's own script, by an event, or IAB TCF v2, which may
   * come late. Purpose 1 is store and access. */
  const agreement = async () => {
    document.dispatchEvent(new CustomEvent("site:ask"));
    /** @type {any} */
    let api;
    for (let round = 0; !agreed; round++) {
      if (api !== (api = page.__tcfapi))
        api("addEventListener", 2, (/** @type {any} */ said) => {
          if (said) hear(said.gdprApplies === false || (said.eventStatus === "cmpuishown" ? agreed : said.purpose.consents[1]));
        });
      // Nobody answers, as where a filter list stops consent tools: the page is counted, no more.
      if (round === 16 && agreed == null) askControl("n");
      await pause(500);
    }
  };
  // end consent
  const start = async () => {
    try {
      trust = page.trustedTypes?.createPolicy("site-note", { createScriptURL: String });
    } catch {
      // The page forbids our policy. If it also demands one, the script kind fails, control and all.
    }
    // Neither "interactive" nor "complete".
    if (/g/.test(document.readyState)) await next("DOMContentLoaded");
    if (page.document.prerendering) await next("prerenderingchange");
    // only consent
    await agreement();
    // end consent
    try {
      Object.assign(memory, JSON.parse(sessionStorage["site-note"]));
    } catch {
      // Nothing kept, or storage is off.
    }
    // only gate
    await wait();
    // end gate
    // only page
    on((event) => event.persisted && view(), "pageshow");
    page.navigation ? page.navigation.addEventListener("currententrychange", moved) : setInterval(moved, 500);
    await view();
    // end page
  };
  on((event) => {
    event.preventDefault();
    tag = event.detail;
  }, "site:start");
  on(() => (held ||= new Promise((done) => (release = done))), "site:hold");
  on(() => (held ? (held = release()) : recheck()), "site:recheck");
  on((event) => event.disposition === "enforce" && refused.push(event.blockedURI), "securitypolicyviolation");
  // only consent
  on(() => hear(0), "site:disagree");
  on(() => hear(1), "site:agree");
  // end consent
  for (const name of ["scroll", "keydown", "pointerdown"]) on(() => (engaged = true), name);
  start().catch(() => 0);
})();
