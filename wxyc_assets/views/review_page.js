// Keys, decisions kept in the browser, and the file to save: the script of the review page.
'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const store = 'wxyc-review:' + data.page;
const kept = JSON.parse(localStorage.getItem(store) || '{}');
const candidates = [...document.querySelectorAll('.candidate')];
const by = document.getElementById('by');
const trouble = document.getElementById('trouble');
by.value = localStorage.getItem('wxyc-review-by') || '';
by.addEventListener('input', () => localStorage.setItem('wxyc-review-by', by.value));

const words = {confirm: 'confirmed', reject: 'rejected', replace: 'replaced', later: 'later'};

function key(candidate) {
  const {topic, value} = candidate.dataset;
  return [candidate.closest('article').dataset.record, topic, value].join(' ');
}

function show(candidate) {
  const said = kept[key(candidate)];
  candidate.dataset.decision = said ? said.decision : '';
  candidate.querySelector('output').textContent =
    said ? words[said.decision] + (said.value ? ' by ' + said.value : '') : '';
}

function progress() {
  const done = candidates.filter(each => kept[key(each)]).length;
  document.getElementById('progress').textContent = `${done} of ${candidates.length} decided`;
}

function keep(candidate, decision, value) {
  if (decision) kept[key(candidate)] = {decision, value, at: new Date().toISOString()};
  else delete kept[key(candidate)];
  localStorage.setItem(store, JSON.stringify(kept));
  show(candidate);
  progress();
}

function focused() {
  const within = document.activeElement.closest('.candidate');
  return within || candidates.find(each => !kept[key(each)]) || candidates[0];
}

function go(from, step) {
  const target = candidates[candidates.indexOf(from) + step];
  if (target) target.focus();
}

function decide(candidate, decision) {
  keep(candidate, decision);
  go(candidate, 1);
}

function decideRest(candidate, decision) {
  const mine = [...candidate.closest('article').querySelectorAll('.candidate')];
  mine.filter(each => each === candidate || !kept[key(each)]).forEach(each => keep(each, decision));
  go(mine[mine.length - 1], 1);
}

function replace(candidate) {
  if (candidate.querySelector('input')) return;
  const field = document.createElement('input');
  field.setAttribute('aria-label', 'the right value');
  field.placeholder = 'the right value';
  field.addEventListener('keydown', event => {
    event.stopPropagation();
    if (event.key === 'Enter' && field.value.trim()) {
      keep(candidate, 'replace', field.value.trim());
      field.remove();
      go(candidate, 1);
    } else if (event.key === 'Escape') {
      field.remove();
      candidate.focus();
    }
  });
  candidate.append(field);
  field.focus();
}

function act(candidate, action) {
  if (action === 'replace') replace(candidate);
  else decide(candidate, action);
}

const keys = {
  j: each => document.activeElement.closest('.candidate') ? go(each, 1) : each.focus(),
  k: each => go(each, -1),
  c: each => decide(each, 'confirm'),
  r: each => decide(each, 'reject'),
  e: each => replace(each),
  l: each => decide(each, 'later'),
  u: each => keep(each, null),
  C: each => decideRest(each, 'confirm'),
  R: each => decideRest(each, 'reject'),
  s: () => save(),
};

document.addEventListener('keydown', event => {
  const typing = event.target.matches('input');
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !candidates.length) return;
  const name = {ArrowDown: 'j', ArrowUp: 'k'}[event.key] || event.key;
  if (!keys[name]) return;
  event.preventDefault();
  keys[name](focused());
});

document.addEventListener('click', event => {
  const button = event.target.closest('button[data-action]');
  if (button) act(button.closest('.candidate'), button.dataset.action);
});

function lines(candidate) {
  const said = kept[key(candidate)];
  if (!said) return [];
  const record = candidate.closest('article').dataset;
  const line = (value, decision) => ({
    library_id: record.record, legacy_release_id: record.release, topic: candidate.dataset.topic,
    value, decision, decided_by: by.value.trim(), decided_at: said.at, note: '',
    sample_id: data.sample,
  });
  const shown = candidate.dataset.value;
  if (said.decision !== 'replace') return [line(shown, said.decision)];
  return [line(shown, 'reject'), line(said.value, 'replace')];
}

function csv(text) {
  return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
}

function save() {
  const decided = candidates.flatMap(lines);
  trouble.textContent = !by.value.trim() ? 'Say your name first.'
    : decided.length ? '' : 'Nothing is decided yet.';
  if (trouble.textContent) return by.focus();
  const rows = [data.columns, ...decided.map(each => data.columns.map(name => each[name]))];
  const text = rows.map(row => row.map(csv).join(',') + '\n').join('');
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], {type: 'text/csv'}));
  link.download = `verdicts-${data.page}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

document.getElementById('save').addEventListener('click', save);
candidates.forEach(show);
progress();
