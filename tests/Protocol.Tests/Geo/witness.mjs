// Streams what h3-js says, one line per case, for H3GridTests: node witness.mjs <seed> <points>
import * as h3 from 'h3-js';

let state = BigInt(process.argv[2]);
const count = Number(process.argv[3]);
const random = () => { // splitmix64
  state = (state + 0x9E3779B97F4A7C15n) & 0xFFFFFFFFFFFFFFFFn;
  let z = state;
  z = ((z ^ (z >> 30n)) * 0xBF58476D1CE4E5B9n) & 0xFFFFFFFFFFFFFFFFn;
  z = ((z ^ (z >> 27n)) * 0x94D049BB133111EBn) & 0xFFFFFFFFFFFFFFFFn;
  return Number((z ^ (z >> 31n)) >> 11n) / 2 ** 53;
};
const out = [];
const e7 = x => Math.round(x * 1e7);
const point = (kind, lat, lng, res) => {
  const cell = h3.latLngToCell(lat / 1e7, lng / 1e7, res);
  const [clat, clng] = h3.cellToLatLng(cell);
  out.push(['point', lat, lng, res, cell, e7(clat), e7(clng), h3.isPentagon(cell) ? 1 : 0].join(' '));
  return cell;
};
const pentagons = Array.from({ length: 16 }, (_, r) => h3.getPentagons(r)).flat();
for (let n = 0; n < count; n++) {
  const lat = e7(Math.asin(2 * random() - 1) * 180 / Math.PI), lng = e7(360 * random() - 180);
  point('any', lat, lng, n % 16);
  // Around the twelve pentagons, where the grid is hardest: offsets from centimetres to hundreds of kilometres.
  const [plat, plng] = h3.cellToLatLng(pentagons[n % 192]);
  const reach = 10 ** (-6 + 7 * random());
  const nlat = Math.max(-89.9, Math.min(89.9, plat + (random() - 0.5) * reach));
  let nlng = plng + (random() - 0.5) * reach / Math.cos(nlat * Math.PI / 180);
  nlng = ((nlng + 540) % 360) - 180;
  const cell = point('near', e7(nlat), e7(nlng), (n >> 3) % 16);
  if (n % 10 === 0) {
    const k = 1 + n / 10 % 3;
    out.push(['disk', cell, k, ...h3.gridDisk(cell, k).map(c => BigInt('0x' + c)).sort((a, b) => a < b ? -1 : 1).map(c => c.toString(16))].join(' '));
    const other = h3.latLngToCell((lat + e7((random() - 0.5) * 0.2)) / 1e7, (lng + e7((random() - 0.5) * 0.2)) / 1e7, n % 16);
    const own = h3.latLngToCell(lat / 1e7, lng / 1e7, n % 16);
    try { out.push(['distance', own, other, h3.gridDistance(own, other)].join(' ')); } catch { /* it refuses some pairs near pentagons */ }
  }
}
for (const cell of h3.getRes0Cells()) {
  out.push(['disk', cell, 1, ...h3.gridDisk(cell, 1).map(c => BigInt('0x' + c)).sort((a, b) => a < b ? -1 : 1).map(c => c.toString(16))].join(' '));
  for (const child of h3.cellToChildren(cell, 2)) {
    const [clat, clng] = h3.cellToLatLng(child);
    out.push(['cell', child, e7(clat), e7(clng), h3.isPentagon(child) ? 1 : 0].join(' '));
  }
}
for (let n = 0; n < 2000; n++) { // validity, from cells with a few bits turned over
  let value = BigInt('0x' + h3.latLngToCell(180 * random() - 90, 360 * random() - 180, n % 16));
  for (let flips = n % 4; flips > 0; flips--) value ^= 1n << BigInt(Math.floor(64 * random()));
  const text = value.toString(16).padStart(16, '0');
  out.push(['valid', text, h3.isValidCell(text) ? 1 : 0].join(' '));
}
process.stdout.write(out.join('\n') + '\n');
