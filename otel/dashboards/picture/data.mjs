// Asks a Prometheus what the dashboard asks, and writes the answers for page.jsx, as a script that sets window.picture.
// Its first line is how high the picture is.
//
//   node data.mjs <entraredis.json> <url of Prometheus> <minutes to show> >data.js
import { readFileSync } from 'node:fs';

const [file, prometheus, minutes] = process.argv.slice(2);
const dashboard = JSON.parse(readFileSync(file, 'utf8'));
const to = Math.floor(Date.now() / 1000);
const from = to - minutes * 60;
const scrape = 5; // seconds between the scrapes of this Prometheus

async function ask(path, query) {
  const answer = await fetch(`${prometheus}/api/v1/${path}?${new URLSearchParams(query)}`);
  const { status, data, error } = await answer.json();
  if (status !== 'success') throw new Error(`${query.query}: ${error}`);
  return data.result;
}

async function panel(p) {
  const step = Math.max(scrape, Math.ceil((to - from) / (p.maxDataPoints ?? 240)));
  const chosen = (expr) => expr.replaceAll('$__rate_interval', `${Math.max(step + scrape, 4 * scrape)}s`).replace(/\$\w+/g, '.*');
  const answers = [];
  for (const t of p.targets) {
    const query = chosen(t.expr);
    const result = t.instant ? await ask('query', { query, time: to }) : await ask('query_range', { query, start: from, end: to, step });
    answers.push({ target: t, result });
  }
  return { panel: p, answers };
}

// Panels of collapsed rows are not there, so what follows them moves up.
const panels = [];
let hidden = 0;
let bottom = 0;
for (const p of dashboard.panels) {
  const y = p.gridPos.y - hidden;
  panels.push({ ...(p.type === 'row' ? { panel: p, answers: [] } : await panel(p)), y });
  if (p.collapsed) hidden += Math.max(...p.panels.map((inside) => inside.gridPos.h));
  bottom = Math.max(bottom, y + p.gridPos.h);
}

const { title, templating } = dashboard;
const unit = 38; // pixels, as in Grafana
const height = 64 + bottom * unit;
const picture = { title, variables: templating.list.map((v) => v.label), from: from * 1000, to: to * 1000, unit, height, panels };
process.stdout.write(`// ${height}\nwindow.picture = ${JSON.stringify(picture)};\n`);
