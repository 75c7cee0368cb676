// Runs the client's own verdict table over the vectors: `node table.mjs client.js detection.json`
// prints one JSON line per case. The table is cut out of the source; the page gets no global for it.
import { readFileSync } from "node:fs";

const [source, vectors] = process.argv.slice(2).map((name) => readFileSync(name, "utf8"));
const table = source.match(/\/\/ table\b.*\n([^]*?)\/\/ end table/);
const classify = new Function(`${table[1]}; return classify;`)();
const { kinds, cases } = JSON.parse(vectors);
for (const one of cases) {
  const found = classify(one.signals, one.kinds ?? kinds, one.brave ?? false, one.earlier ?? "");
  console.log(JSON.stringify(found));
}
