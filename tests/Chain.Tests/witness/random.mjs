// Seeded randomness, so that a failure can be repeated: node witness/<script>.mjs <seed> <count>
export const seed = BigInt(process.argv[2] ?? 1);
export const count = Number(process.argv[3] ?? 100);

let state = seed * 0x9e3779b97f4a7c15n & 0xffffffffffffffffn;
function next() {
  state = (state + 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn;
  let z = state;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & 0xffffffffffffffffn;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & 0xffffffffffffffffn;
  return z ^ (z >> 31n);
}
export const below = (n) => Number(next() % BigInt(n));
export const pick = (list) => list[below(list.length)];
export const hex = (length) => "0x" + Array.from({ length }, () => below(256).toString(16).padStart(2, "0")).join("");
export function number(bits) {
  const limit = 1n << BigInt(bits);
  switch (below(6)) {
    case 0: return 0n;
    case 1: return limit - 1n;
    case 2: return BigInt(below(256)) % limit;
    default: {
      let value = 0n;
      for (let i = 0; i < 4; i++) value = (value << 64n) | next();
      return value % (1n << BigInt(1 + below(bits)));
    }
  }
}
const words = ["", "a", "Aberdeen", "Grenoble, capteur №7", "水", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "x".repeat(31), "y".repeat(32), "z".repeat(33)];
export const text = () => pick(words) + (below(2) ? String(below(1e6)) : "");
export const address = () => hex(20);

// A random value of an ABI type; array lengths are short so that nesting stays small.
export function value(parameter) {
  const array = /^(.*)\[(\d*)\]$/.exec(parameter.type);
  if (array) {
    const length = array[2] === "" ? below(4) : Number(array[2]);
    return Array.from({ length }, () => value({ ...parameter, type: array[1] }));
  }
  const type = parameter.type;
  if (type === "tuple") return Object.fromEntries(parameter.components.map((c) => [c.name, value(c)]));
  if (type === "address") return address();
  if (type === "bool") return below(2) === 1;
  if (type === "string") return text();
  if (type === "bytes") return hex(pick([0, 1, 31, 32, 33, 64, below(200)]));
  if (type.startsWith("bytes")) return hex(Number(type.slice(5)));
  if (type.startsWith("uint")) return number(Number(type.slice(4)));
  const bits = Number(type.slice(3));
  const magnitude = number(bits - 1);
  return below(2) ? magnitude : -magnitude - (below(2) ? 1n : 0n);
}

// What viem takes: small numbers as numbers.
export function forViem(parameter, v) {
  const array = /^(.*)\[(\d*)\]$/.exec(parameter.type);
  if (array) return v.map((item) => forViem({ ...parameter, type: array[1] }, item));
  if (parameter.type === "tuple") return Object.fromEntries(parameter.components.map((c) => [c.name, forViem(c, v[c.name])]));
  const bits = /^u?int(\d+)$/.exec(parameter.type);
  return bits && Number(bits[1]) <= 48 ? Number(v) : v;
}

export const print = (data) => process.stdout.write(JSON.stringify(data, (_, v) => (typeof v === "bigint" ? v.toString() : v)));
