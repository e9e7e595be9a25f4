'use strict';

const el = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
};
const short = hex => hex ? el('code', { title: hex, textContent: `${hex.slice(0, 8)}…${hex.slice(-4)}` }) : '–';
const count = n => n === null || n === undefined ? '–' : Number(n).toLocaleString('en');
// Amounts arrive as decimal text in base units of 18 decimals and stay exact: only the shown digits are cut.
const tokens = text => {
  if (text === null || text === undefined) return '–';
  const digits = text.padStart(19, '0');
  const whole = digits.slice(0, -18), fraction = digits.slice(-18, -16);
  return `${BigInt(whole).toLocaleString('en')}.${fraction}`;
};
const word = (text, kind) => el('span', { className: kind ?? text, textContent: text });

const fill = (id, rows, empty) => {
  const body = document.querySelector(`#${id} tbody`);
  const columns = document.querySelectorAll(`#${id} thead th`);
  const lines = rows.map(cells => {
    const row = el('tr');
    cells.forEach((cell, i) => row.append(el('td', { className: columns[i].className }, cell)));
    return row;
  });
  if (lines.length === 0) {
    const cell = el('td', { className: 'quiet', textContent: empty });
    cell.colSpan = columns.length;
    lines.push(el('tr', {}, cell));
  }
  body.replaceChildren(...lines);
};

const get = async path => {
  const response = await fetch(`v1/${path}`, { headers: { accept: 'application/json' } });
  const body = await response.json();
  if (!response.ok) throw new Error(body.detail ?? response.statusText);
  return body;
};

const tile = (label, value, hint) => el('div', { className: 'tile', title: hint ?? '' }, el('span', { className: 'quiet', textContent: label }), el('b', { textContent: value }));

const pulse = (text, kind) => Object.assign(document.getElementById('pulse'), { textContent: text, className: `pill ${kind}` });

async function refresh() {
  const [network, indexer, epochs, operators, devices, classes] = await Promise.all(
    [get('network'), get('indexer'), get('epochs?limit=12'), get('operators'), get('devices?limit=25'), get('classes')]);
  const className = id => classes.find(c => c.id === id)?.name ?? `class ${id}`;
  const t = network.totals;

  document.title = `${network.name ?? 'Network'} status`;
  document.getElementById('name').textContent = network.name ?? 'Network';
  document.getElementById('chain').textContent =
    `${network.chain} · block ${count(indexer.mirror.blockNumber)}, final to ${count(indexer.mirror.finalizedNumber)} · ${indexer.mirror.blockTime?.replace('T', ' ').slice(0, 16) ?? ''} chain time`;
  if (indexer.mirror.halted) pulse(`halted: ${indexer.mirror.halted}`, 'bad');
  else pulse('following the chain', 'good');

  document.getElementById('tiles').replaceChildren(
    tile('Devices active', `${count(t.activeDevices)} / ${count(t.devices)}`),
    tile('Providers', count(t.providers), 'accounts with a place in the reward tree'),
    tile('Operators', count(t.operators)),
    tile('Last final epoch', count(t.lastFinalEpoch), `accepted ${t.lastAcceptedEpoch}, recomputed here ${t.lastImportedEpoch}`),
    tile('Minted', tokens(t.minted)), tile('Claimed', tokens(t.claimed)), tile('Staked', tokens(t.staked)));

  const n = operators.configs[0]?.n;
  fill('epochs', epochs.items.map(e => [
    e.generation > 0 ? `${e.epoch} (generation ${e.generation})` : String(e.epoch), word(e.status), count(e.accepted), count(e.rejected), count(e.inconclusive), count(e.devices), tokens(e.allocated),
    `${Number(e.signers).toString(2).replaceAll('0', '').length}${n ? ` of ${n}` : ''}`, short(`0x${e.report.slice(2 + 2 * 216, 2 + 2 * 248)}`)]),
    'No report yet: the first epoch is still running.');

  const judged = epochs.items.find(e => e.accepted !== null);
  const detail = judged ? await get(`epochs/${judged.epoch}`) : null;
  document.getElementById('verdict-epoch').textContent = judged ? `of epoch ${judged.epoch}` : '';
  fill('reasons', (detail?.reasons ?? []).map(r => [className(r.class), word(r.judgement), el('span', { title: r.meaning, textContent: r.reasonName || '–' }), count(r.proofs)]),
    'No epoch has been recomputed yet.');

  fill('operators', operators.operators.map(o => [short(o.reportKey), tokens(o.bond), `${o.reportsSigned} / ${o.reportsSince}`,
    o.slashed ? word('slashed') : o.exitAt > 0 ? word('leaving', 'pending') : word('active')]), 'No operator is registered.');
  fill('devices', devices.items.map(d => [`#${d.tokenId}`, className(d.class), d.cell ? el('code', { textContent: d.cell }) : '–', short(d.owner), word(d.status)]), 'No device is registered.');
  document.getElementById('problem').textContent = '';
}

async function loop() {
  try {
    await refresh();
  } catch (error) {
    pulse('no answer', 'bad');
    document.getElementById('problem').textContent = error.message;
  }
  setTimeout(loop, 2000);
}
loop();
