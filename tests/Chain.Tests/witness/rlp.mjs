// Random nested lists with viem's RLP.
import { toRlp } from "viem";
import { below, count, hex, pick, print } from "./random.mjs";

const item = (depth) => (depth > 0 && below(3) === 0 ? Array.from({ length: below(5) }, () => item(depth - 1)) : hex(pick([0, 1, 1, 1, 2, 32, 54, 55, 56, 57, 255, 256, 1000])));
print(Array.from({ length: count }, () => {
  const list = Array.from({ length: below(8) }, () => item(3));
  return { list, encoded: toRlp(list) };
}));
