// Asks one engine for its decisions: node decide.mjs MODULES < job.json > decisions.json
//
// MODULES is the folder with node_modules in it. A job:
//   {engine, lists: [text], suffixes, environment: [constant],
//    requests: [[url, page, kind, method]], elements: [[page, element]]}
// where an element is {tag, id, classes, attributes, empty, parent, previous}. The decisions:
//   {requests: [[blocked, rule, exception]], elements: [selector or ""], off: [[generic, specific]]}
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(`${process.argv[2]}/package.json`));
const load = async (name) => {
  const module = await import(pathToFileURL(require.resolve(name)).href);
  return { ...module.default, ...module }; // what was CommonJS has its names in `default`
};
const job = JSON.parse(readFileSync(0, "utf8"));
const typeOf = (kind) => ({ document: "main_frame", subdocument: "sub_frame" })[kind] ?? kind;

async function ublock() {
  const { pslInit } = await load("@gorhill/ubo-core");
  const { default: engine } = await load("@gorhill/ubo-core/js/static-net-filtering.js");
  const { AstFilterParser, utils } = await load("@gorhill/ubo-core/js/static-filtering-parser.js");
  const { FilteringContext } = await load("@gorhill/ubo-core/js/filtering-context.js");
  const { CompiledListReader, CompiledListWriter } = await load(
    "@gorhill/ubo-core/js/static-filtering-io.js",
  );
  pslInit(job.suffixes);
  engine.reset();
  const compiler = engine.createCompiler();
  const parser = new AstFilterParser({
    trustedSource: true,
    maxTokenLength: engine.MAX_TOKEN_LENGTH,
  });
  const environment = job.environment.map((constant) => constant.replace(/^(ext|env|cap)_/, ""));
  for (const text of job.lists) {
    const writer = new CompiledListWriter();
    for (const line of utils.preparser.prune(text, environment).split("\n")) {
      parser.parse(line.trim());
      if (parser.isNetworkFilter()) compiler.compile(parser, writer);
    }
    engine.fromCompiled(new CompiledListReader(writer.toString()));
  }
  engine.freeze();
  engine.optimize();
  const context = new FilteringContext();
  const requests = job.requests.map(([url, page, kind, method]) => {
    const originURL = kind === "document" ? url : page;
    context.fromDetails({ url, originURL, type: typeOf(kind) });
    context.method = FilteringContext.getMethod(method);
    const found = engine.matchRequest(context);
    const rule = found ? engine.toLogData().raw : "";
    return [found === 1, found === 1 ? rule : "", found === 2 ? rule : ""];
  });
  const off = job.elements.map(([page]) =>
    ["generichide", "specifichide"].map((type) => engine.matchRequestReverse(type, page) === 2),
  );
  return { requests, elements: [], off };
}

async function ghostery() {
  const { FiltersEngine, Request } = await load("@ghostery/adblocker");
  const { compile } = await load("css-select");
  const { Element, Text } = await load("domhandler");
  const engine = FiltersEngine.parse(job.lists.join("\n"), {
    debug: true,
    enableOptimizations: false,
    loadPreprocessors: true,
  });
  engine.updateEnv(new Map(job.environment.map((constant) => [constant, true])));
  const requests = job.requests.map(([url, page, kind]) => {
    const request = Request.fromRawDetails({ url, sourceUrl: page, type: typeOf(kind) });
    const found = engine.match(request);
    return [found.match, found.filter?.rawLine ?? "", found.exception?.rawLine ?? ""];
  });

  const made = (described) => {
    const attributes = { ...described.attributes };
    if (described.id) attributes.id = described.id;
    if (described.classes.length) attributes.class = described.classes.join(" ");
    const element = new Element(described.tag, attributes, described.empty ? [] : [new Text("x")]);
    const siblings = [element];
    for (let one = described.previous; one; one = one.previous) {
      siblings.unshift(made({ ...one, parent: null, previous: null }));
    }
    const parent = described.parent && made(described.parent);
    siblings.forEach((one, place) => {
      one.parent = parent;
      one.prev = siblings[place - 1] ?? null;
      one.next = siblings[place + 1] ?? null;
    });
    if (parent) parent.children = siblings;
    return element;
  };
  const compiled = new Map();
  const selects = (selector, element) => {
    if (!compiled.has(selector)) compiled.set(selector, compile(selector));
    return compiled.get(selector)(element);
  };
  const { genericRules } = engine.cosmetics.lazyPopulateGenericRulesCache();
  const apart = new Set(genericRules.map((rule) => rule.getSelector()));
  const everywhere = engine.cosmetics.genericRules
    .getFilters()
    .filter(plain)
    .map((rule) => rule.getSelector())
    .filter((selector) => !apart.has(selector));
  const elements = job.elements.map(([page, described]) => {
    const { hostname, domain } = Request.fromRawDetails({ url: page });
    const standing = around(described);
    const { matches, allowGenericHides } = engine.matchCosmeticFilters({
      url: page,
      hostname,
      domain,
      classes: standing.flatMap(({ classes }) => classes),
      ids: standing.map(({ id }) => id).filter(Boolean),
      hrefs: standing.map(({ attributes }) => attributes.href).filter(Boolean),
      getInjectionRules: false,
      getExtendedRules: false,
    });
    const found = matches
      .filter(({ filter, exception }) => filter && !exception && plain(filter))
      .map(({ filter }) => filter.getSelector());
    if (allowGenericHides) found.push(...everywhere);
    const element = made(described);
    return found.find((selector) => selects(selector, element)) ?? "";
  });
  return { requests, elements, off: [] };
}

// The element and those around it: what Ghostery's page script would report.
function around(one) {
  return one ? [one, ...around(one.previous), ...around(one.parent)] : [];
}

// What needs no more than an element and those around it; `adguard/filters` leaves out the rest.
function plain(rule) {
  return !(
    /\{|::|:(?:has|matches|min-text|nth|first|last|only|remove|style|upward|xpath)\b/.test(rule.getSelector()) ||
    rule.isExtended() ||
    rule.isScriptInject() ||
    rule.isHtmlFiltering() ||
    rule.hasCustomStyle()
  );
}

const engines = { ublock, ghostery };
process.stdout.write(JSON.stringify(await engines[job.engine]()));
