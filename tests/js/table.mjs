// Runs the page's own verdict tables over the vectors: `node table.mjs client.js watch.js
// detection.json` prints one JSON line per case. The tables are cut out of the sources; the page gets
// no globals for them. As the client does, it hears the hosts when the baits have nothing to say.
import { readFileSync } from "node:fs";

const [client, watch, vectors] = process.argv.slice(2).map((name) => readFileSync(name, "utf8"));
const cut = (source, name) => {
  const table = source.match(/\/\/ table\b.*\n([^]*?)\/\/ end table/);
  return new Function(`${table[1]}; return ${name};`)();
};
const [classify, judge] = [cut(client, "classify"), cut(watch, "judge")];
const { kinds, cases } = JSON.parse(vectors);
for (const { signals, kinds: own = kinds, brave = false, earlier = "" } of cases) {
  const found = classify(signals, own, brave, earlier);
  const hosts = found.reason === "clear" && judge(signals, brave);
  console.log(JSON.stringify(hosts || found));
}
