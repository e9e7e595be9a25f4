'use strict';

const el = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children.filter(c => c !== null));
  return node;
};
const at = id => document.getElementById(id);
const short = hex => hex ? el('code', { title: hex, textContent: `${hex.slice(0, 8)}…${hex.slice(-4)}` }) : '–';
const count = n => n === null || n === undefined ? '–' : Number(n).toLocaleString('en');
const word = (text, kind) => el('span', { className: kind ?? text, textContent: text });
const plural = (n, one) => `${count(n)} ${one}${Number(n) === 1 ? '' : 's'}`;

// Amounts arrive as decimal text in base units of the token's decimals and stay exact: only the shown digits are cut.
let decimals = 18;
const tokens = text => {
  if (text === null || text === undefined) return '–';
  const digits = text.padStart(decimals + 1, '0');
  const at = digits.length - decimals;
  return `${BigInt(digits.slice(0, at)).toLocaleString('en')}.${digits.slice(at, at + 2).padEnd(2, '0')}`;
};

// Chain time, which on a development chain runs faster than ours.
const span = seconds => {
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 129600 ? `${Math.round(seconds / 3600)} h` : `${(seconds / 86400).toFixed(1)} days`;
};

const fill = (id, rows, empty) => {
  const columns = document.querySelectorAll(`#${id} thead th`);
  const lines = rows.map(cells => el('tr', {}, ...cells.map((cell, i) => el('td', { className: columns[i].className }, cell))));
  if (lines.length === 0) {
    const cell = el('td', { className: 'empty', textContent: empty });
    cell.colSpan = columns.length;
    lines.push(el('tr', {}, cell));
  }
  document.querySelector(`#${id} tbody`).replaceChildren(...lines);
};

const meter = (parts, label) => {
  const total = parts.reduce((sum, p) => sum + p.value, 0);
  const node = el('div', { className: 'meter' }, ...parts.filter(p => p.value > 0).map(p => {
    const part = el('i', { className: p.kind });
    part.style.flex = `${p.value / Math.max(total, 1)} 1 0`;
    return part;
  }));
  node.setAttribute('role', 'img');
  node.setAttribute('aria-label', label);
  return node;
};

// Which of the networks that the API serves: the first where the address does not say.
const wanted = new URLSearchParams(location.search).get('network');
const about = path => wanted ? `v1/${path}${path.includes('?') ? '&' : '?'}network=${encodeURIComponent(wanted)}` : `v1/${path}`;
const get = async path => {
  const response = await fetch(about(path), { headers: { accept: 'application/json' } });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.detail ?? `${response.status} ${response.statusText}`);
  return body;
};

const pulse = (text, kind) => Object.assign(at('pulse'), { textContent: text, className: `pill ${kind}` });

const stage = (label, value, hint, kind, progress) => {
  const bar = progress === undefined ? null : el('div', { className: 'meter' }, el('i', { className: 'accept' }));
  if (bar) bar.firstChild.style.width = `${Math.round(progress * 100)}%`;
  return el('div', { className: `stage ${kind ?? ''}` }, el('span', { className: 'quiet', textContent: label }), el('b', { textContent: value }), bar, el('span', { className: 'quiet', textContent: hint }));
};

// The four places an epoch can be in, from running to paid.
function showStages(network, now, epochs) {
  const clock = network.clock;
  const cards = [];
  if (clock && now < clock.genesis) {
    cards.push(stage('Running', 'not yet', `epoch 1 starts in ${span(clock.genesis - now)} of chain time`));
  } else if (clock) {
    const into = (now - clock.genesis) % clock.epochSeconds;
    cards.push(stage('Running', `Epoch ${Math.floor((now - clock.genesis) / clock.epochSeconds) + 1}`, `ends in ${span(clock.epochSeconds - into)} of chain time`, '', into / clock.epochSeconds));
  }
  const waiting = epochs.filter(e => e.status === 'pending' || e.status === 'challenged');
  const next = waiting.at(-1);
  const challenged = waiting.find(e => e.status === 'challenged');
  const left = next ? next.claimableAt - now : 0;
  cards.push(next
    ? stage('In its challenge window', waiting.length > 1 ? `Epochs ${next.epoch}–${waiting[0].epoch}` : `Epoch ${next.epoch}`,
      challenged ? `epoch ${challenged.epoch} is challenged` : left > 0 ? `anyone may challenge; epoch ${next.epoch} is final in ${span(left)}` : 'the window has passed; final in a moment', challenged ? 'challenged' : 'pending')
    : stage('In its challenge window', 'none', 'a report opens it when a quorum has signed'));
  const t = network.totals;
  cards.push(t.lastFinalEpoch > 0
    ? stage('Final', t.lastFinalEpoch > 1 ? `Epochs 1–${t.lastFinalEpoch}` : 'Epoch 1', `${tokens(t.minted)} minted, ${tokens(t.claimed)} claimed so far`, 'final')
    : stage('Final', 'none yet', 'rewards can be claimed once an epoch is final'));
  cards.push(stage('Devices', `${count(t.activeDevices)} active`, `of ${count(t.devices)} registered, by ${plural(t.providers, 'provider')}`));
  at('stages').replaceChildren(...cards);
}

function showProofs(judged, detail, classes) {
  at('proofs-epoch').textContent = judged ? `of epoch ${judged.epoch}` : '';
  const sources = judged ? detail.evidence : [];
  at('evidence').replaceChildren(...(sources.length === 0 ? [] : [`The evidence, ${(judged.bundleBytes / 1e6).toFixed(1)} MB, from operator `,
    ...sources.slice(0, 8).flatMap((url, i) => [i > 0 ? ' ' : '', el('a', { href: url, textContent: String(i + 1) })]), '.']));
  if (!judged) {
    at('bar').replaceChildren();
    fill('reasons', [], 'Nothing is judged yet. When an epoch has ended, operators agree on its proofs; once its report is final, every verdict is recomputed and shown here with its reason.');
    return;
  }
  const parts = [{ kind: 'accept', name: 'accepted', value: judged.accepted }, { kind: 'inconclusive', name: 'inconclusive', value: judged.inconclusive }, { kind: 'reject', name: 'rejected', value: judged.rejected }];
  const total = Math.max(parts.reduce((sum, p) => sum + p.value, 0), 1);
  const percent = value => value === 0 ? '' : value / total < 0.001 ? '<0.1 %' : `${(100 * value / total).toFixed(1)} %`;
  at('bar').replaceChildren(
    meter(parts, parts.map(p => `${count(p.value)} ${p.name}`).join(', ')),
    el('div', { className: 'legend' }, ...parts.map(p => el('span', { className: p.kind }, el('b', { textContent: count(p.value) }), ` ${p.name} `, el('small', { textContent: percent(p.value) })))));
  const reasons = [...detail.reasons].sort((a, b) => b.proofs - a.proofs);
  const names = { accept: 'accepted', reject: 'rejected', inconclusive: 'inconclusive', pending: 'waiting' };
  fill('reasons', reasons.map(r => [
    word(names[r.judgement] ?? r.judgement, r.judgement),
    el('div', { className: 'why' }, r.reason === 0 ? 'followed every rule' : r.reasonName, r.meaning ? el('small', { textContent: r.meaning }) : null),
    classes(r.class), count(r.proofs)]), 'No proof was in this epoch.');
}

function showEarning(judged, lines, classes) {
  at('earning-epoch').textContent = judged ? `in epoch ${judged.epoch}` : '';
  const devices = new Map();
  for (const line of lines?.items ?? []) {
    const known = devices.get(line.deviceId) ?? { ...line, sum: 0n };
    known.sum += BigInt(line.amount);
    devices.set(line.deviceId, known);
  }
  const sorted = [...devices.values()].filter(d => d.sum > 0n).sort((a, b) => (a.sum < b.sum ? 1 : a.sum > b.sum ? -1 : 0));
  fill('earning', sorted.slice(0, 12).map(d => [short(d.deviceId), classes(d.class), count(d.accepted), count(d.rejected + d.inconclusive), tokens(d.sum.toString())]),
    judged ? 'No device earned anything in this epoch.' : 'Nobody has earned yet: the first rewards come with the first final epoch.');
  at('earning-more').textContent = sorted.length > 12 ? `and ${count(sorted.length - 12)}${lines.next ? ' or more' : ''} other devices` : '';
}

// A choice where there are several; it is another page, which can be kept and sent.
function showPicker(networks, network) {
  const picker = at('network');
  picker.hidden = networks.length < 2;
  if (picker.options.length === networks.length) return;
  picker.replaceChildren(...networks.map(n => el('option', { value: n.id, textContent: `${n.name ?? 'Network'} on ${n.chain}`, selected: n.id === network.id })));
}
at('network').addEventListener('change', event => { location.search = `?network=${encodeURIComponent(event.target.value)}`; });

async function refresh() {
  const [networks, network, indexer, epochs, operators, known] = await Promise.all([get('networks'), get('network'), get('indexer'), get('epochs?limit=12'), get('operators'), get('classes')]);
  decimals = network.decimals;
  showPicker(networks, network);
  const classes = id => known.find(c => c.id === id)?.name ?? `class ${id}`;
  const judged = epochs.items.find(e => e.accepted !== null && e.status !== 'cancelled');
  const [detail, lines] = judged ? await Promise.all([get(`epochs/${judged.epoch}`), get(`epochs/${judged.epoch}/rewards?limit=500`)]) : [null, null];
  const now = Date.parse(indexer.mirror.blockTime ?? '') / 1000;
  const t = network.totals;

  document.title = `${network.name ?? 'Network'} status`;
  at('name').textContent = network.name ?? 'Network';
  at('chain').textContent = `${network.chain} · block ${count(indexer.mirror.blockNumber)} · final to block ${count(indexer.mirror.finalizedNumber)}`
    + (now ? ` · ${new Date(now * 1000).toISOString().replace('T', ' ').slice(0, 16)} chain time` : '');
  if (indexer.mirror.halted) pulse(`halted: ${indexer.mirror.halted}`, 'bad');
  else pulse('following the chain', 'good');

  showStages(network, now, epochs.items);
  showProofs(judged, detail, classes);
  showEarning(judged, lines, classes);

  const n = operators.configs[0]?.n;
  fill('epochs', epochs.items.map(e => [
    e.generation > 0 ? `${e.epoch} (generation ${e.generation})` : String(e.epoch), word(e.status),
    `${Number(e.signers).toString(2).replaceAll('0', '').length}${n ? ` of ${n}` : ''}`,
    e.allocated === null ? el('span', { className: 'quiet', title: 'shown once the evidence is recomputed here', textContent: '…' }) : tokens(e.allocated), short(`0x${e.report.slice(2 + 2 * 216, 2 + 2 * 248)}`)]),
    'No report yet: the first epoch is still running.');
  fill('operators', operators.operators.map(o => [short(o.reportKey), tokens(o.bond), `${o.reportsSigned} of ${o.reportsSince}`,
    o.slashed ? word('slashed') : o.exitAt > 0 ? word('leaving', 'pending') : word('active')]), 'No operator is registered.');
  at('totals').replaceChildren(...[['Minted', tokens(t.minted)], ['Claimed', tokens(t.claimed)], ['Staked', tokens(t.staked)], ['Burned', tokens(t.burned)],
    ['Token holders', count(t.holders)], ['Operators', count(t.operators)], ['Recomputed to epoch', count(t.lastImportedEpoch)]].map(([label, value]) =>
    el('div', {}, el('dt', { textContent: label }), el('dd', { textContent: value }))));
  at('problem').hidden = true;
  at('main').setAttribute('aria-busy', 'false');
}

async function loop() {
  try {
    await refresh();
  } catch (error) {
    pulse('no answer', 'bad');
    Object.assign(at('problem'), { hidden: false, textContent: `${error instanceof TypeError ? 'The API does not answer.' : error.message} This page asks again by itself.` });
    at('main').setAttribute('aria-busy', 'true');
  }
}

// The stream says when there is something new; without it the page asks every two seconds. Never two looks at once, and no more than one a second.
let live = false, due = true, last = 0;
const stream = new EventSource(about('stream'));
stream.onopen = () => { live = true; };
stream.onerror = () => { live = false; };
for (const kind of ['head', 'reorg', 'reset']) stream.addEventListener(kind, () => { due = true; });
async function watch() {
  if (due || !live || Date.now() - last > 15000) {
    due = false;
    last = Date.now();
    await loop();
  }
  setTimeout(watch, live ? 1000 : 2000);
}
watch();

