// What the walk of the contact sheet does in a page: puts looks on, asks axe, measures text.
globalThis.site = (() => {
  const host = () => document.getElementById("site-note");
  const root = () => host()?.shadowRoot ?? document;
  const worn = new CSSStyleSheet();
  const sized = new CSSStyleSheet();

  const dress = () => {
    const target = root();
    for (const sheet of [worn, sized]) {
      if (!target.adoptedStyleSheets.includes(sheet)) target.adoptedStyleSheets.push(sheet);
    }
  };

  const wear = (css, scheme) => {
    dress();
    worn.replaceSync(css);
    document.documentElement.style.colorScheme = scheme;
    if (host()) host().dataset.scheme = scheme;
  };

  const fetched = async (url) => {
    const made = new DOMParser().parseFromString(await (await fetch(url)).text(), "text/html");
    const { lang, dir } = made.documentElement;
    Object.assign(document.documentElement, { lang, dir });
    return made;
  };

  // As the module shows a view, without its ways of getting there.
  const putNote = async (url, view, says, signals) => {
    const made = await fetched(url);
    const sheet = document.importNode(made.querySelector(".site-note-sheet"), true);
    const frame = root().firstElementChild;
    frame.replaceChildren(sheet);
    frame.scrollTop = 0;
    const shownView = view || sheet.querySelector("[data-view]:not([hidden])").dataset.view;
    for (const one of sheet.querySelectorAll("[data-view]")) one.hidden = one.dataset.view !== shownView;
    frame.setAttribute("aria-labelledby", `site-note-${shownView}`);
    const words = JSON.parse(sheet.dataset.words);
    for (const row of sheet.querySelectorAll("[data-signal]")) {
      const seen = [signals[row.dataset.signal], signals[row.dataset.control]];
      for (const [index, cell] of [...row.querySelectorAll("td")].entries()) {
        cell.textContent = words[seen[index]];
        cell.dataset.outcome = seen[index];
      }
    }
    const select = sheet.querySelector("select");
    if (select) sheet.querySelector(".site-note-picked").textContent = select.selectedOptions[0].text;
    const status = sheet.querySelector("[role=status]");
    if (status && says) status.textContent = words[says] ?? "";
  };

  const putPage = async (url) => {
    const made = await fetched(url);
    document.title = made.title;
    document.body.replaceWith(document.importNode(made.body, true));
  };

  const inspect = async (looks, css) => {
    const found = [];
    for (const [theme, scheme] of looks) {
      wear(css[theme], scheme);
      const answer = await axe.run(document, { resultTypes: ["violations"] });
      for (const { id, nodes } of answer.violations) {
        const html = nodes.map((node) => node.html.slice(0, 160));
        found.push({ what: `axe ${id}`, theme, scheme, html });
      }
    }
    return found;
  };

  const shown = (element) => element.checkVisibility({ visibilityProperty: true });
  const told = (element) =>
    `${element.localName}.${element.className} ${(element.textContent || "").trim().slice(0, 60)}`;
  const meet = (one, other) =>
    Math.min(one.right, other.right) - Math.max(one.left, other.left) > 1 &&
    Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 1;

  const texts = (within) => {
    const walker = document.createTreeWalker(within, NodeFilter.SHOW_TEXT);
    const found = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const parent = node.parentElement;
      if (!node.data.trim() || !parent || parent.closest("select, script, style") || !shown(parent)) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      found.push({ parent, boxes: [...range.getClientRects()].filter((box) => box.width) });
    }
    return found;
  };

  const blockOf = (element) => {
    while (getComputedStyle(element).display.startsWith("inline") && !element.matches("button, a, summary")) {
      element = element.parentElement;
    }
    return element;
  };

  const pen = document.createElement("canvas").getContext("2d");

  const faults = () => {
    const found = [];
    const all = [...root().querySelectorAll("*")].filter(
      (element) => !element.closest("head, script, svg, option") && shown(element) && element.getClientRects().length,
    );
    for (const element of all) {
      const box = element.getBoundingClientRect();
      if (box.right > innerWidth + 1 || box.left < -1) found.push(["beyond the window", told(element)]);
      const style = getComputedStyle(element);
      if (style.display === "inline" || !element.clientWidth) continue;
      if (element.localName === "select" && style.opacity === "0") continue;
      if (element.localName === "select") {
        pen.font = style.font;
        const room = element.clientWidth - parseFloat(style.paddingInlineStart) - parseFloat(style.paddingInlineEnd);
        const name = element.selectedOptions[0]?.text ?? "";
        if (pen.measureText(name).width > room + 1) found.push(["a choice that is cut off", name]);
        continue;
      }
      // A field is a window on its text, in every browser.
      if (element.localName === "input") continue;
      if (element.scrollWidth > element.clientWidth + 1) found.push(["wider than its box", told(element)]);
      const clips = ["hidden", "clip"].includes(style.overflowY);
      if (clips && element.scrollHeight > element.clientHeight + 1) found.push(["taller than its box", told(element)]);
    }
    for (const element of all) {
      if (!element.matches("button, input:not([type=hidden]), select, summary, a") || element.closest("p, header[lang]")) continue;
      const { width, height } = element.getBoundingClientRect();
      if (width < 43.9 || height < 43.9) found.push(["a target that is too small", `${told(element)}: ${width} x ${height}`]);
    }
    const controls = all.filter((element) => element.matches("button, a[href], select, summary, input:not([type=hidden])"));
    const places = controls.map((element) => [...element.getClientRects()]);
    for (const [index, element] of controls.entries()) {
      for (let other = index + 1; other < controls.length; other++) {
        if (element.contains(controls[other])) continue;
        if (places[index].some((one) => places[other].some((two) => meet(one, two)))) {
          found.push(["two controls overlap", `${told(element)} / ${told(controls[other])}`]);
        }
      }
    }
    for (const { parent, boxes } of texts(root() === document ? document.body : root())) {
      const block = blockOf(parent).getBoundingClientRect();
      // Fonts of some scripts are taller than their lines, which is no fault of the box.
      const slack = parseFloat(getComputedStyle(parent).fontSize) * 0.35;
      for (const box of boxes) {
        if (box.left < block.left - 1 || box.right > block.right + 1) {
          found.push(["text outside its box", told(parent)]);
          break;
        }
        if (box.top < block.top - slack || box.bottom > block.bottom + slack) {
          found.push(["text above or below its box", told(parent)]);
          break;
        }
      }
      for (const [index, element] of controls.entries()) {
        if (element.contains(parent) || parent.matches("[aria-hidden=true]")) continue;
        if (boxes.some((box) => places[index].some((place) => meet(box, place)))) {
          found.push(["a control over text", `${told(element)} / ${told(parent)}`]);
        }
      }
    }
    return found;
  };

  const measure = (themes, sizes) => {
    const found = [];
    for (const [theme, css] of themes) {
      wear(css, "light");
      for (const size of sizes) {
        sized.replaceSync(
          `.site-note-sheet, .site-note-dialog, .site-note-page { font-size: ${size}px !important; }`,
        );
        for (const [what, element] of faults()) found.push({ what, theme, text: size, width: innerWidth, element });
      }
    }
    sized.replaceSync("");
    return found;
  };

  return { inspect, measure, putNote, putPage };
})();
