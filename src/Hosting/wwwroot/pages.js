'use strict';

// What the pages share that people sign in to with a wallet. Everything that comes from a host, a chain or an operator is put in as text, never as markup.
const el = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children.filter(c => c !== null && c !== undefined));
  return node;
};
const at = id => document.getElementById(id);
const short = text => text && text.length > 18 ? `${text.slice(0, 8)}…${text.slice(-6)}` : text;
const mark = (text, kind) => el('span', { className: `mark ${kind}`, textContent: text });
const problem = text => { at('problem').textContent = text ?? ''; at('problem').hidden = !text; };

class Refused extends Error {
  constructor(status, body) {
    super(body.detail ?? `The host answered ${status}.`);
    this.status = status;
    this.code = body.code;
  }
}

/** Asks the host at `root`; `header` tells that no form of another site asks. */
const hostAt = (root, header) => async (method, path, body) => {
  const response = await fetch(`${root}v1/${path}`, {
    method,
    headers: { accept: 'application/json', [header]: '1', ...(body ? { 'content-type': 'application/json' } : {}) },
    body: body ? JSON.stringify(body) : undefined,
    credentials: 'same-origin',
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
};

const wallet = (method, params = []) => window.ethereum.request({ method, params });

// EIP-4361; the times are the host's, so that a wrong clock here does no harm.
const signInMessage = (statement, uri, challenge) => `${location.host} wants you to sign in with your Ethereum account:
${challenge.address}

${statement} This is no transaction and costs nothing.

URI: ${uri}
Version: 1
Chain ID: ${challenge.chainId}
Nonce: ${challenge.nonce}
Issued At: ${challenge.issuedAt}
Expiration Time: ${challenge.expirationTime}`;

/** Makes the page's buttons sign in and out; `show` is told who is signed in, now and after each change. `chain` is an EIP-155 id, or undefined for the host's only one. */
function signsIn({ ask, show, statement, uri, chain }) {
  at('sign-in').addEventListener('click', async () => {
    problem(null);
    at('sign-in').disabled = true;
    try {
      const [account] = await wallet('eth_requestAccounts');
      const challenge = await ask('GET', `session/nonce?address=${encodeURIComponent(account)}${chain ? `&chain=${chain}` : ''}`);
      const message = signInMessage(statement, uri, challenge);
      const hex = `0x${[...new TextEncoder().encode(message)].map(b => b.toString(16).padStart(2, '0')).join('')}`;
      const signature = await wallet('personal_sign', [hex, account]);
      show(await ask('POST', 'session', { message, signature }));
    } catch (error) {
      problem(error.code === 4001 ? 'The wallet was told not to sign.' : error.message ?? 'The wallet does not answer.');
    }
    at('sign-in').disabled = !window.ethereum;
  });
  at('sign-out').addEventListener('click', async () => {
    try {
      await ask('DELETE', 'session');
      show(null);
      problem(null);
    } catch (error) {
      problem(error.message);
    }
  });
}

/** Shows one half of the page or the other, and who is signed in. */
function showSession(session) {
  at('signed-in').hidden = !session;
  at('signed-out').hidden = Boolean(session);
  at('who').hidden = !session;
  at('address').textContent = session ? short(session.address) : '';
  at('address').title = session ? session.address : '';
  at('no-wallet').hidden = Boolean(window.ethereum);
  at('sign-in').disabled = !window.ethereum;
}
