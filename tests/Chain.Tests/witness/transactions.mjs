// Random EIP-1559 and legacy transactions, signed by viem.
import { keccak256 } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { below, count, hex, number, print, address } from "./random.mjs";

const cases = [];
for (let i = 0; i < count; i++) {
  const key = hex(32);
  const legacy = below(3) === 0;
  const fee = number(60) + 1n;
  const t = {
    chainId: 1 + below(2 ** 31 - 1), nonce: below(2 ** 31), to: below(5) === 0 ? null : address(), value: number(128), data: hex(below(300)),
    gas: number(50), ...(legacy ? { gasPrice: fee } : { maxFeePerGas: fee, maxPriorityFeePerGas: fee - (fee > 1n ? number(40) % fee : 0n) }),
  };
  const account = privateKeyToAccount(key);
  const raw = await account.signTransaction({ ...t, type: legacy ? "legacy" : "eip1559" });
  cases.push({ ...t, key, sender: account.address, raw, hash: keccak256(raw) });
}
print(cases);
