// Every function, event and error of every artifact with random arguments, encoded by viem.
import fs from "node:fs";
import { encodeAbiParameters, encodeErrorResult, encodeEventTopics, encodeFunctionData } from "viem";
import { count, forViem, print, value } from "./random.mjs";

const folder = new URL("../../../contracts/evm/artifacts/", import.meta.url);
const cases = [];
for (const file of fs.readdirSync(folder).sort()) {
  const { abi } = JSON.parse(fs.readFileSync(new URL(file, folder)));
  const contract = file.replace(".json", "");
  const seen = {};
  for (const entry of abi) {
    if (!["function", "event", "error"].includes(entry.type)) continue;
    const overload = (seen[entry.type + entry.name] = (seen[entry.type + entry.name] ?? 0) + 1);
    for (let i = 0; i < count; i++) {
      const values = entry.inputs.map(value);
      const args = entry.inputs.map((p, j) => forViem(p, values[j]));
      const item = { contract, kind: entry.type, name: entry.name, overload, values };
      if (entry.type === "function") {
        item.encoded = encodeFunctionData({ abi: [entry], functionName: entry.name, args });
        item.results = entry.outputs.map(value);
        item.encodedResults = encodeAbiParameters(entry.outputs, entry.outputs.map((p, j) => forViem(p, item.results[j])));
      } else if (entry.type === "error") {
        item.encoded = encodeErrorResult({ abi: [entry], errorName: entry.name, args });
      } else {
        item.topics = encodeEventTopics({ abi: [entry], eventName: entry.name, args: Object.fromEntries(entry.inputs.map((p, j) => [p.name, args[j]])) });
        const plain = entry.inputs.map((p, j) => [p, args[j]]).filter(([p]) => !p.indexed);
        item.data = encodeAbiParameters(plain.map(([p]) => p), plain.map(([, v]) => v));
      }
      cases.push(item);
    }
  }
}
print(cases);
