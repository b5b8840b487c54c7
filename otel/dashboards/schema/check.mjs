// Checks entraredis.json against the types that Grafana publishes, its queries with Prometheus's own grammar, and
// grafanadashboard.yaml against the schema of the Grafana operator. scripts/dashboard-test.sh installs the packages.
//
//   node check.mjs <folder with node_modules> <entraredis.json> <grafanadashboard.yaml>
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, dashboardFile, manifestFile] = process.argv.slice(2);
const load = (file) => import(pathToFileURL(join(folder, 'node_modules', file)));
const text = readFileSync(dashboardFile, 'utf8');
const dashboard = JSON.parse(text);
let problems = 0;

function problem(message) {
  problems++;
  console.error(message);
}

// Enums of the types are what JSON has of them: their values.
const head = `
import type * as g from '@grafana/schema';
import type * as timeseries from '../node_modules/@grafana/schema/dist/types/raw/composable/timeseries/panelcfg/x/types.gen';
import type * as stat from '../node_modules/@grafana/schema/dist/types/raw/composable/stat/panelcfg/x/types.gen';
type Plain<T> = T extends string ? \`\${T}\` : T extends (infer E)[] ? Plain<E>[] : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
type PlainPanel = Plain<Omit<g.Panel, 'options' | 'fieldConfig' | 'targets' | 'transformations'>>;
type PlainField = Plain<Omit<g.FieldConfig, 'custom' | 'links'>>;
// Queries are the data source's own: beside what each query has, what Prometheus's knows.
type Query = Plain<g.DataQuery> & {
  expr: string; range: boolean; instant: boolean; exemplar?: boolean; legendFormat?: string; interval?: string;
  format?: 'time_series' | 'table'; editorMode?: 'code' | 'builder';
};
type Link = { title: string; url: string; targetBlank: boolean };
`;

const options = { timeseries: 'timeseries.Options', stat: 'stat.Options', table: 'g.TableOptions' };
const custom = { timeseries: 'timeseries.FieldConfig', table: 'g.TableFieldOptions' };
// What the properties of overrides hold.
const properties = {
  color: 'Plain<g.FieldColor>',
  thresholds: 'Plain<g.ThresholdsConfig>',
  mappings: 'Plain<g.ValueMapping[]>',
  unit: 'string',
  noValue: 'string',
  links: 'Link[]',
  'custom.cellOptions': 'Plain<g.TableCellOptions>',
};

// typescript returns constants that compile if the dashboard is one.
function typescript(d) {
  const lines = [head];
  let n = 0;
  const is = (type, value) => lines.push(`export const v${n++}: ${type} = ${JSON.stringify(value, null, 1)};`);

  const panel = (p) => {
    const { options: o, fieldConfig, targets, transformations, ...rest } = p;
    is('PlainPanel', rest);
    is(`Plain<${options[p.type]}>`, o);
    const { custom: c, ...defaults } = fieldConfig.defaults;
    is('PlainField', defaults);
    if (custom[p.type]) is(`Plain<${custom[p.type]}>`, c);
    for (const override of fieldConfig.overrides) {
      is('Plain<g.MatcherConfig<string>>', override.matcher);
      for (const { id, value } of override.properties) is(properties[id] ?? `'no type is known for the property ${id}'`, value);
    }
    for (const target of targets) is('Query', target);
    for (const transformation of transformations ?? []) is('Plain<g.DataTransformerConfig>', transformation);
  };

  const { panels, annotations, ...whole } = d;
  is("Plain<Omit<g.Dashboard, 'panels' | 'annotations'>>", whole);
  for (const { target, titleFormat, textFormat, tagKeys, ...annotation } of annotations.list) {
    is("Plain<Omit<g.AnnotationQuery, 'target'>>", annotation);
    is('Query', target);
    is('{ titleFormat: string; textFormat: string; tagKeys: string }', { titleFormat, textFormat, tagKeys }); // Prometheus's own
  }
  for (const p of panels) {
    if (p.type !== 'row') {
      panel(p);
      continue;
    }
    const { panels: hidden, ...row } = p;
    is("Plain<Omit<g.RowPanel, 'panels'>>", row);
    hidden.forEach(panel);
  }
  return lines.join('\n');
}

// compiles returns what tsc says about the dashboard, nothing if it is well.
function compiles(d, name) {
  const work = join(folder, 'check');
  mkdirSync(work, { recursive: true });
  writeFileSync(join(work, `${name}.ts`), typescript(d));
  const flags = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'esnext', '--moduleResolution', 'bundler', '--target', 'es2022'];
  try {
    execFileSync(process.execPath, [join(folder, 'node_modules/typescript/bin/tsc'), ...flags, join(work, `${name}.ts`)], { encoding: 'utf8', cwd: folder });
    return '';
  } catch (failed) {
    return failed.stdout || String(failed);
  }
}

// What the types must refuse, or they check nothing.
const mutations = {
  'a field that Grafana does not know': (d) => { d.panels[1].tooltip = true; },
  'an unknown colour mode': (d) => { d.panels[1].fieldConfig.defaults.color.mode = 'greenish'; },
  'a query with a mistyped field': (d) => { d.panels[1].targets[0].exmplar = true; },
  'an option with a wrong type': (d) => { d.panels[1].options.wideLayout = 'yes'; },
  'a variable without a name': (d) => { delete d.templating.list[0].name; },
};

const errors = compiles(dashboard, 'dashboard');
if (errors) problem(`entraredis.json is no dashboard of @grafana/schema:\n${errors}`);
for (const [what, change] of Object.entries(mutations)) {
  const changed = JSON.parse(text);
  change(changed);
  if (!compiles(changed, 'mutation')) problem(`the types do not refuse ${what}`);
}

const panels = dashboard.panels.flatMap((p) => [p, ...(p.panels ?? [])]);
const expressions = panels.flatMap((p) => (p.targets ?? []).map((t) => t.expr)).concat(dashboard.annotations.list.map((a) => a.target.expr));
const { parser } = await load('@prometheus-io/lezer-promql/dist/index.es.js');
// A duration stands where Grafana puts one in. The other variables are in strings.
const parses = (expr) => {
  let ok = true;
  parser.parse(expr.replaceAll('$__rate_interval', '2m')).iterate({ enter: (node) => { ok &&= !node.type.isError; } });
  return ok;
};
for (const expr of expressions) {
  if (!parses(expr)) problem(`no PromQL: ${expr}`);
  if (parses(`${expr})`)) problem(`the grammar takes a bracket too many: ${expr}`);
}

const yaml = await load('js-yaml/dist/js-yaml.mjs');
const manifest = yaml.load(readFileSync(manifestFile, 'utf8'));
if (manifest.spec.json !== text) problem('grafanadashboard.yaml does not hold entraredis.json');
const { GrafanaDashboard } = await load('@kubernetes-models/grafana-operator/grafana.integreatly.org/v1beta1/index.js');
const valid = (m) => {
  try {
    new GrafanaDashboard(m).validate();
    return '';
  } catch (refused) {
    return refused.message;
  }
};
if (valid(manifest)) problem(`grafanadashboard.yaml: ${valid(manifest)}`);
if (!valid({ ...manifest, spec: { json: 1 } })) problem('the schema takes a manifest without an instanceSelector and with a number for the dashboard');

console.log(`dashboard-test: ${panels.length} panels and rows, ${expressions.length} expressions, ${problems} problems`);
process.exitCode = problems ? 1 : 0;
