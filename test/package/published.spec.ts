import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from './execute.js';
import { pack, type Packed, PROJECT } from './pack.js';

const MINUTE = 60_000;

/** Everything that may be in the package. */
const expected = [
  /^package\.json$/,
  /^(README|CHANGELOG|CONTRIBUTING)\.md$/,
  /^LICENSE$/,
  /^docs\/[a-z-]+\.md$/,
  /^dist\/cjs\/package\.json$/,
  /^dist\/(cjs|esm)\/[a-z-]+(\/[a-z\d-]+)*(\.[a-z]+)?\.(js|d\.ts)$/,
];
const forTests = /\.spec\.|(^|\/)(test|fixtures?|sample-app|bench|simulation)\//;

describe('the published package', () => {
  let folder: string;
  let packed: Packed;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'published-'));
    packed = await pack(folder);
  }, MINUTE);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('contains what is built, the documents and the licence, and nothing else', () => {
    const paths = packed.files.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE', 'docs/options.md', 'dist/cjs/package.json', 'dist/cjs/index.js', 'dist/esm/index.d.ts']));
    expect(paths.filter((path) => forTests.test(path) || !expected.some((pattern) => pattern.test(path)))).toEqual([]);
  });

  it('contains every file that its package.json names', async () => {
    const manifest = await readFile(join(PROJECT, 'package.json'), 'utf8');
    const named = manifest.match(/(?<="\.\/)(dist\/[^"]+|package\.json)/g) ?? [];
    expect(named).toContain('dist/esm/cli/main.js');
    const paths = new Set(packed.files.map(({ path }) => path));
    expect(named.filter((path) => !paths.has(path))).toEqual([]);
  });

  it('stays small', () => {
    expect(packed.size).toBeLessThan(1_000_000);
    expect(packed.unpackedSize).toBeLessThan(4_000_000);
  });

  it('has a command line that can be run', async () => {
    const cli = packed.files.find(({ path }) => path === 'dist/esm/cli/main.js');
    expect(cli && cli.mode & 0o111).toBe(0o111);
    expect(await readFile(join(PROJECT, 'dist/esm/cli/main.js'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('names no source maps, which would double it', async () => {
    const code = packed.files.filter(({ path }) => path.startsWith('dist/') && path.endsWith('.js'));
    expect(code.length).toBeGreaterThan(100);
    const texts = await Promise.all(code.map(({ path }) => readFile(join(PROJECT, path), 'utf8')));
    expect(texts.filter((text) => text.includes('sourceMappingURL='))).toEqual([]);
  });

  it('has no fault that publint knows', async () => {
    expect(await run('publint', 'run', '--strict', packed.tarball)).toContain('All good');
  }, MINUTE);

  it('has types that fit its code, however it is resolved', async () => {
    expect(await run('attw', '--no-color', packed.tarball)).toContain('No problems found');
  }, MINUTE);

  it('has the API that is written down in api/', async () => {
    await run('tsx', 'scripts/api-report.ts', '--check');
  }, 3 * MINUTE);
});

/** A development tool of the project. @throws with what it says, where it finds fault. */
function run(tool: string, ...args: string[]): Promise<string> {
  return execute(PROJECT, join(PROJECT, 'node_modules', '.bin', tool), ...args);
}
