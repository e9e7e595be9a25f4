// Random addresses with viem's EIP-55 checksum.
import { getAddress } from "viem";
import { address, count, print } from "./random.mjs";

print(Array.from({ length: count }, address).map((a) => ({ address: a, checksum: getAddress(a) })));
