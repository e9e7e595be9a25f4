// Numbers that are the same for the same seed.

/** xorshift of 32 bits. */
export function random(state) {
  let s = state >>> 0 || 1;
  const next = () => {
    s ^= s << 13; s >>>= 0;
    s ^= s >>> 17;
    s ^= s << 5; s >>>= 0;
    return s;
  };
  const below = (n) => next() % n;
  return { next, below, pick: (list) => list[below(list.length)], chance: (percent) => below(100) < percent, between: (low, high) => low + BigInt(next()) % (high - low + 1n) };
}
