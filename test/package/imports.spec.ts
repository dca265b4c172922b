import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const project = resolve(__dirname, '..', '..');
const dist = join(project, 'dist');
/** Peers that every application has; another one is for its own subpath. */
const allowed = ['@nestjs/common', '@nestjs/core', 'kafkajs', 'reflect-metadata', 'rxjs'];
const ofSubpath: Readonly<Record<string, readonly string[]>> = { terminus: ['@nestjs/terminus'] };

/** Packages that a built file names in import, export, require or import(). */
function packagesOf(file: string): string[] {
  const text = readFileSync(join(dist, file), 'utf8').replace(/^\s*(\/\*\*|\*|\/\/).*$/gm, '');
  const names = [...text.matchAll(/(?:\bfrom\s*|\bimport\s*|\bimport\(\s*|\brequire\(\s*)['"]([^'"]+)['"]/g)].map(([, name = '']) => name);
  return names.filter((name) => !/^(\.|node:)/.test(name)).map((name) => name.split('/').slice(0, name.startsWith('@') ? 2 : 1).join('/'));
}

/** `npm run test:package` and `npm test` have built it. */
describe('what is built', () => {
  it.each(['esm', 'cjs'])('imports no package that an application may lack, code and declarations alike (%s)', (format) => {
    const files = readdirSync(join(dist, format), { recursive: true, encoding: 'utf8' }).filter((name) => /\.(js|d\.ts)$/.test(name));
    // The search finds something at all.
    expect(files.flatMap((name) => packagesOf(join(format, name)))).toEqual(expect.arrayContaining(allowed));
    const foreign = files.flatMap((name) => {
      const [subpath = ''] = name.split('/');
      const known = [...allowed, ...(ofSubpath[subpath] ?? [])];
      return packagesOf(join(format, name)).filter((each) => !known.includes(each)).map((each) => `${name} imports ${each}`);
    });
    expect(foreign).toEqual([]);
  });

  it('is what package.json exports, for import and for require', () => {
    const { exports } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { exports: object };
    const paths = JSON.stringify(exports).match(/\.\/dist\/[^"]+/g) ?? [];
    expect(paths).toHaveLength(12);
    for (const path of paths) expect(() => readFileSync(join(project, path))).not.toThrow();
  });
});
