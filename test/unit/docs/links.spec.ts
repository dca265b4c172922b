import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { Document, documents, existsInProject, PROJECT } from '../../support/documents.js';

interface Link {
  readonly from: string;
  readonly to: string;
  readonly anchor: string;
}

/** Of a page, to files of the project. */
function linksOf({ path, prose }: Document): Link[] {
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target).filter((target) => !/^[a-z]+:/.test(target));
  return targets.map((target) => {
    const [file = '', anchor = ''] = target.split('#');
    return { from: path, to: file === '' ? path : posix.join(posix.dirname(path), file), anchor };
  });
}

const pages = documents();
const links = pages.flatMap(linksOf);

describe('the documents', () => {
  it('link to files and headings that exist', () => {
    expect(links.length).toBeGreaterThan(30);
    const isBroken = ({ to, anchor }: Link): boolean => !existsInProject(to) || (anchor !== '' && !new Document(to).anchors.has(anchor));
    expect(links.filter(isBroken)).toEqual([]);
  });

  it('can all be reached from the README', () => {
    const reached = new Set(['README.md']);
    for (const path of reached) for (const { to } of links.filter(({ from }) => from === path)) reached.add(to);
    expect(pages.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
  });

  it('name npm scripts and files that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { scripts: object };
    const wrong = pages.flatMap(({ path, text }) => {
      const commands = [...text.matchAll(/\bnpm run ([a-z][\w:-]*)/g)].map(([, name = '']) => name).filter((name) => !Object.hasOwn(scripts, name));
      const files = [...text.matchAll(/(?<![\w./@-])(?:lib|test|scripts|sample-app|bench|docs|api)\/[\w./*-]*[\w*]/g)].map(([file]) => file).filter((file) => !existsInProject(file));
      return [...commands, ...files].map((name) => `${path}: ${name}`);
    });
    expect(wrong).toEqual([]);
  });

  it('show the example of tests as it runs', () => {
    const shown = new Map(new Document('docs/testing.md').blocks('ts').map(({ code }) => [/^\/\/ (\S+\.ts)$/m.exec(code)?.[1] ?? '', code]));
    for (const name of ['orders.handler.spec.ts', 'orders.handler.ts', 'app.module.ts']) {
      expect(shown.get(name)).toBe(`// ${name}\n${readFileSync(join(PROJECT, 'test/examples', name), 'utf8')}`);
    }
  });
});
