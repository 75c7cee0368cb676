"""Faults of the page's own scripts: what they replace, break, take out or write anew."""

from __future__ import annotations

from e2e.faults.fault import CLEAR, DROPPED, SILENT, TIMEOUT, UNJUDGED, Fault, body, script


def doing(name: str, reasons: frozenset[str], code: str, *counted: int) -> Fault:
    """A page whose script does something before ours comes."""
    return Fault(name, reasons, page=script(code), counted=counted or (1,))


def later(event: str, code: str) -> str:
    return f"addEventListener('{event}', () => {{ {code} }});"


def observing(code: str) -> str:
    what = "{ childList: true, subtree: true }"
    return f"new MutationObserver(() => {{ {code} }}).observe(document, {what});"


REPLACED = (
    doing(
        "fetch wrapped",
        CLEAR,
        "const own = fetch; window.fetch = (...all) => own(...all).then(said => said.clone());",
    ),
    doing(
        "fetch that adds to every address",
        CLEAR,
        """const own = fetch;
        const more = url => url + (/[?]/.test(url) ? '&' : '?') + 'v=3';
        window.fetch = (url, options) => own(more(url), options);""",
    ),
    doing(
        "fetch that always fails",
        DROPPED,
        "window.fetch = () => Promise.reject(new TypeError('no'));",
        0,
    ),
    doing("no fetch", DROPPED, "window.fetch = undefined;", 0),
    doing(
        "fetch answered by a mock",
        DROPPED,
        "window.fetch = async () => new Response('{}');",
        0,
    ),
    doing(
        "Image replaced",
        TIMEOUT,
        "window.Image = function () { return document.createElement('div') };",
    ),
    doing("no Image", DROPPED, "window.Image = undefined;"),
    doing(
        "Promise replaced by an old polyfill",
        CLEAR,
        """const Own = Promise;
        window.Promise = function (run) { this.own = new Own(run) };
        const wrap = own => Object.assign(Object.create(window.Promise.prototype), { own });
        window.Promise.prototype.then = function (a, b) { return wrap(this.own.then(a, b)) };
        window.Promise.prototype.catch = function (b) { return wrap(this.own.catch(b)) };
        for (const name of ['all', 'race', 'resolve', 'reject'])
          window.Promise[name] = value => wrap(Own[name](value));""",
    ),
    doing(
        "timers that fire at once",
        TIMEOUT | DROPPED | UNJUDGED | CLEAR,
        """const own = setTimeout;
        window.setTimeout = (run, ms, ...all) => own(run, 0, ...all);""",
        0,
        1,
    ),
    doing("timers that never fire", SILENT | CLEAR, "window.setTimeout = () => 0;", 0, 1),
    doing(
        "Prototype.js: toJSON on everything",
        CLEAR,
        """for (const kind of [Array, String, Number, Date])
          kind.prototype.toJSON = function () {
            const own = kind.prototype.toJSON;
            delete kind.prototype.toJSON;
            const said = JSON.stringify(this.valueOf());
            kind.prototype.toJSON = own;
            return said;
          };""",
        0,
        1,
    ),
    doing(
        "Array methods replaced and added",
        CLEAR,
        """for (const name of ['map', 'filter', 'find', 'some', 'includes', 'forEach']) {
          const own = Array.prototype[name];
          Array.prototype[name] = function (...all) { return own.apply(this, all) };
        }
        for (const name of ['remove', 'first', 'last', 'clear', 'each', 'script'])
          Array.prototype[name] = function () { return this };""",
    ),
    doing(
        "Object.prototype polluted",
        CLEAR | DROPPED,
        """const names = 'extend each script image element clear token mode n1 c1';
        for (const name of names.split(' ')) Object.prototype[name] = 'blocked';""",
        0,
        1,
    ),
    doing("JSON without stringify", CLEAR, "JSON.stringify = undefined;", 0),
    doing(
        "storage that throws",
        CLEAR,
        """Object.defineProperty(window, 'sessionStorage', {
          get() { throw new DOMException('no', 'SecurityError') } });""",
    ),
    doing("storage with somebody else's words", CLEAR, "sessionStorage['site-note'] = 'null';"),
    doing(
        "performance entries switched off",
        CLEAR,
        "performance.setResourceTimingBufferSize(0); performance.getEntriesByName = () => [];",
    ),
    doing(
        "a consent manager holds new scripts back",
        TIMEOUT,
        """const own = document.createElement.bind(document);
        document.createElement = (name, more) => {
          const made = own(name, more);
          if (name === 'script') made.type = 'text/plain';
          return made;
        };""",
    ),
)
SWAP = """const fresh = document.createElement('body');
  fresh.innerHTML = '<main>Words</main>';
  document.body?.replaceWith(fresh);"""
TAKEN = (
    doing(
        "an observer removes unknown nodes",
        CLEAR | DROPPED,
        observing("document.querySelectorAll('[data-site-row]').forEach(one => one.remove());"),
    ),
    doing(
        "an observer removes one of our elements",
        UNJUDGED,
        observing("document.querySelector('#sidebar_ad')?.remove();"),
    ),
    doing(
        "an observer removes all scripts",
        SILENT | CLEAR,
        observing("document.querySelectorAll('script').forEach(one => one.remove());"),
        0,
        1,
    ),
    doing("a framework swaps the body", CLEAR | DROPPED, later("DOMContentLoaded", SWAP)),
    doing(
        "a framework swaps the body every 100 ms",
        CLEAR | DROPPED,
        f"setInterval(() => {{ {SWAP} }}, 100);",
    ),
    doing(
        "a framework swaps the whole document",
        CLEAR | DROPPED,
        later("load", "document.documentElement.innerHTML = '<body><main>Words</main></body>';"),
    ),
    Fault(
        "document.write while loading",
        CLEAR,
        page=body("<script>document.write('<div><p>Written<table><tr><td>')</script>"),
    ),
    doing(
        "document.open after loading",
        SILENT | CLEAR,
        later("load", "document.open(); document.write('<p>Words'); document.close();"),
        0,
        1,
    ),
    doing(
        "translated: every word wrapped",
        CLEAR,
        later(
            "load",
            """document.documentElement.lang = 'ar';
            for (const one of document.querySelectorAll('h1, p'))
              one.innerHTML = '<font><font>' + one.innerHTML + '</font></font>';""",
        ),
    ),
    doing(
        "the address has a broken percent sign",
        CLEAR,
        "history.replaceState(null, '', location.pathname + '?q=%E0%A4%A#%');",
    ),
)
FAULTS = (*REPLACED, *TAKEN)
