import { join, relative } from 'node:path';
import ts from 'typescript';
import { type Snippet, snippetsOf } from '../../support/document-snippets.js';
import { documents, PROJECT } from '../../support/documents.js';

const ASSUMED = join(PROJECT, 'test/unit/docs/assumed.d.ts');

/** What the compiler finds wrong in files that are nowhere on disk, as `docs/page.md:12: what`. */
function faultsOf(snippets: readonly Snippet[]): string[] {
  const files = new Map(snippets.map((snippet) => [join(PROJECT, snippet.path), snippet]));
  const { config } = ts.readConfigFile(join(PROJECT, 'tsconfig.json'), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, { ...ts.sys, readDirectory: () => [] }, PROJECT, { noUnusedLocals: false, noUnusedParameters: false, types: ['node', 'jest'] });
  const host = ts.createCompilerHost(options);
  const [readFile, fileExists, directoryExists] = [host.readFile, host.fileExists, host.directoryExists];
  host.readFile = (name) => files.get(name)?.source ?? readFile(name);
  host.fileExists = (name) => files.has(name) || fileExists(name);
  host.directoryExists = (name) => [...files.keys()].some((file) => file.startsWith(`${name}/`)) || (directoryExists?.(name) ?? true);
  host.getSourceFile = (name, target) => {
    const text = host.readFile(name);
    return text === undefined ? undefined : ts.createSourceFile(name, text, target);
  };
  const program = ts.createProgram([ASSUMED, ...files.keys()], options, host);
  return [...files].flatMap(([name, snippet]) => {
    const source = program.getSourceFile(name);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(({ messageText, start = 0 }) => {
      const line = snippet.line + (source?.getLineAndCharacterOfPosition(start).line ?? 0);
      return `${relative(PROJECT, name).replace(/\.md\/.*/, '.md')}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
  });
}

describe('the code in the documents', () => {
  it('compiles', () => {
    const snippets = documents().flatMap(snippetsOf);
    expect(snippets.length).toBeGreaterThan(12);
    expect(faultsOf(snippets)).toEqual([]);
  });

  it('is really compiled', () => {
    const source = "import { type KafkaManyThreadsOptions } from 'nestjs-kafka-many-threads';\nexport const options: KafkaManyThreadsOptions = { clients: 1 };";
    expect(faultsOf([{ path: 'docs/wrong.md/a.ts', line: 7, source }])).toEqual([expect.stringMatching(/^docs\/wrong\.md:8: .*'clients'/)]);
  });
});
