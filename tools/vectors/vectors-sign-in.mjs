// Sign-in messages (EIP-4361) as viem makes and signs them, and what is none: each malformed one is a good one with a single thing changed.
import { privateKeyToAccount } from 'viem/accounts';
import { createSiweMessage, parseSiweMessage } from 'viem/siwe';
import { hashMessage, recoverMessageAddress } from 'viem';
import { fixed } from './layout.mjs';

const account = privateKeyToAccount(fixed('sign-in account'));
const time = (text) => new Date(text);

const base = {
  domain: 'jobs.example.org', address: account.address, uri: 'https://jobs.example.org/', version: '1', chainId: 31337,
  nonce: '32891756AbCd', issuedAt: time('2026-03-01T12:00:00.000Z'),
};
const full = {
  ...base, scheme: 'https', domain: 'jobs.example.org:8443', uri: 'https://jobs.example.org:8443/path/a%20b?x=1&y=%2f#part', statement: "Sign in to the jobs: it's free, isn't it? [yes/no]",
  expirationTime: time('2026-03-01T12:10:00.000Z'), notBefore: time('2026-03-01T11:59:00.000Z'), requestId: 'a-1_2.3~!$&\'()*+,;=:@%41',
  resources: ['ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ual3jsgpdr4cjr3oz3evfyavhwq/', 'https://example.com/my-web2-claim.json', 'urn:isbn:0451450523'],
};

// Expected fields in order of the message; null: the message has none.
async function valid(name, message, fields) {
  const signature = await account.signMessage({ message });
  if ((await recoverMessageAddress({ message, signature })) !== account.address) throw new Error(`${name}: the signature is not the account's`);
  return { name, message, fields, digest: hashMessage(message), signature };
}

function fieldsOf(message) {
  const f = parseSiweMessage(message);
  const unix = (date) => (date === undefined ? null : date.getTime());
  return {
    scheme: f.scheme ?? null, domain: f.domain, address: f.address, statement: f.statement ?? null, uri: f.uri, chainId: String(f.chainId), nonce: f.nonce,
    issuedAtMs: unix(f.issuedAt), expirationTimeMs: unix(f.expirationTime), notBeforeMs: unix(f.notBefore), requestId: f.requestId ?? null, resources: f.resources ?? null,
  };
}

export async function signInVectors() {
  const made = [
    ['the least', base],
    ['everything', full],
    ['a statement only', { ...base, statement: 'Sign in.' }],
    ['an address as domain', { ...base, domain: '127.0.0.1:8092', uri: 'http://127.0.0.1:8092' }],
    ['localhost', { ...base, scheme: 'http', domain: 'localhost:8092', uri: 'http://localhost:8092/' }],
    ['an expiry without a start', { ...base, expirationTime: full.expirationTime }],
    ['a start without an expiry', { ...base, notBefore: full.notBefore }],
    ['resources without the rest', { ...base, resources: ['did:example:1'] }],
    ['a request id without the rest', { ...base, requestId: 'x' }],
  ];
  const good = [];
  for (const [name, parameters] of made) {
    const message = createSiweMessage(parameters);
    good.push(await valid(name, message, fieldsOf(message)));
  }

  // What the grammar allows and viem's writer or reader does not: fields given here.
  const least = good[0].message;
  const whole = good[1].message;
  const also = async (name, from, find, put, changed) => {
    if (from.split(find).length !== 2) throw new Error(`${name}: '${find}' does not stand once`);
    const message = from.replace(find, () => put);
    const fields = from === least ? good[0].fields : good[1].fields;
    good.push(await valid(name, message, { ...fields, ...changed }));
  };
  await also('an offset instead of Z', least, '12:00:00.000Z', '14:00:00+02:00', {});
  await also('lower case t and z, no fraction', least, '2026-03-01T12:00:00.000Z', '2026-03-01t12:00:00z', {});
  await also('nine digits of a second', least, '12:00:00.000Z', '12:00:00.123456789Z', { issuedAtMs: base.issuedAt.getTime() + 123 });
  await also('an empty request id', whole, /Request ID: .*/.exec(whole)[0], 'Request ID: ', { requestId: '' });
  await also('no resource in the list', least, /Issued At: .*/.exec(least)[0], `${/Issued At: .*/.exec(least)[0]}\nResources:`, { resources: [] });
  await also('the largest chain id', least, 'Chain ID: 31337', 'Chain ID: 18446744073709551615', { chainId: '18446744073709551615' });
  await also('an IPv6 domain', least, 'jobs.example.org wants', '[::1]:8092 wants', { domain: '[::1]:8092' });
  await also('a URI of a scheme without authority', least, 'URI: https://jobs.example.org/', 'URI: urn:x', { uri: 'urn:x' });

  const bad = [];
  const malformed = (refusal, name, from, find, put) => {
    const message = from.replace(find, () => put);
    if (message === from) throw new Error(`${name}: '${find}' is not there`);
    bad.push({ name, refusal, message });
  };
  const lower = account.address.toLowerCase();
  const swapped = account.address.replace(/[a-f]/, (c) => c.toUpperCase());
  malformed('TooLong', 'more than 4096 characters', whole, 'Sign in', `Sign in${' '.repeat(4096)}`);
  malformed('BadHeader', 'another sentence', least, 'wants you to sign in', 'wants you to sign up');
  malformed('BadHeader', 'upper case in the sentence', least, 'Ethereum account:', 'ethereum account:');
  malformed('BadHeader', 'no colon', least, 'account:', 'account');
  malformed('BadHeader', 'a tab before it', least, ' wants', '\twants');
  malformed('BadHeader', 'CR LF', least, /\n/g, '\r\n');
  malformed('BadHeader', 'a line before it', least, /^/, '\n');
  malformed('BadDomain', 'no domain', least, 'jobs.example.org wants', ' wants');
  malformed('BadDomain', 'a path in the domain', least, 'jobs.example.org wants', 'jobs.example.org/x wants');
  malformed('BadDomain', 'a space in the domain', least, 'jobs.example.org wants', 'jobs.example.org evil wants');
  malformed('BadDomain', 'letters in the port', least, 'jobs.example.org wants', 'jobs.example.org:80a wants');
  malformed('BadDomain', 'a non-ASCII domain', least, 'jobs.example.org wants', 'jobs.exämple.org wants');
  malformed('BadDomain', 'a broken escape', least, 'jobs.example.org wants', 'jobs%2.example.org wants');
  malformed('BadDomain', 'a broken IPv6 address', least, 'jobs.example.org wants', '[::1::2] wants');
  malformed('BadDomain', 'a scheme that begins with a digit', whole, 'https://jobs', '1https://jobs');
  malformed('BadDomain', 'an empty scheme', whole, 'https://jobs', '://jobs');
  malformed('BadAddress', 'lower case throughout', least, account.address, lower);
  malformed('BadAddress', 'one letter of another case', least, account.address, swapped);
  malformed('BadAddress', 'a digit too few', least, account.address, account.address.slice(0, -1));
  malformed('BadAddress', 'a digit too many', least, account.address, `${account.address}0`);
  malformed('BadAddress', 'no 0x', least, account.address, account.address.slice(2));
  malformed('BadAddress', '0X', least, account.address, account.address.replace('0x', '0X'));
  malformed('BadAddress', 'a space after it', least, account.address, `${account.address} `);
  malformed('BadStatement', 'no empty line before it', good[2].message, `${account.address}\n\n`, `${account.address}\n`);
  malformed('BadStatement', 'no empty line after it', good[2].message, 'Sign in.\n\n', 'Sign in.\n');
  malformed('BadStatement', 'two lines', good[2].message, 'Sign in.', 'Sign in.\nOr do not.');
  malformed('BadStatement', 'a quotation mark', good[2].message, 'Sign in.', 'Sign "in".');
  malformed('BadStatement', 'a letter beyond ASCII', good[2].message, 'Sign in.', 'Signé.');
  malformed('BadStatement', 'a tab', good[2].message, 'Sign in.', 'Sign\tin.');
  malformed('BadStatement', 'less than', good[2].message, 'Sign in.', '<b>');
  malformed('BadStatement', 'one empty line where there is no statement', least, `${account.address}\n\n\n`, `${account.address}\n\n`);
  malformed('BadUri', 'three empty lines', least, `${account.address}\n\n\n`, `${account.address}\n\n\n\n`);
  malformed('BadUri', 'no URI line', least, 'URI: https://jobs.example.org/\n', '');
  malformed('BadUri', 'a relative reference', least, 'URI: https://jobs.example.org/', 'URI: /path');
  malformed('BadUri', 'an empty one', least, 'URI: https://jobs.example.org/', 'URI: ');
  malformed('BadUri', 'a space in it', least, 'URI: https://jobs.example.org/', 'URI: https://jobs.example.org/a b');
  malformed('BadUri', 'a broken escape in it', least, 'URI: https://jobs.example.org/', 'URI: https://jobs.example.org/%zz');
  malformed('BadUri', 'two fragments', least, 'URI: https://jobs.example.org/', 'URI: https://jobs.example.org/#a#b');
  malformed('BadUri', 'another spelling of the name', least, 'URI: ', 'Uri: ');
  malformed('BadUri', 'no space after the name', least, 'URI: ', 'URI:');
  malformed('BadVersion', 'version 2', least, 'Version: 1', 'Version: 2');
  malformed('BadVersion', 'version 01', least, 'Version: 1', 'Version: 01');
  malformed('BadVersion', 'no version', least, 'Version: 1\n', '');
  malformed('BadChainId', 'a hexadecimal one', least, 'Chain ID: 31337', 'Chain ID: 0x7a69');
  malformed('BadChainId', 'a negative one', least, 'Chain ID: 31337', 'Chain ID: -1');
  malformed('BadChainId', 'one of 2^64', least, 'Chain ID: 31337', 'Chain ID: 18446744073709551616');
  malformed('BadChainId', 'an empty one', least, 'Chain ID: 31337', 'Chain ID: ');
  malformed('BadChainId', 'digits of another script', least, 'Chain ID: 31337', 'Chain ID: ٣١٣٣٧');
  malformed('BadNonce', 'seven characters', least, base.nonce, 'Abc1234');
  malformed('BadNonce', 'a hyphen', least, base.nonce, 'Abc1234-5678');
  malformed('BadNonce', 'letters beyond ASCII', least, base.nonce, 'äbc12345678');
  malformed('BadNonce', 'no nonce', least, `Nonce: ${base.nonce}\n`, '');
  malformed('BadNonce', 'after the time', least, new RegExp(`(Nonce: .*)\n(Issued At: .*)`), 'Issued At: 2026-03-01T12:00:00.000Z\nNonce: 32891756AbCd');
  malformed('BadIssuedAt', 'a date without a time', least, '2026-03-01T12:00:00.000Z', '2026-03-01');
  malformed('BadIssuedAt', 'no zone', least, '12:00:00.000Z', '12:00:00.000');
  malformed('BadIssuedAt', 'a space instead of T', least, '2026-03-01T12', '2026-03-01 12');
  malformed('BadIssuedAt', 'a day that does not exist', least, '2026-03-01', '2026-02-30');
  malformed('BadIssuedAt', 'the hour 24', least, 'T12:00', 'T24:00');
  malformed('BadIssuedAt', 'a point without digits', least, '12:00:00.000Z', '12:00:00.Z');
  malformed('BadIssuedAt', 'an offset without a colon', least, '12:00:00.000Z', '12:00:00+0200');
  malformed('BadIssuedAt', 'a year of five digits', least, '2026-03-01', '02026-03-01');
  malformed('BadIssuedAt', 'none', least, /\nIssued At: .*/, '');
  malformed('BadExpirationTime', 'no time', whole, /Expiration Time: .*/, 'Expiration Time: tomorrow');
  malformed('BadExpirationTime', 'an empty one', whole, /Expiration Time: .*/, 'Expiration Time: ');
  malformed('BadNotBefore', 'no time', whole, /Not Before: .*/, 'Not Before: 1772366340');
  malformed('BadRequestId', 'a space in it', whole, /Request ID: .*/, 'Request ID: a b');
  malformed('BadRequestId', 'a slash in it', whole, /Request ID: .*/, 'Request ID: a/b');
  malformed('BadRequestId', 'a broken escape in it', whole, /Request ID: .*/, 'Request ID: a%4');
  malformed('BadResources', 'one that is no URI', whole, '- urn:isbn:0451450523', '- example');
  malformed('BadResources', 'one beside the name', whole, 'Resources:', 'Resources: urn:x');
  malformed('TrailingText', 'one with another mark', whole, '- urn:isbn', '* urn:isbn');
  malformed('TrailingText', 'a line break at the end', least, /$/, '\n');
  malformed('TrailingText', 'a line break after the resources', whole, /$/, '\n');
  malformed('TrailingText', 'a time twice', whole, /(Expiration Time: .*)/, 'Expiration Time: 2026-03-01T12:10:00.000Z\nExpiration Time: 2026-03-01T12:10:00.000Z');
  malformed('TrailingText', 'the start before the expiry', whole, /Expiration Time: .*\nNot Before: .*/, 'Not Before: 2026-03-01T11:59:00.000Z\nExpiration Time: 2026-03-01T12:10:00.000Z');
  malformed('TrailingText', 'an unknown field', least, /$/, '\nColour: blue');
  for (const entry of bad) if (good.some((g) => g.message === entry.message)) throw new Error(`${entry.name} changes nothing`);
  return { privateKey: fixed('sign-in account'), address: account.address, valid: good, malformed: bad };
}
