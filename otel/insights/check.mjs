// Checks what otel/insights writes: every query with Microsoft's parser of KQL against the columns that the tables have,
// and the Bicep file with tree-sitter's grammar of Bicep.
//
//   node check.mjs CACHE WORKBOOK BICEP PAGE
//
// CACHE has a folder node_modules with the packages that scripts/insights-test.sh fetches.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [cache, workbookFile, bicepFile, pageFile] = process.argv.slice(2);
const require = createRequire(join(cache, "package.json"));
require("@kusto/language-service-next/bridge.min.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");
const { GlobalState, KustoCode, Symbols } = globalThis.Kusto.Language;

// The columns of Application Insights' tables that queries may use. customMetrics has valueSum and valueCount for Sum and
// ItemCount of AppMetrics: learn.microsoft.com/azure/azure-monitor/reference/tables/appmetrics.
const common = "timestamp: datetime, cloud_RoleName: string, cloud_RoleInstance: string, customDimensions: dynamic, itemType: string";
const tables = {
  customMetrics: `(${common}, name: string, valueSum: real, valueCount: int, valueMin: real, valueMax: real)`,
  traces: `(${common}, message: string, severityLevel: int)`,
  requests: `(${common}, name: string, duration: real, success: string)`,
  dependencies: `(${common}, name: string, duration: real, success: string, target: string, resultCode: string)`,
};
const symbols = Object.entries(tables).map(([name, columns]) => new Symbols.TableSymbol.$ctor7(name, columns, ""));
const database = new Symbols.DatabaseSymbol.$ctor1("app", symbols, false);
const globals = GlobalState.Default.WithDatabase(database);

const listOf = (list) => Array.from({ length: list.Count }, (_, i) => list.getItem(i));

// A query is what to parse, and the columns that its result must have: by name, or by type alone.
const aChart = [{ types: ["datetime"] }, { types: ["real", "long", "int"] }];
const dimension = (name) => ({ name, types: ["string"] });

// faults returns what is wrong with a query.
function faults(query, columns = []) {
  const code = KustoCode.ParseAndAnalyze(query, globals);
  const list = listOf(code.GetDiagnostics()).map((d) => `${d.Message}: ...${query.slice(d.Start, d.Start + 60)}`);
  const found = listOf(code.ResultType?.Columns ?? { Count: 0 }).map((c) => ({ name: c.Name, type: c.Type.Name }));
  for (const { name, types } of columns) {
    if (!found.some((c) => (name === undefined || c.name === name) && types.includes(c.type))) {
      list.push(`no column ${name ?? ""} of type ${types.join(" or ")} in ${found.map((c) => `${c.name}: ${c.type}`)}`);
    }
  }
  return list;
}

// A check that cannot fail protects nothing.
function checkTheCheck(query) {
  for (const [what, broken] of [
    ["an unknown table", query.replace("customMetrics", "customMetric")],
    ["an unknown column", query.replace("valueSum", "valueSums")],
    ["an unknown function", query.replace("coalesce(", "coalesced(")],
    ["a pipe too many", query + "\n| |"],
    ["a bracket too few", query.replace(")", "")],
  ]) {
    if (broken === query || faults(broken).length === 0) throw new Error(`the parser accepts ${what}`);
  }
  for (const column of [dimension("rank"), dimension("nosuch"), { types: ["datetime"] }]) {
    if (faults(query, [column]).length === 0) throw new Error(`the result is believed to have ${JSON.stringify(column)}`);
  }
}

// inWorkbook puts values in place of the parameters, as a workbook does.
function inWorkbook(query) {
  return query.replaceAll("{TimeRange:grain}", "5m").replaceAll("{Service}", "'checkout','cart'");
}

function ofWorkbook() {
  const queries = [];
  for (const item of JSON.parse(readFileSync(workbookFile)).items) {
    for (const p of item.content.parameters ?? []) if (p.query) queries.push([`parameter ${p.name}`, p.query]);
    if (item.type === 3) queries.push([item.name, inWorkbook(item.content.query), item.content.visualization === "timechart" ? aChart : []]);
  }
  return queries;
}

function ofPage() {
  return [...readFileSync(pageFile, "utf8").matchAll(/```kusto\n([^]*?)```/g)].map(([, query], i) => [`query ${i + 1}`, query]);
}

async function ofBicep() {
  const { Parser, Language } = require("web-tree-sitter");
  await Parser.init();
  const parser = new Parser();
  parser.setLanguage(await Language.load(require.resolve("tree-sitter-bicep/tree-sitter-bicep.wasm")));
  const text = readFileSync(bicepFile, "utf8");
  if (!parser.parse(text.replace("var rules = [", "var rules = [[")).rootNode.hasError) throw new Error("the grammar of Bicep accepts a bracket too few");
  const tree = parser.parse(text).rootNode;
  if (tree.hasError) throw new Error(`${bicepFile} is not Bicep: ${tree.descendantsOfType("ERROR").map((n) => `line ${n.startPosition.row + 1}`)}`);
  const sick = text.match(/var sick = '''\n([^]*?)'''/)[1];
  const unquote = (s) => s.replace(/\\(.)/g, (_, c) => (c === "n" ? "\n" : c));
  return [...text.matchAll(/name: '(EntraRedis\w+)'\n[^]*?query: '((?:\\.|[^'\\])*)'\n    dimensions: \[([^]*?)\n    \]/g)].map(([, name, query, dimensions]) => [
    name, unquote(query).replace("${sick}", sick), [...dimensions.matchAll(/name: '(\w+)'/g)].map(([, column]) => dimension(column)),
  ]);
}

let failed = false;
for (const [file, queries] of [[workbookFile, ofWorkbook()], [pageFile, ofPage()], [bicepFile, await ofBicep()]]) {
  if (queries.length < 9) throw new Error(`${file} has ${queries.length} queries only`);
  for (const [name, query, columns] of queries) {
    for (const fault of faults(query, columns)) {
      console.error(`${file}: ${name}: ${fault}`);
      failed = true;
    }
  }
  console.log(`insights-test: ${file}: ${queries.length} queries`);
}
checkTheCheck(ofPage()[0][1]);
process.exit(failed ? 1 : 0);
