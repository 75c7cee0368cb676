// Runs in the page under inspection, by `adguard lint --live`. Answers what its style sheets do to
// elements that carry our bait names, and where its inline scripts mention them.
/** @param {{ baits: { id: string, ids: string[], classes: string[] }[], control: { ids: string[], classes: string[] }, names: string[] }} given */
(given) => {
  const make = (one) => {
    const row = document.createElement("span");
    const element = document.createElement("span");
    element.className = one.classes.join(" ");
    element.id = one.ids.join("");
    row.append(element);
    document.body.append(row);
    return { row, element };
  };
  const control = make(given.control);
  const baits = given.baits.map((one) => ({ name: one.id, ...make(one) }));
  const mentions = (text) => given.names.filter((name) => new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(text));
  const matches = (element, selector) => {
    try {
      return element.matches(selector);
    } catch {
      return false; // A selector that this browser does not know.
    }
  };
  const rules = [];
  const unreadable = [];
  const walk = (list, place) => {
    for (const rule of list) {
      const selector = rule.selectorText;
      if (selector) {
        const hit = baits.filter((bait) => matches(bait.element, selector)).map((bait) => bait.name);
        const neutral = matches(control.element, selector);
        const named = mentions(selector);
        const hides = /display:\s*none|visibility:\s*(hidden|collapse)|(^|[\s;{])(max-)?height:\s*0(px)?\s*[;!}]/.test(rule.cssText);
        if (named.length || (hit.length && !neutral) || (neutral && hides))
          rules.push({ place, text: rule.cssText.slice(0, 200), hit, neutral, named, hides });
      }
      if (rule.cssRules) walk(rule.cssRules, place);
    }
  };
  [...document.styleSheets].forEach((sheet, number) => {
    const place = sheet.href || `inline style ${number + 1}`;
    try {
      walk(sheet.cssRules, place);
    } catch {
      unreadable.push(place); // From another origin, without CORS.
    }
  });
  for (const { row } of [control, ...baits]) row.remove();
  const scripts = [...document.scripts];
  const inline = scripts
    .filter((script) => !script.src)
    .map((script, number) => ({ place: `inline script ${number + 1}`, named: mentions(script.textContent) }))
    .filter((one) => one.named.length);
  return {
    rules: rules.slice(0, 100),
    unreadable,
    inline,
    sources: [...new Set(scripts.filter((script) => script.src).map((script) => script.src))],
    metas: [...document.querySelectorAll("meta[http-equiv]")]
      .filter((meta) => /^content-security-policy$/i.test(meta.httpEquiv))
      .map((meta) => meta.content),
    nonce: document.querySelector("script[data-verdict]")?.nonce || "",
  };
}
