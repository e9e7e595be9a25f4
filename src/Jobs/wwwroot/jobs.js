'use strict';

const count = n => Number(n).toLocaleString('en');
const small = text => text ? el('small', { textContent: text }) : null;
const two = (first, second) => { const f = document.createDocumentFragment(); f.append(first, ...(second ? [second] : [])); return f; };

const kinds = { succeeded: 'good', alive: 'good', waiting: 'good', running: 'good', failed: 'bad', lost: 'bad', error: 'bad', paused: 'warn', overdue: 'warn', cancelled: 'warn', missed: 'warn' };
const state = text => mark(text, kinds[text] ?? 'soft');

let skew = 0; // the host's clock less ours
const now = () => Date.now() + skew;
const span = ms => {
  const s = ms / 1000;
  if (s < 1) return `${Math.max(0, Math.round(ms))} ms`;
  if (s < 90) return `${s < 10 ? Math.round(s * 10) / 10 : Math.round(s)} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  return s < 129600 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86400)} days`;
};
const ago = time => {
  if (!time) return el('span', { className: 'soft', textContent: '–' });
  const ms = now() - Date.parse(time);
  const rounded = Math.round(Math.abs(ms) / 1000) * 1000;
  const text = rounded < 1000 ? 'now' : ms > 0 ? `${span(rounded)} ago` : `in ${span(rounded)}`;
  return el('time', { dateTime: time, title: new Date(time).toLocaleString(), textContent: text });
};
const took = run => run.endedAt ? span(Date.parse(run.endedAt) - Date.parse(run.startedAt)) : span(now() - Date.parse(run.startedAt));

// --- asking the host

const ask = hostAt('', 'X-Depin-Jobs');
const get = path => ask('GET', path);

// --- tables

const fill = (id, rows, empty) => {
  const columns = document.querySelectorAll(`#${id} thead th`);
  const lines = rows.map(cells => el('tr', {}, ...cells.map((cell, i) => el('td', { className: columns[i].className }, cell ?? ''))));
  if (lines.length === 0) lines.push(el('tr', {}, el('td', { className: 'empty', textContent: empty, colSpan: columns.length })));
  patch(document.querySelector(`#${id} tbody`), lines);
};

// Only what differs is changed, so that a press, a selection or an opened error outlives a refresh. A node with an id keeps it wherever it moves.
const patch = (parent, fresh) => {
  fresh.forEach((node, i) => {
    const old = node.id ? parent.children.namedItem(node.id) : parent.children[i];
    if (!old) {
      parent.insertBefore(node, parent.children[i] ?? null);
      return;
    }
    if (parent.children[i] !== old) parent.insertBefore(old, parent.children[i]);
    morph(old, node);
  });
  while (parent.children.length > fresh.length) parent.lastElementChild.remove();
};
const morph = (old, fresh) => {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE || old.nodeName !== fresh.nodeName) {
    old.replaceWith(fresh);
    return;
  }
  for (const name of old.getAttributeNames()) if (!fresh.hasAttribute(name) && name !== 'open') old.removeAttribute(name);
  for (const name of fresh.getAttributeNames()) if (old.getAttribute(name) !== fresh.getAttribute(name)) old.setAttribute(name, fresh.getAttribute(name));
  if (old.childNodes.length === fresh.childNodes.length) {
    const children = [...fresh.childNodes]; // replacing takes them out of the list
    [...old.childNodes].forEach((child, i) => morph(child, children[i]));
  } else old.replaceChildren(...fresh.childNodes);
};

// Orders are found by their data, so that a row holds no handlers and two rows can be compared.
const ordering = (text, order, name) => {
  const node = el('button', { type: 'button', textContent: text });
  node.setAttribute('aria-label', `${text}: ${name}`);
  Object.assign(node.dataset, { order, name });
  return node;
};

const stage = (label, value, hint, kind) => el('div', { className: `stage ${kind ?? ''}` }, el('span', { className: 'quiet', textContent: label }), el('b', { textContent: value }), el('span', { className: 'quiet', textContent: hint }));

const lastRun = run => !run ? el('span', { className: 'soft', textContent: 'none yet' })
  : two(mark(run.outcome, kinds[run.outcome] ?? 'soft'), el('small', {}, ago(run.startedAt), `, took ${took(run)}`));

const why = run => run.recovering ? 'recovers a lost run' : run.retryOf ? `retries run ${run.retryOf}` : run.attempt > 0 ? `attempt ${run.attempt + 1}` : run.askedBy ? `asked by ${short(run.askedBy)}` : 'schedule';

const showOverview = (jobs, nodes) => {
  const alive = nodes.filter(n => n.state === 'alive').length;
  const { trouble } = jobs;
  const paused = jobs.jobs.filter(j => j.state === 'paused').length;
  patch(at('overview'), [
    stage('Hosts', `${alive} of ${nodes.length} alive`, alive < nodes.length ? 'others take over what a dead one ran' : 'share one store', alive < nodes.length ? 'warn' : 'good'),
    stage('Jobs', count(jobs.jobs.length), paused ? `${paused} paused, ${jobs.running} running now` : `${jobs.running} running now`, paused ? 'warn' : 'good'),
    stage(`Failed in ${trouble.hours} h`, count(trouble.failed + trouble.lost), trouble.lost ? `${trouble.lost} of them lost with their host` : 'attempts that threw', trouble.failed + trouble.lost ? 'bad' : 'good'),
    stage(`Misfires in ${trouble.hours} h`, count(trouble.misfires), 'firings that came too late', trouble.misfires ? 'warn' : 'good'),
  ]);
  at('badge-running').textContent = jobs.running || '';
  at('badge-failed').textContent = trouble.failed + trouble.lost || '';
  at('badge-misfires').textContent = trouble.misfires || '';
  at('node').textContent = `this host is ${jobs.node}`;
};

const showJobs = jobs => fill('jobs', jobs.jobs.map(j => [
  two(el('span', { className: 'name', textContent: j.name }), small(j.description)),
  two(state(j.state), j.paused ? el('small', { title: j.paused.by ?? '' }, `by ${short(j.paused.by) ?? 'somebody'} `, ago(j.paused.at)) : j.attempt ? small(`retry ${j.attempt} is next`) : null),
  j.everySeconds ? span(j.everySeconds * 1000) : '–',
  j.state === 'paused' ? el('span', { className: 'soft', textContent: 'when asked' }) : ago(j.nextAt),
  lastRun(j.lastRun),
  el('span', { className: 'buttons' }, ordering('Run now', 'trigger', j.name), j.state === 'paused' ? ordering('Resume', 'resume', j.name) : ordering('Pause', 'pause', j.name)),
]), 'The timetable is empty.');

const showRunning = rows => fill('running', rows.map(r => [el('span', { className: 'name', textContent: r.job ?? '–' }), span(Math.floor((now() - Date.parse(r.startedAt)) / 1000) * 1000), el('code', { textContent: r.trigger, title: r.trigger }),
  el('code', { textContent: short(r.node), title: r.node })]), 'Nothing runs at this moment.');

const showNodes = rows => fill('nodes', rows.map(n => [two(el('code', { textContent: n.node }), n.here ? small('answers this page') : null), state(n.state), ago(n.lastCheckIn), n.checkInSeconds ? `${n.checkInSeconds} s` : '–']), 'No host has checked in.');

const showMisfires = rows => fill('misfires', rows.map(m => [el('span', { className: 'name', textContent: m.job ?? m.trigger }), ago(m.scheduledAt), ago(m.noticedAt), m.reason, el('code', { textContent: short(m.node), title: m.node })]), 'Every firing came in time.');

const showHistory = page => fill('history', page.items.map(r => [
  el('span', { className: 'name', textContent: r.job }), two(state(r.outcome), r.retrying ? small('tried again') : null), ago(r.startedAt), took(r), why(r), el('code', { textContent: short(r.node), title: r.node }), `${r.id}`,
]), 'No run like that is in the history.');

const aftermath = run => run.retrying ? 'The next attempt follows by itself.' : run.recoveredBy ? `Run ${run.recoveredBy} did its work.` : run.retriedBy ? `Run again as run ${run.retriedBy}.` : null;
const showFailed = page => {
  const cards = page.items.map(r => {
    const after = aftermath(r);
    const text = r.error ?? (r.outcome === 'lost' ? 'Its host ended without saying how it went.' : 'It was cancelled.');
    const head = text.split('\n')[0];
    return el('article', { className: `run ${after ? 'settled' : ''}`, id: `run-${r.id}` },
      el('div', {},
        el('p', {}, el('span', { className: 'name', textContent: r.job }), ' ', state(r.outcome), el('span', { className: 'quiet' }, ' ', ago(r.startedAt), ` · run ${r.id} · attempt ${r.attempt + 1} · took ${took(r)} · on ${short(r.node)}`)),
        after ? el('span', { className: 'quiet', textContent: after }) : ordering('Run again', 'retry', `${r.id}`)),
      text === head ? el('p', { textContent: head }) : el('details', {}, el('summary', { textContent: head }), el('pre', { textContent: text })));
  });
  if (cards.length === 0) cards.push(el('p', { className: 'quiet', textContent: 'Nothing failed, as far as the history goes back.' }));
  patch(at('failed'), cards);
};

// --- what is shown now

let tab = 'jobs';
const pages = { failed: 50, history: 50 }; // rows that "Older" has asked for so far
const most = 200;

// As many pages as are open, each from where the last ended.
const list = async (path, wanted) => {
  const items = [];
  let next = null;
  do {
    const page = await get(`${path}${path.includes('?') ? '&' : '?'}limit=${Math.min(most, wanted - items.length)}${next ? `&cursor=${encodeURIComponent(next)}` : ''}`);
    items.push(...page.items);
    next = page.next;
  } while (next && items.length < wanted);
  return { items, next };
};

const panels = {
  jobs: async () => {},
  running: async () => showRunning(await get('jobs/running')),
  failed: async () => { const page = await list('jobs/failed', pages.failed); showFailed(page); at('failed-more').hidden = !page.next; },
  history: async () => {
    const query = new URLSearchParams();
    if (at('filter-job').value) query.set('job', at('filter-job').value);
    if (at('filter-outcome').value) query.set('outcome', at('filter-outcome').value);
    const page = await list(`jobs/runs?${query}`, pages.history);
    showHistory(page);
    at('history-more').hidden = !page.next;
  },
  misfires: async () => showMisfires(await get('jobs/misfires?limit=100')),
  nodes: async () => {},
};

let round = 0; // of the newest refresh: an older one's answers are not shown over a newer one's
async function refresh() {
  const mine = ++round;
  try {
    const [jobs, nodes] = await Promise.all([get('jobs'), get('jobs/nodes')]);
    if (mine !== round) return;
    skew = Date.parse(jobs.now) - Date.now();
    showOverview(jobs, nodes);
    showJobs(jobs);
    showNodes(nodes);
    const names = ['', ...jobs.jobs.map(j => j.name)];
    if (at('filter-job').options.length !== names.length) at('filter-job').replaceChildren(...names.map(n => el('option', { value: n, textContent: n || 'all' })));
    await panels[tab]();
    at('fresh').textContent = `as of ${new Date(now()).toLocaleTimeString()}`;
    problem(null);
  } catch (error) {
    if (mine !== round) return;
    if (error.status === 401) { show(null); problem('You are signed out: the time is over, or the account is no operator any more.'); } else problem(error.message);
  }
}

const choose = name => {
  tab = name;
  for (const button of document.querySelectorAll('[role="tab"]')) {
    const chosen = button.id === `tab-${name}`;
    button.setAttribute('aria-selected', `${chosen}`);
    button.tabIndex = chosen ? 0 : -1;
    at(button.getAttribute('aria-controls')).hidden = !chosen;
  }
  refresh();
};

const order = async (path, done) => {
  try {
    await ask('POST', path);
    at('done').textContent = done;
    problem(null);
  } catch (error) {
    problem(error.message);
    if (error.status !== 401) return;
  }
  await refresh();
};

// --- sign-in

let timer = null;
function show(session) {
  const signedIn = Boolean(session?.address);
  showSession(signedIn ? session : null);
  clearInterval(timer);
  if (signedIn) {
    refresh();
    timer = setInterval(() => { if (!document.hidden) refresh(); }, 2000);
  } else {
    round++; // nothing that is still under way is shown
    for (const id of ['overview', 'failed']) at(id).replaceChildren();
    for (const body of document.querySelectorAll('tbody')) body.replaceChildren();
    at('node').textContent = 'housekeeping of the network';
    at('fresh').textContent = '';
  }
}

signsIn({ ask, show, statement: 'See and steer the jobs of this network.', uri: `${location.origin}/` });
document.querySelector('.tabs').addEventListener('click', event => { const button = event.target.closest('[role="tab"]'); if (button) choose(button.id.slice(4)); });
document.querySelector('.tabs').addEventListener('keydown', event => {
  const tabs = [...document.querySelectorAll('[role="tab"]')];
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const to = event.key === 'Home' ? 0 : event.key === 'End' ? tabs.length - 1 : step ? (tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length : -1;
  if (to < 0) return;
  event.preventDefault();
  tabs[to].focus();
  choose(tabs[to].id.slice(4));
});
at('signed-in').addEventListener('click', async event => {
  const button = event.target.closest('[data-order]');
  if (!button) return;
  button.disabled = true;
  const { order: what, name } = button.dataset;
  const path = what === 'retry' ? `jobs/runs/${encodeURIComponent(name)}/retry` : `jobs/${encodeURIComponent(name)}/${what}`;
  await order(path, { retry: `Run ${name} is run again.`, trigger: `${name} is asked to run.`, pause: `${name} is paused.`, resume: `${name} goes on.` }[what]);
  button.disabled = false;
});
at('pause-all').addEventListener('click', () => order('jobs/pause', 'All jobs are paused.'));
at('resume-all').addEventListener('click', () => order('jobs/resume', 'All jobs go on.'));
at('filter').addEventListener('change', () => { pages.history = 50; refresh(); });
at('filter').addEventListener('submit', event => event.preventDefault());
for (const name of ['failed', 'history']) at(`${name}-more`).addEventListener('click', () => { pages[name] += 50; refresh(); });

get('session').then(show, error => { show(null); problem(error.message); });
