// Big-endian fields and hashes, built on viem and noble only: nothing here is shared with the C# or the Solidity code.
import { concatHex, keccak256, numberToHex, sha256, stringToHex, padHex } from 'viem';

export const u8 = (n) => numberToHex(n, { size: 1 });
export const u16 = (n) => numberToHex(n, { size: 2 });
export const u32 = (n) => numberToHex(n, { size: 4 });
export const u64 = (n) => numberToHex(BigInt(n), { size: 8 });
export const i64 = (n) => numberToHex(BigInt.asUintN(64, BigInt(n)), { size: 8 });
export const u128 = (n) => numberToHex(BigInt(n), { size: 16 });
export const word = (hex) => padHex(hex, { size: 32 });
export const tag = (name) => concatHex(['0x19', stringToHex(`DePIN ${name} v1`)]);
export const cat = (...parts) => (parts.length === 0 ? '0x' : concatHex(parts));
export const keccak = (...parts) => keccak256(cat(...parts));
export const sha = (...parts) => sha256(cat(...parts));
export const size = (hex) => (hex.length - 2) / 2;
export const bytes = (hex) => Uint8Array.from(Buffer.from(hex.slice(2), 'hex'));
export const hex = (array) => `0x${Buffer.from(array).toString('hex')}`;
/** A fixed 32-byte value for a label: a stand-in hash or key that anyone can make again. */
export const fixed = (label) => keccak(stringToHex(label));
export const ZERO = word('0x');
