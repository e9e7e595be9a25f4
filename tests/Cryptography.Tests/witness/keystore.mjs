// Opens or writes a version 3 keystore with OpenSSL's scrypt and AES and noble's Keccak: an independent reading of the format.
//   node keystore.mjs open  <file>          password on standard input; prints the key
//   node keystore.mjs seal  <key in hex>    password on standard input; prints a keystore
import { createCipheriv, createDecipheriv, pbkdf2Sync, randomBytes, scryptSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { keccak_256 } from '@noble/hashes/sha3';

const [verb, argument] = process.argv.slice(2);
const password = readFileSync(0);
const mac = (derived, text) => Buffer.from(keccak_256(Buffer.concat([derived.subarray(16, 32), text]))).toString('hex');

if (verb === 'open') {
  const { version, crypto } = JSON.parse(readFileSync(argument, 'utf8'));
  const { n, r, p, c, dklen, salt } = crypto.kdfparams;
  const text = Buffer.from(crypto.ciphertext, 'hex');
  const derived = crypto.kdf === 'scrypt'
    ? scryptSync(password, Buffer.from(salt, 'hex'), dklen, { N: n, r, p, maxmem: 1 << 30 })
    : pbkdf2Sync(password, Buffer.from(salt, 'hex'), c, dklen, 'sha256');
  if (version !== 3 || crypto.cipher !== 'aes-128-ctr' || mac(derived, text) !== crypto.mac) throw new Error('not a keystore of this password');
  const cipher = createDecipheriv('aes-128-ctr', derived.subarray(0, 16), Buffer.from(crypto.cipherparams.iv, 'hex'));
  console.log(Buffer.concat([cipher.update(text), cipher.final()]).toString('hex'));
} else {
  const salt = randomBytes(32), c = 1000;
  const iv = Buffer.from('ffffffffffffffffffffffffffffffff', 'hex'); // the counter wraps between the two blocks
  const derived = pbkdf2Sync(password, salt, c, 32, 'sha256');
  const cipher = createCipheriv('aes-128-ctr', derived.subarray(0, 16), iv);
  const text = Buffer.concat([cipher.update(Buffer.from(argument, 'hex')), cipher.final()]);
  console.log(JSON.stringify({
    version: 3, id: crypto.randomUUID(),
    crypto: {
      cipher: 'aes-128-ctr', cipherparams: { iv: iv.toString('hex') }, ciphertext: text.toString('hex'),
      kdf: 'pbkdf2', kdfparams: { c, dklen: 32, prf: 'hmac-sha256', salt: salt.toString('hex') }, mac: mac(derived, text),
    },
  }));
}
