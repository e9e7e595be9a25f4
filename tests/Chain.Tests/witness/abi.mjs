// Random types and values with viem's encoding.
import { encodeAbiParameters } from "viem";
import { below, count, forViem, pick, print, value } from "./random.mjs";

function type(depth) {
  const kind = below(depth > 0 ? 12 : 9);
  switch (kind) {
    case 0: return { type: "address" };
    case 1: return { type: "bool" };
    case 2: return { type: "string" };
    case 3: return { type: "bytes" };
    case 4: return { type: `bytes${1 + below(32)}` };
    case 5: case 6: return { type: `uint${8 * (1 + below(32))}` };
    case 7: case 8: return { type: `int${8 * (1 + below(32))}` };
    case 9: return { type: "tuple", components: Array.from({ length: 1 + below(4) }, (_, i) => ({ name: `m${i}`, ...type(depth - 1) })) };
    default: {
      const element = type(depth - 1);
      return { ...element, type: element.type + pick(["[]", "[2]", "[1]", "[3]"]) };
    }
  }
}

print(Array.from({ length: count }, () => {
  const parameters = Array.from({ length: 1 + below(4) }, (_, i) => ({ name: `p${i}`, ...type(3) }));
  const values = parameters.map(value);
  return { parameters, values, encoded: encodeAbiParameters(parameters, parameters.map((p, i) => forViem(p, values[i]))) };
}));
