import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { PROJECT } from './pack.js';

const dist = join(PROJECT, 'dist');
/** Peers that every application has; another one is for its own subpath. */
const peers = ['@nestjs/common', '@nestjs/core', 'kafkajs', 'reflect-metadata', 'rxjs'];
const ofSubpath: Readonly<Record<string, readonly string[]>> = { terminus: ['@nestjs/terminus'] };
/** What may stand in the declarations that an application reads. */
const declared = ['@nestjs/common', 'kafkajs', 'reflect-metadata', 'rxjs'];
/** What a file imports, exports from, requires, and names in `import()`. */
function importsOf(file: string): string[] {
  return ts.preProcessFile(readFileSync(file, 'utf8'), true, true).importedFiles.map(({ fileName }) => fileName);
}

function packageOf(specifier: string): string {
  return specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

const isOurs = (specifier: string): boolean => specifier.startsWith('.');
const isOfNode = (specifier: string): boolean => specifier.startsWith('node:') && builtinModules.includes(specifier.slice('node:'.length));

/** Declarations that an application reads when it imports from `entry`, by their path in dist. */
function declarationsFrom(entry: string): string[] {
  const found = new Set([entry]);
  for (const each of found) {
    for (const specifier of importsOf(join(dist, each)).filter(isOurs)) found.add(relative(dist, join(dist, each, '..', specifier.replace(/\.js$/, '.d.ts'))));
  }
  return [...found];
}

/** `npm run test:package` and `npm test` have built it. */
describe('what is built', () => {
  it.each(['esm', 'cjs'])('imports no package that an application may lack, code and declarations alike (%s)', (format) => {
    const files = readdirSync(join(dist, format), { recursive: true, encoding: 'utf8' }).filter((name) => /\.(js|d\.ts)$/.test(name));
    const imports = files.flatMap((name) => importsOf(join(dist, format, name)).filter((each) => !isOurs(each) && !isOfNode(each)).map((each) => ({ name, packageName: packageOf(each) })));
    // The search finds something at all.
    expect(imports.map(({ packageName }) => packageName)).toEqual(expect.arrayContaining(peers));
    const known = (name: string): readonly string[] => [...peers, ...(ofSubpath[name.split('/')[0]] ?? [])];
    expect(imports.filter(({ name, packageName }) => !known(name).includes(packageName))).toEqual([]);
  });

  describe.each(['esm', 'cjs'])('declares with %s', (format) => {
    it.each([
      ['index.d.ts', declared],
      ['terminus/index.d.ts', [...declared, '@nestjs/terminus']],
      ['testing/index.d.ts', declared],
    ])('%s by what is its own and of %j alone', (entry, allowed) => {
      const files = declarationsFrom(`${format}/${entry}`);
      expect(files.length).toBeGreaterThan(2);
      const foreign = files.flatMap((name) => importsOf(join(dist, name)).filter((each) => !isOurs(each) && !isOfNode(each) && !allowed.includes(each)).map((each) => `${name} imports ${each}`));
      expect(foreign).toEqual([]);
    });
  });

  it('is what package.json exports, for import and for require', () => {
    const { exports } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { exports: object };
    const paths = JSON.stringify(exports).match(/\.\/dist\/[^"]+/g) ?? [];
    expect(paths).toHaveLength(12);
    for (const path of paths) expect(() => readFileSync(join(PROJECT, path))).not.toThrow();
  });
});
