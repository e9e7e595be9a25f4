// Every account, event and instruction of IDLs with random values, encoded by Anchor's own layouts: node solana-borsh.mjs <seed> <count> <IDL or folder>…
import { load } from "./idls.mjs";
import { count, print } from "./random.mjs";
import { anchor, members, PublicKey } from "./solana-values.mjs";

const room = Buffer.alloc(1 << 20);
const cases = [];
for (const idl of process.argv.slice(4).flatMap((file) => load(file, PublicKey))) {
  const coder = new anchor.BorshCoder(idl);
  const fieldsOf = (name) => idl.types.find((t) => t.name === name).type.fields ?? [];
  const add = (kind, name, { discriminator, layout }, fields) => {
    for (let i = 0; i < count; i++) {
      const [values, theirs] = members(idl, fields);
      const length = layout.encode(theirs, room);
      cases.push({ program: idl.metadata.name, kind, name, values, encoded: "0x" + Buffer.concat([Buffer.from(discriminator), room.subarray(0, length)]).toString("hex") });
    }
  };
  for (const { name } of idl.accounts ?? []) add("account", name, coder.accounts.accountLayouts.get(name), fieldsOf(name));
  for (const { name } of idl.events ?? []) add("event", name, coder.events.layouts.get(name), fieldsOf(name));
  for (const { name, args } of idl.instructions) add("instruction", name, coder.instruction.ixLayouts.get(name), args);
}
print(cases);
