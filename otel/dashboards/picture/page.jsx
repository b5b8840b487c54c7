// Draws the dashboard with the components that Grafana is made of, from the answers of data.mjs.
import {
  applyFieldOverrides, cacheFieldDisplayNames, createTheme, dateTime, FieldConfigOptionsRegistry, FieldType, getDisplayProcessor, standardTransformers,
  standardTransformersRegistry, ThemeContext, toDataFrame, transformDataFrame,
} from '@grafana/data';
import { BigValue, GlobalStyles, PanelChrome, TimeSeries } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { createRoot } from 'react-dom/client';
import { lastValueFrom } from 'rxjs';

const { title, variables, from, to, unit, height, panels } = window.picture;
const theme = createTheme({ colors: { mode: new URLSearchParams(location.search).get('mode') ?? 'light' } });
const timeRange = { from: dateTime(from), to: dateTime(to), raw: { from: dateTime(from), to: dateTime(to) } };
const width = 1600;
const gap = 8;

standardTransformersRegistry.setInit(() =>
  ['mergeTransformer', 'organizeFieldsTransformer'].map((name) => {
    const transformation = standardTransformers[name];
    return { id: transformation.id, name: transformation.name, description: '', transformation: () => Promise.resolve(transformation), imageDark: '', imageLight: '' };
  })
);

// What overrides may set.
const registry = new FieldConfigOptionsRegistry();
const configs = panels.map(({ panel: p }) => p.fieldConfig?.defaults.custom ?? {});
const customs = new Set(['cellOptions', ...configs.flatMap((custom) => Object.keys(custom))]);
for (const id of ['color', 'unit', 'thresholds', 'mappings', 'noValue', 'links', ...[...customs].map((key) => `custom.${key}`)]) {
  registry.register({
    id, path: id.replace('custom.', ''), isCustom: id.startsWith('custom.'), name: id,
    process: (value) => value, shouldApply: () => true,
  });
}

// name puts labels into a legend as Grafana does.
const name = (legend, labels) => legend.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => labels[label] ?? '') || undefined;

function seriesFrame(target, series) {
  const values = series.values ?? [series.value];
  return toDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: values.map(([seconds]) => seconds * 1000) },
      {
        name: 'Value', type: FieldType.number, values: values.map(([, text]) => Number(text)), labels: series.metric,
        config: { displayNameFromDS: name(target.legendFormat, series.metric) },
      },
    ],
  });
}

function tableFrame(target, result) {
  const labels = [...new Set(result.flatMap((series) => Object.keys(series.metric)))];
  if (result.length === 0) return toDataFrame({ refId: target.refId, fields: [] });
  return toDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: result.map((series) => series.value[0] * 1000) },
      ...labels.map((label) => ({ name: label, type: FieldType.string, values: result.map((series) => series.metric[label] ?? '') })),
      { name: `Value #${target.refId}`, type: FieldType.number, values: result.map((series) => Number(series.value[1])) },
    ],
  });
}

function looked(panel, data) {
  const frames = applyFieldOverrides({
    data, fieldConfig: panel.fieldConfig, replaceVariables: (text) => text, theme, timeZone: 'utc', fieldConfigRegistry: registry,
  });
  cacheFieldDisplayNames(frames);
  return frames;
}

function Figure({ panel, answers, w, h }) {
  const [series] = answers[0].result;
  const { defaults } = panel.fieldConfig;
  const show = getDisplayProcessor({ field: { type: FieldType.number, config: { ...defaults } }, theme });
  const value = series ? show(Number(series.value[1])) : { ...show(null), text: defaults.noValue ?? 'No data' };
  return <BigValue value={value} width={w} height={h} theme={theme} colorMode="background" graphMode="none" justifyMode="auto" textMode="value" />;
}

function Graph({ panel, answers, w, h }) {
  const frames = looked(panel, answers.flatMap(({ target, result }) => result.map((series) => seriesFrame(target, series))));
  if (frames.length === 0) return <div style={{ padding: 16 }}>{panel.fieldConfig.defaults.noValue ?? 'No data'}</div>;
  return <TimeSeries frames={frames} width={w} height={h} timeRange={timeRange} timeZone="utc" legend={panel.options.legend} options={panel.options} />;
}

function Rows({ frame, panel, w, h }) {
  if (!frame) return <div style={{ padding: 16 }}>{panel.fieldConfig.defaults.noValue}</div>;
  return <TableNG data={frame} width={w} height={h} showTypeIcons={false} cellHeight="sm" sortBy={panel.options.sortBy} fieldConfig={panel.fieldConfig} />;
}

function Picture({ tables }) {
  const column = (width - gap) / 24;
  return (
    <div style={{ position: 'relative', width, height, background: theme.colors.background.canvas }}>
      <div style={{ padding: '10px 12px', display: 'flex', gap: 12, alignItems: 'center' }}>
        <b style={{ fontSize: 18, marginRight: 12 }}>{title}</b>
        {variables.map((label) => (
          <span key={label} style={{ border: `1px solid ${theme.colors.border.medium}`, borderRadius: 2, padding: '4px 8px', fontSize: 12 }}>{label} ▾</span>
        ))}
      </div>
      {panels.map(({ panel: p, answers, y }) => {
        const at = { position: 'absolute', left: gap + p.gridPos.x * column, top: 56 + y * unit };
        const w = p.gridPos.w * column - gap;
        const h = p.gridPos.h * unit - gap;
        if (p.type === 'row') {
          return (
            <div key={p.id} style={{ ...at, fontSize: 16, fontWeight: 500, paddingTop: 4 }}>
              {p.collapsed ? '›' : '⌄'} {p.title} {p.collapsed && <span style={{ color: theme.colors.text.secondary, fontSize: 12 }}>({p.panels.length} panels)</span>}
            </div>
          );
        }
        return (
          <div key={p.id} style={at}>
            <PanelChrome title={p.title} description={p.description} width={w} height={h} padding={p.type === 'table' ? 'none' : 'sm'}>
              {(innerW, innerH) =>
                p.type === 'stat' ? <Figure panel={p} answers={answers} w={innerW} h={innerH} />
                  : p.type === 'table' ? <Rows panel={p} frame={tables.get(p.id)} w={innerW} h={innerH} />
                    : <Graph panel={p} answers={answers} w={innerW} h={innerH} />}
            </PanelChrome>
          </div>
        );
      })}
    </div>
  );
}

// tables makes one frame of the answers of every table, by the dashboard's own transformations.
async function tablesOf(all) {
  const tables = new Map();
  for (const { panel, answers } of all.filter(({ panel: p }) => p.type === 'table')) {
    const frames = answers.map(({ target, result }) => tableFrame(target, result)).filter((frame) => frame.fields.length > 0);
    if (frames.length === 0) continue;
    tables.set(panel.id, looked(panel, await lastValueFrom(transformDataFrame(panel.transformations, frames)))[0]);
  }
  return tables;
}

tablesOf(panels).then((tables) =>
  createRoot(document.getElementById('root')).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <Picture tables={tables} />
    </ThemeContext.Provider>
  )
);
