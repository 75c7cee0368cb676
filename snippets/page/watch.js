// @ts-check
// What became of the page's own ad scripts. It rides in the script bait (assets.py): it comes where
// that one passes, which is where ad hosts are all there is left to judge, and costs no request.
/**
 * @typedef {Record<string, string>} Outcomes
 * @typedef {{ verdict: string, confidence: number, reason: string }} Ruling
 * @typedef {object} Watched
 * @property {Record<string, string[]>} hosts registrable domain -> what its scripts' URLs begin with
 * @property {string} neutral URL of a file that has to do with neither the site nor the ads, or ""
 * @property {boolean} probe ask for each, also when the page does not
 * @property {boolean} wall a network filter may lead to the page that stands in for an article
 * @typedef {(load: (url: string) => Promise<string>, url: string) => Promise<string>} Ask
 */
(() => {
  const config = /** @type {Watched} */ (/** @type {unknown} */ ("__HOSTS__"));

  // table
  /** @type {Record<string, string>} all other reasons are unknown */
  const VERDICTS = {
    "browser-shields": "extension",
    "tracking-protection": "protection",
    "ad-hosts": "network",
  };
  /** What the hosts say once all baits are well; nothing, when they are well too.
   * @type {(signals: Outcomes, brave: boolean) => Ruling | undefined} */
  const judge = (signals, brave) => {
    const failed = Object.keys(signals)
      .map((name) => (/^h\d/.test(name) ? signals[name] : ""))
      .filter((outcome) => /blocked|substituted|withheld/.test(outcome));
    if (!failed.length) return;
    const reason =
      failed.length < 2
        ? "one-host"
        : signals.host !== "loaded"
          ? "control-failed"
          : brave
            ? "browser-shields"
            : failed.some((outcome) => outcome !== "blocked")
              ? "tracking-protection"
              : "ad-hosts";
    const verdict = VERDICTS[reason];
    return { verdict: verdict || "unknown", confidence: verdict ? .8 : 0, reason };
  };
  // end table

  /** @type {Outcomes} URL of an element -> `load` or `error` */
  const fates = {};
  /** @type {Record<string, Promise<string>>} what was asked again, until the page is measured anew */
  let queries = {};

  /** Scripts that stood in the page when it had loaded, so that none of them is on its way.
   * @type {string[]} */
  let settled = [];

  // A secure page gets nothing from `http:`, whoever asks.
  const listed = (/** @type {string} */ url, starts = Object.values(config.hosts).flat()) =>
    (location.protocol === "http:" || /^https/.test(url)) &&
    starts.some((start) => url.startsWith(start));
  // Opaque: all it tells is whether a server answered. A cache may, as it may have for the page.
  /** @type {(url: string, cache?: RequestCache) => Promise<string>} */
  const fromAnywhere = (url, cache) =>
    fetch(url, { mode: "no-cors", cache }).then(() => "loaded");
  // Where the page demands that others consent to be shown (COEP), theirs may be a CORS header. Not
  // asked for without need: Firefox complains in the console.
  const insistently = (/** @type {string} */ url) =>
    fromAnywhere(url).catch((error) => {
      if (!config.probe && !document.querySelector("script[crossorigin]")) throw error;
      return fetch(url).then(() => "loaded");
    });
  const fromServer = (/** @type {string} */ url) => fromAnywhere(url, "no-store");

  /** @type {(ms: number) => Promise<void>} */
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  // Without those that a consent tool holds back, as text/plain, a template or javascript/blocked.
  const scripts = () =>
    [...document.scripts].map(({ type, src }) => (/pla|blo/.test(type) ? "" : src));
  /** @type {() => any[]} */
  const entries = () => performance.getEntriesByType("resource");
  /** The first URL with one of these beginnings that the page has asked for.
   * @type {(starts: string[]) => string | undefined} */
  const find = (starts) =>
    scripts()
      .concat(Object.keys(fates), entries().map((entry) => entry.name))
      .find((url) => listed(url, starts));

  /** What the page knows of `url` by itself: that a server answered; that it ended, somehow; or,
   * while it is on its way, nothing.
   * @type {(url: string) => string} */
  const know = (url) => {
    const entry = entries().find((entry) => entry.name === url);
    const fate = fates[url];
    const answered =
      entry &&
      // The host says `Timing-Allow-Origin`.
      (entry.responseStart ||
        // A script of the browser's or an extension's in its place has no entry in Firefox.
        fate === "load" ||
        // In Firefox no time passes when no server answers.
        (entry.duration && /Firefox/.test(navigator.userAgent)));
    if (answered) return fate === "error" ? "faulty" : "loaded";
    return entry || fate || settled.includes(url) ? "ended" : "";
  };

  /** Asks for what the page has asked for: a page cannot tell a server's error from a request that
   * was stopped, but an answer, whatever it says, can.
   * @type {(url: string, ask: Ask, load?: (url: string) => Promise<string>) => Promise<string>} */
  const askAgain = async (url, ask, load = fromAnywhere) => {
    const outcome = await (queries[url] ||= ask(load, url));
    if (outcome === "loaded") return fates[url] === "error" ? "faulty" : "loaded";
    if (outcome !== "blocked") return outcome;
    if (fates[url] === "load") return "substituted";
    // An isolated page gets nothing from hosts that do not consent to it, whoever asks.
    if (self.crossOriginIsolated) return "refused";
    // These browsers bring a protection of their own, which may have done it.
    return /Firefox|FxiOS|Edg|OPR|Samsung|Duck|Version\//.test(navigator.userAgent)
      ? "withheld"
      : "blocked";
  };

  /** Whether anything answers that has to do with neither the site nor the ads.
   * @type {(ask: Ask) => Promise<string>} */
  const askNeutral = async (ask) => {
    const related = [location.hostname.split(".").slice(-2).join("."), ...Object.keys(config.hosts)];
    const others = entries()
      .filter(({ name, initiatorType }) => {
        if (!/^http/.test(name) || !/script|link|css/.test(initiatorType)) return false;
        const { hostname } = new URL(name);
        return !related.some((domain) => hostname.endsWith(domain));
      })
      .sort((one, other) => other.responseStart - one.responseStart)
      .map((entry) => entry.name);
    let outcome = "unasked";
    for (const url of config.neutral ? [config.neutral] : others.slice(0, 3))
      if (outcome !== "loaded") outcome = await ask(fromServer, url);
    return outcome;
  };

  /**
   * @param {Ask} ask
   * @param {boolean} brave
   * @param {(got: Outcomes) => string} reason what all outcomes say together
   * @param {() => void} [wake] called when an ad script fails later; none on the page that stands
   *   in for an article, which has no ads
   */
  const watch = (ask, brave, reason, wake) => {
    for (const name of ["load", "error"])
      document.addEventListener(
        name,
        (/** @type {any} */ { target: { src } }) => {
          if (!src || !listed(src)) return;
          fates[src] = name;
          if (name === "error" && wake) wake();
        },
        true,
      );
    const settle = () => (settled = scripts());
    if (document.readyState === "complete") settle();
    else addEventListener("load", settle);
    const probe = config.probe || (config.wall && !wake);
    /** @type {(got: Outcomes, again?: boolean) => Promise<void>} adds to `got`, all at once */
    const search = async (got, again) => {
      if (!again) queries = {};
      /** @type {Outcomes} */
      let found = {};
      /** @type {[string, string][]} */
      let open = [];
      // Scripts that a browser has put in place of others come a moment after the baits.
      for (let round = 0, pending = true; pending && open.length < 2 && round < 10; round++) {
        if (round) await pause(25);
        [found, open, pending] = [{}, [], false];
        Object.values(config.hosts).forEach((starts, index) => {
          const name = "h" + (index + 1);
          const url = find(starts) || (probe ? starts[0] : "");
          const known = url && know(url);
          if (url && (probe || known === "ended" || (known && brave))) open.push([name, url]);
          else if (known) found[name] = known;
          else if (url) pending = true;
        });
      }
      await Promise.all(
        open.map(async ([name, url]) => {
          found[name] = await askAgain(url, ask);
        }),
      );
      const finding = judge(found, brave);
      if (finding && finding.reason === "control-failed") {
        found.host = await askNeutral(ask);
        // The network may have been away for a moment, for all of them: two failures count.
        if (found.host === "loaded")
          await Promise.all(
            open.map(async ([name, url]) => {
              if (/loaded|faulty/.test(found[name])) return;
              delete queries[url];
              found[name] = await askAgain(url, ask, insistently);
            }),
          );
      }
      Object.assign(got, found);
    };
    /** Where all else is well. The first time, a host that takes longer has to wait for the late look.
     * @type {(got: Outcomes, again?: boolean) => Promise<void>} */
    const look = async (got, again) => {
      if (/clear|one-host/.test(reason(got)))
        await Promise.race([search(got, again), pause(again ? 1e4 : 400)]);
    };
    /** @type {(found: Ruling, got: Outcomes) => Ruling | false | undefined} */
    const rule = (found, got) => found.reason === "clear" && judge(got, brave);
    return { rule, look };
  };
  /** @type {any} */ (document.currentScript).watch = watch;
})();
