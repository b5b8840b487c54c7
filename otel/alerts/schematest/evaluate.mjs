// Parses a Bicep file with tree-sitter-bicep and writes its resources as JSON, with the values of its parameters put in.
// It knows what otel/prometheusrulegroups.bicep uses, and fails at anything else.
//
//   node evaluate.mjs <folder with node_modules> <file> '{"parameter": value}'
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const [folder, file, parameters] = process.argv.slice(2)
const modules = path.join(folder, 'node_modules')
const { Parser, Language } = await import(pathToFileURL(path.join(modules, 'web-tree-sitter', 'tree-sitter.js')))
await Parser.init()
const parser = new Parser()
parser.setLanguage(await Language.load(path.join(modules, 'tree-sitter-bicep', 'tree-sitter-bicep.wasm')))

const source = fs.readFileSync(file, 'utf8')
const root = parser.parse(source).rootNode
if (root.hasError) fail(firstError(root), 'syntax error')

const values = JSON.parse(parameters)
const resources = []
const declared = new Set()
for (const node of root.namedChildren) {
  const [name, ...rest] = node.namedChildren
  switch (node.type) {
    case 'comment':
    case 'decorators':
      break
    case 'parameter_declaration': {
      declared.add(name.text)
      const fallback = rest[1]
      if (!(name.text in values)) {
        if (!fallback) fail(node, 'the parameter needs a value')
        values[name.text] = evaluate(fallback)
      }
      break
    }
    case 'variable_declaration':
      values[name.text] = evaluate(rest[0])
      break
    case 'resource_declaration':
      resources.push({ type: evaluate(rest[0]), body: evaluate(rest[1]) })
      break
    default:
      fail(node, node.type)
  }
}
for (const name of Object.keys(JSON.parse(parameters))) {
  if (!declared.has(name)) throw new Error(`there is no parameter ${name}`)
}
process.stdout.write(JSON.stringify(resources))

function evaluate(node, local = {}) {
  const children = node.namedChildren
  switch (node.type) {
    case 'object':
      return Object.fromEntries(children.map(property => {
        const [key, value] = property.namedChildren
        return [key.type === 'string' ? evaluate(key, local) : key.text, evaluate(value, local)]
      }))
    case 'array':
      return children.map(child => evaluate(child, local))
    case 'string':
      return text(node, local)
    case 'number':
      return Number(node.text)
    case 'boolean':
      return node.text === 'true'
    case 'null':
      return null
    case 'identifier': {
      const found = { ...values, ...local }
      if (!(node.text in found)) fail(node, 'not declared')
      return found[node.text]
    }
    case 'ternary_expression':
      return evaluate(children[0], local) ? evaluate(children[1], local) : evaluate(children[2], local)
    case 'call_expression': {
      const [called, list] = children
      if (called.text === 'resourceGroup') return { location: 'westeurope' }
      if (called.text === 'empty') return evaluate(list.namedChildren[0], local).length === 0
      return fail(node, 'unknown function')
    }
    case 'member_expression':
      return evaluate(children[0], local)[children[1].text]
    case 'for_statement': {
      const [variable, items, body] = children
      return evaluate(items, local).map(item => evaluate(body, { ...local, [variable.text]: item }))
    }
    default:
      return fail(node, node.type)
  }
}

// text puts values in for ${...} and resolves the escapes.
function text(node, local) {
  let result = ''
  let at = node.startIndex + 1
  for (const child of node.namedChildren.filter(child => child.type === 'interpolation')) {
    result += unescape(source.slice(at, child.startIndex)) + evaluate(child.namedChildren[0], local)
    at = child.endIndex
  }
  return result + unescape(source.slice(at, node.endIndex - 1))
}

function unescape(raw) {
  return raw.replace(/\\(['\\$nrt])/g, (_, c) => ({ n: '\n', r: '\r', t: '\t' })[c] ?? c)
}

function firstError(node) {
  if (node.type === 'ERROR' || node.isMissing) return node
  const child = node.children.find(child => child.hasError || child.isMissing)
  return child ? firstError(child) : node
}

function fail(node, why) {
  throw new Error(`${file}:${node.startPosition.row + 1}: ${why}: ${node.text.slice(0, 80)}`)
}
