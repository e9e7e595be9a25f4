'use strict';

const count = n => n === null || n === undefined ? '–' : Number(n).toLocaleString('en');
const code = text => el('code', { title: text, textContent: short(text) });
const quiet = text => el('p', { className: 'quiet', textContent: text });
const date = time => time ? `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')}` : '–';

// Amounts are decimal text in base units of the token's decimals, of an EVM chain's coin in those of 18, and stay exact: only the shown digits are cut.
let decimals = 18;
const units = (text, places = 2, of = decimals) => {
  if (text === null || text === undefined) return '–';
  const digits = BigInt(text).toString().padStart(of + 1, '0');
  const at = digits.length - of;
  return `${BigInt(digits.slice(0, at)).toLocaleString('en')}.${digits.slice(at).slice(0, places).padEnd(places, '0')}`;
};
const coins = (text, places) => units(text, places, 18);
const base = text => {
  const match = /^\s*(\d+)(?:\.(\d+))?\s*$/.exec(text);
  const value = match && (match[2] ?? '').length <= decimals ? BigInt(match[1] + (match[2] ?? '').padEnd(decimals, '0')) : 0n;
  if (value === 0n) throw new Error(`An amount is a number above 0 with at most ${decimals} decimals.`);
  return value.toString();
};

// --- asking the host

const ask = hostAt('../', 'X-Depin-Operator');
const wanted = new URLSearchParams(location.search).get('network');
const get = (path, query = {}) => {
  const all = new URLSearchParams({ ...query, ...(wanted ? { network: wanted } : {}) }).toString();
  return ask('GET', all ? `${path}?${all}` : path);
};

// --- asking the wallet: it knows a node of the chain, and this host does not

const receipts = new Map(); // by transaction; one that is mined does not change but by a reorganisation, and then neither does its cost by much
async function receiptOf(hash) {
  if (!receipts.has(hash)) {
    const receipt = await wallet('eth_getTransactionReceipt', [hash]);
    if (!receipt) return null;
    receipts.set(hash, receipt);
  }
  return receipts.get(hash);
}
const costOf = receipt => BigInt(receipt.gasUsed) * BigInt(receipt.effectiveGasPrice ?? '0x0');

async function onChain(chainId) {
  const id = `0x${Number(chainId).toString(16)}`;
  if (BigInt(await wallet('eth_chainId')) !== BigInt(chainId)) await wallet('wallet_switchEthereumChain', [{ chainId: id }]);
  if (BigInt(await wallet('eth_chainId')) !== BigInt(chainId)) throw new Error(`The wallet is on another chain than ${chainId}.`);
}

// What only a node knows: the account's coins, and what the last reports cost whom. Null where the wallet does not say.
async function askNode(account, chainId, reports) {
  try {
    if (!window.ethereum || !chainId || BigInt(await wallet('eth_chainId')) !== BigInt(chainId)) return null;
    const balance = BigInt(await wallet('eth_getBalance', [account, 'latest']));
    const found = await Promise.all(reports.slice(0, 20).map(r => receiptOf(r.transaction).catch(() => null)));
    const costs = found.filter(r => r);
    const price = costs.length > 0 ? costs.reduce((sum, r) => sum + costOf(r), 0n) / BigInt(costs.length) : null;
    return { balance, price, of: new Map(found.map((r, i) => [reports[i].transaction, r])) };
  } catch {
    return null;
  }
}

// --- showing

// Only what differs is changed, so that what is typed and where the keyboard is outlives a refresh.
const patch = (parent, fresh) => {
  fresh.forEach((node, i) => { if (parent.childNodes[i]) morph(parent.childNodes[i], node); else parent.append(node); });
  while (parent.childNodes.length > fresh.length) parent.lastChild.remove();
};
const morph = (old, fresh) => {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE || old.nodeName !== fresh.nodeName) { old.replaceWith(fresh); return; }
  if (old.nodeName === 'INPUT') return;
  for (const name of old.getAttributeNames()) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const name of fresh.getAttributeNames()) if (old.getAttribute(name) !== fresh.getAttribute(name)) old.setAttribute(name, fresh.getAttribute(name));
  patch(old, [...fresh.childNodes]);
};

const stage = (label, value, hint, kind, part) => {
  const bar = part === undefined ? null : el('div', { className: 'meter' }, el('i'));
  if (bar) bar.firstChild.style.width = `${Math.round(part * 100)}%`;
  return el('div', { className: `stage ${kind ?? ''}` }, el('span', { className: 'quiet', textContent: label }), el('b', { textContent: value }), bar, el('span', { className: 'quiet', textContent: hint }));
};
const notice = n => el('div', { className: `notice ${n.level}` }, el('p', {}, el('b', { textContent: n.title })), n.why ? el('p', { textContent: n.why }) : null,
  n.remedy ? el('p', { className: 'remedy', textContent: n.remedy }) : null, n.document ? el('small', { className: 'soft', textContent: `more: ${n.document}` }) : null);
const states = { signs: ['signs', 'good'], joins: ['joins soon', 'good'], leaves: ['leaves', 'warn'], left: ['in no set', 'warn'], waiting: ['waits for a set', 'warn'], thawing: ['bond thaws', 'warn'],
  withdrawable: ['bond can be taken', 'warn'], withdrawn: ['has left', 'soft'], slashed: ['slashed', 'bad'] };

function cards(account, o, reports, node) {
  const [text, kind] = states[o.state] ?? [o.state, 'soft'];
  const member = o.place === null ? (o.signsFrom === null ? 'never was in a set' : `signed from epoch ${o.signsFrom}${o.signsUntil === null ? '' : ` to ${o.signsUntil}`}`)
    : `place ${o.place + 1} of ${o.setSize}, since epoch ${o.signsFrom}${o.signsUntil === null ? '' : `, until ${o.signsUntil}`}`;
  const share = reports.of > 0 ? reports.signedOf / reports.of : undefined;
  const bondHint = o.bond.isWithdrawable ? 'can be withdrawn now' : o.bond.withdrawableAt ? `thaws until ${date(o.bond.withdrawableAt)}` : o.bond.inNewestSet ? 'locked while in the set'
    : o.bond.lockedByEpoch !== null ? `locked until epoch ${o.bond.lockedByEpoch} is final` : 'can be asked for';
  const left = node && node.price ? node.balance / node.price : null;
  const few = left !== null && left < 20n;
  return el('div', { className: 'stages' },
    stage('Standing', text, o.state === 'joins' ? `signs from epoch ${o.signsFrom} on` : member, kind),
    stage('Signed', reports.of > 0 ? `${reports.signedOf} of ${reports.of}` : 'none yet', o.quorum ? `reports of its set; each takes ${o.quorum} of ${o.setSize} signatures, in turn` : 'reports of its set', reports.notices.some(n => n.code === 'silent') ? 'bad' : reports.of > 0 ? 'good' : '', share),
    stage('Bond', units(o.bond.amount), bondHint, o.state === 'slashed' ? 'bad' : o.bond.isWithdrawable ? 'warn' : ''),
    node ? stage('Coins for gas', coins(node.balance.toString(), 4), left === null ? 'no report yet to reckon by' : few ? `for ${count(left)} more reports: send coins to ${short(account.account)} (docs/alerts.md#reportunlanded)` : `for ${count(left > 999999n ? 999999n : left)} more reports at the recent price`, few ? 'bad' : 'good')
      : stage('Coins for gas', '–', 'your wallet knows: let it use the network’s chain', ''));
}

function processSection(p) {
  const known = p.ready && p.ready.operator;
  return el('section', {}, el('h3', { textContent: 'Its process, seen from here' }),
    el('dl', {},
      el('dt', { textContent: 'end point' }), el('dd', {}, el('code', { textContent: p.endpoint || 'none' })),
      ...(p.lookedAt ? [el('dt', { textContent: '/health' }), el('dd', {}, p.health.problem ? mark(p.health.status ? `${p.health.status}, unreadable` : 'no answer', 'bad') : mark(`${p.health.state ?? 'answers'} (${p.health.status})`, p.health.state === 'ok' ? 'good' : 'warn')),
        el('dt', { textContent: '/ready' }), el('dd', {}, p.ready.status === 200 ? mark('ready (200)', 'good') : mark(p.ready.status ? `not ready (${p.ready.status})` : 'no answer', 'bad'))] : []),
      ...(known ? [el('dt', { textContent: 'works on' }), el('dd', { textContent: `the report of epoch ${count(p.ready.nextReport)}, block ${count(p.ready.block)}, ${count(p.ready.devices)} devices` })] : [])),
    ...p.notices.map(notice));
}

const statusKinds = { final: 'good', pending: 'warn', challenged: 'bad', cancelled: 'bad' };
function reportsSection(account, o, reports, node) {
  const rows = reports.items.map(r => {
    const receipt = node?.of.get(r.transaction);
    const own = receipt && receipt.from.toLowerCase() === account.account.toLowerCase();
    const cost = receipt ? `${coins(costOf(receipt).toString(), 6)}` : '–';
    return el('tr', {},
      el('td', {}, String(r.epoch), r.generation > 0 ? el('small', { textContent: `generation ${r.generation}` }) : null),
      el('td', {}, mark(r.status, statusKinds[r.status] ?? 'soft'), r.challenger ? el('small', { textContent: `challenged by ${short(r.challenger)}` }) : r.cancelReason !== null ? el('small', { textContent: r.cancelReason === 2 ? 'tree fault' : 'by the arbiter' }) : null),
      el('td', {}, r.hasSigned ? mark('signed', 'good') : mark(r.member ? 'not among the signers' : 'not in the set', 'soft')),
      el('td', { className: 'wide' }, receipt ? own ? el('b', { textContent: 'you' }) : code(receipt.from) : el('span', { className: 'soft', textContent: '–' })),
      el('td', { className: 'n wide' }, receipt ? `${cost}` : '–', receipt ? el('small', { textContent: `${count(BigInt(receipt.gasUsed))} gas` }) : null),
      el('td', { className: 'n' }, r.earned === null ? el('span', { className: 'soft', textContent: '…', title: 'known when the epoch is final' }) : units(r.earned)));
  });
  if (rows.length === 0) rows.push(el('tr', {}, el('td', { className: 'empty', colSpan: 6, textContent: 'No report was accepted yet.' })));
  return el('section', {}, el('h3', { textContent: 'Reports' }), ...reports.notices.map(notice),
    el('div', { className: 'scroll' }, el('table', { className: 'reports' },
      el('thead', {}, el('tr', {}, el('th', { textContent: 'Epoch' }), el('th', { textContent: 'Status' }), el('th', { textContent: 'Your signature' }), el('th', { className: 'wide', textContent: 'Sent by' }), el('th', { className: 'n wide', textContent: 'Cost in coins' }), el('th', { className: 'n', textContent: 'Earned' }))),
      el('tbody', {}, ...rows))),
    node ? null : quiet('Who sent a report and what it cost, your wallet’s node knows: let the wallet use the network’s chain.'));
}

function actionsSection(o, actions) {
  return el('section', {}, el('h3', { textContent: 'What you can do' }), ...actions.map(a => {
    const input = a.name === 'endpoint' ? el('input', { name: 'endpoint', type: 'url', required: true, placeholder: 'https://oracle.example', ariaLabel: 'New end point' })
      : a.name === 'bond' ? el('input', { name: 'amount', className: 'amount', inputMode: 'decimal', required: true, placeholder: 'tokens', ariaLabel: 'Tokens to add' }) : null;
    const form = a.possible ? el('form', {}, input, el('button', { type: 'submit', textContent: a.title, disabled: busy })) : null;
    if (form) Object.assign(form.dataset, { action: a.name, key: o.reportKey });
    return el('div', { className: 'action' }, form ? null : el('p', {}, el('b', { textContent: a.title })), el('p', { className: 'quiet', textContent: a.why }), form);
  }));
}

let session = null, shown = null, busy = false, round = 0;
async function refresh() {
  const mine = ++round;
  try {
    const account = await get('operator');
    const parts = await Promise.all(account.operators.map(async o => {
      const path = `operator/${o.reportKey}`;
      const [reports, process, actions] = await Promise.all([get(`${path}/reports`), get(`${path}/process`), get(`${path}/actions`)]);
      return { o, reports, process, actions, node: await askNode(account.account, account.chainId, reports.items) };
    }));
    if (mine !== round) return;
    shown = account;
    decimals = account.decimals;
    at('moment').textContent = `${account.chain}${account.currentEpoch ? ` · epoch ${account.currentEpoch} runs` : ''} · report of epoch ${account.nextReport} is next · ${date(account.chainTime)} chain time`;
    patch(at('signed-in'), parts.map(({ o, reports, process, actions, node }) => el('article', { id: `operator-${o.reportKey}` },
      el('div', { className: 'head' }, el('h2', { textContent: 'Report key' }), el('code', { textContent: o.reportKey })),
      cards(account, o, reports, node),
      el('section', { className: 'notices' }, ...o.notices.map(notice)),
      el('div', { className: 'two' }, processSection(process), actionsSection(o, actions)),
      reportsSection(account, o, reports, node))));
    if (parts.length === 0) patch(at('signed-in'), [el('section', {}, quiet('This account has no operator on this network.'))]);
    at('fresh').textContent = `as of ${new Date().toLocaleTimeString()}`;
    if (!busy) problem(null);
  } catch (error) {
    if (mine !== round) return;
    if (error.status === 401) { show(null); problem('You are signed out: the time is over.'); } else problem(error.message);
  }
}

// --- sending

const mined = async hash => {
  for (;;) {
    const receipt = await wallet('eth_getTransactionReceipt', [hash]);
    if (receipt) {
      if (BigInt(receipt.status) !== 1n) throw new Error(`The contract refused it: transaction ${hash}.`);
      return receipt;
    }
    await new Promise(resolve => setTimeout(resolve, 1000));
  }
};
async function act(form) {
  const { action, key } = form.dataset;
  const field = form.querySelector('input');
  busy = true;
  problem(null);
  for (const button of document.querySelectorAll('.action button')) button.disabled = true;
  try {
    if (!window.ethereum) throw new Error('This browser has no Ethereum wallet.');
    const query = action === 'bond' ? { amount: base(field.value) } : action === 'endpoint' ? { endpoint: field.value.trim() } : {};
    const chosen = (await get(`operator/${key}/actions`, query)).find(a => a.name === action);
    if (!chosen || chosen.steps.length === 0) throw new Error(chosen?.why ?? 'That is not possible now.');
    await onChain(shown.chainId);
    for (const [i, step] of chosen.steps.entries()) {
      at('done').textContent = `${step.text}: confirm it in your wallet (${i + 1} of ${chosen.steps.length}).`;
      const { to, data, value } = step.transaction;
      const hash = await wallet('eth_sendTransaction', [{ from: shown.account, to, data, value: `0x${BigInt(value).toString(16)}` }]);
      at('done').textContent = `${step.text}: sent, waiting for a block.`;
      await mined(hash);
    }
    at('done').textContent = `${chosen.title}: done. It shows here with the next mirrored block.`;
    if (field) field.value = '';
  } catch (error) {
    at('done').textContent = '';
    problem(error.code === 4001 ? 'The wallet was told not to send it.' : error.message ?? 'The wallet does not answer.');
    if (error.status === 401) show(null);
  }
  const failed = at('problem').textContent;
  busy = false;
  if (session) await refresh();
  if (failed) problem(failed);
}

// --- sign-in

let timer = null;
function show(next) {
  session = next?.address ? next : null;
  showSession(session);
  clearInterval(timer);
  if (session) {
    refresh();
    timer = setInterval(() => { if (!document.hidden && !busy) refresh(); }, 6000);
  } else {
    round++; // nothing that is still under way is shown
    at('signed-in').replaceChildren();
    at('moment').textContent = 'for whoever runs an operator of the network';
    at('fresh').textContent = '';
  }
}

signsIn({
  ask, show, statement: 'See how your operator of this network stands.', uri: `${location.origin}/operator/`, chain: wanted?.startsWith('solana:') ? '0' : /^eip155:(\d+)$/.exec(wanted ?? '')?.[1],
});
at('signed-in').addEventListener('submit', event => {
  event.preventDefault();
  if (!busy && event.target.dataset.action) act(event.target);
});

ask('GET', 'session').then(show, error => { show(null); problem(error.message); });
