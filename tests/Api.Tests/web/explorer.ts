// A program that uses the generated client; it must compile as it stands. A line after @ts-expect-error must not.
import createClient from "openapi-fetch";
import type { components, operations, paths } from "./api.js";

declare const process: { argv: string[] };
const api = createClient<paths>({ baseUrl: process.argv[2] ?? "" });

const { data: network, error: none } = await api.GET("/v1/network");
if (none || !network) throw new Error(none?.detail ?? "no network");
const minted: string = network.totals.minted;
const devices: number = network.totals.devices;
// @ts-expect-error money is text
const sum: number = network.totals.minted;
console.log(JSON.stringify({ name: network.name, minted, devices }));

const tokens: number[] = [];
for (let page = await list(); ; page = await list(page.next)) {
  for (const device of page.items) tokens.push(device.tokenId);
  if (page.next === null) break;
}
console.log(JSON.stringify({ tokens }));

// @ts-expect-error not an order
const disordered = api.GET("/v1/devices", { params: { query: { sort: "best" } } });
// @ts-expect-error not a number of items
const endless = api.GET("/v1/devices", { params: { query: { limit: "all" } } });
// @ts-expect-error not a path
const nowhere = api.GET("/v1/nowhere");
await Promise.all([disordered, endless, nowhere]);

const { data: epoch } = await api.GET("/v1/epochs/{epoch}", { params: { path: { epoch: 1 } } });
const row: components["schemas"]["EpochRow"] | undefined = epoch?.summary;
const judged: number | null | undefined = row?.accepted; // null until the evidence is imported
console.log(JSON.stringify({ status: row?.status, judged, reasons: epoch?.reasons.map((r) => r.proofs).reduce((a, b) => a + b, 0) }));

const { data: missing, error, response } = await api.GET("/v1/devices/{id}", { params: { path: { id: "99" } } });
const code: string | undefined = error?.code;
console.log(JSON.stringify({ missing: missing === undefined, status: response.status, code }));

// Operations have names.
type Listed = operations["listDevices"]["parameters"]["query"];
const query: Listed = { class: 2 };
console.log(JSON.stringify({ query }));

async function list(cursor?: string) {
  const { data, error } = await api.GET("/v1/devices", { params: { query: { sort: "newest", status: "active", from: "1970-01-01T00:00:00Z", limit: 2, ...(cursor ? { cursor } : {}) } } });
  if (error) throw new Error(error.detail ?? "no devices");
  return data;
}
