import { join } from 'node:path';
import ts from 'typescript';
import { PROJECT } from './documents.js';

const FILES = ['module', 'consumer', 'handler'].map((name) => join(PROJECT, 'lib', 'interfaces', `${name}-options.interface.ts`));

/** Options of a public interface by their path (`commit.intervalMs`), each with the text of its `@default`. */
export function interfaceOptions(name: string): Map<string, string | undefined> {
  const declarations = FILES.flatMap((file) => {
    const source = ts.sys.readFile(file);
    if (source === undefined) throw new Error(`${file} is not there.`);
    return ts.createSourceFile(file, source, ts.ScriptTarget.ES2022, true).statements.filter(ts.isInterfaceDeclaration);
  });
  return new Map(optionsOf(name, new Map(declarations.map((each) => [each.name.text, each]))));
}

type Interfaces = ReadonlyMap<string, ts.InterfaceDeclaration>;

function optionsOf(name: string, interfaces: Interfaces): [string, string | undefined][] {
  const declaration = interfaces.get(name);
  if (declaration === undefined) throw new Error(`There is no interface ${name}.`);
  const inherited = (declaration.heritageClauses ?? []).flatMap(({ types }) => types.flatMap(({ expression }) => optionsOf(expression.getText(), interfaces)));
  return [...inherited, ...membersOf(declaration.members, interfaces)];
}

function membersOf(members: ts.NodeArray<ts.TypeElement>, interfaces: Interfaces): [string, string | undefined][] {
  return members.filter(ts.isPropertySignature).flatMap((member) => {
    const name = member.name.getText();
    const inner = nested(member.type, interfaces);
    if (inner.length === 0) return [[name, defaultOf(member)]];
    return inner.map(([path, text]): [string, string | undefined] => [`${name}.${path}`, text ?? inObject(defaultOf(member), path)]);
  });
}

/** Options inside of an option: of a type that is an object and nothing else. */
function nested(type: ts.TypeNode | undefined, interfaces: Interfaces): [string, string | undefined][] {
  if (type === undefined) return [];
  if (ts.isTypeLiteralNode(type)) return membersOf(type.members, interfaces);
  const isOptions = ts.isTypeReferenceNode(type) && /^Kafka(Commit|Rebalance|Retry)Options$/.test(type.typeName.getText());
  return isOptions ? optionsOf(type.typeName.getText(), interfaces) : [];
}

function defaultOf(member: ts.PropertySignature): string | undefined {
  const tag = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === 'default');
  return tag && (ts.getTextOfJSDocComment(tag.comment) ?? '');
}

/** `250` of `{ maxWaitMs: 250 }`. */
function inObject(text: string | undefined, name: string): string | undefined {
  return new RegExp(`\\b${name}: ([^,}]+?) ?[,}]`).exec(text ?? '')?.[1];
}
