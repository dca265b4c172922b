import { type ChildProcess, spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from './execute.js';
import { PROJECT } from './pack.js';

export type Nest = '11.2.10' | '12.5.1';
export type Format = 'CommonJS' | 'ES modules';
const TYPES = { CommonJS: 'commonjs', 'ES modules': 'module' } as const;

/** An application in a folder of its own, which knows nothing of this project but the tarball; once as CommonJS, once as ES modules. */
export class FreshApp {
  private constructor(private readonly folder: string) {}

  /** Installs what the application depends on, none of the optional peers among it. */
  static async install(tarball: string, nest: Nest): Promise<FreshApp> {
    const folder = await mkdtemp(join(tmpdir(), 'fresh-app-'));
    const dependencies = {
      '@nestjs/common': nest, '@nestjs/core': nest, kafkajs: '2.2.4', 'reflect-metadata': '0.2.2', rxjs: '7.8.2',
      'nestjs-kafka-many-threads': `file:${tarball}`,
    };
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'fresh-app', private: true, dependencies }));
    await execute(folder, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund');
    return new FreshApp(folder);
  }

  async compile(format: Format): Promise<void> {
    const folder = join(this.folder, TYPES[format]);
    await mkdir(folder);
    await writeFile(join(folder, 'package.json'), JSON.stringify({ type: TYPES[format] }));
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: compilerOptions(format), files: ['app.ts'] }));
    await copyFile(join(__dirname, 'app', 'app.ts'), join(folder, 'app.ts'));
    await execute(folder, process.execPath, join(PROJECT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder);
  }

  /** What has been compiled. */
  start(format: Format, environment: Readonly<Record<string, string>>): RunningApp {
    const options = { cwd: join(this.folder, TYPES[format]), env: { ...process.env, NO_COLOR: '1', ...environment } };
    return new RunningApp(spawn(process.execPath, ['app.js'], { ...options, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /** As a module of that format. @throws with what Node says, where that fails. */
  import(format: Format, specifier: string): Promise<string> {
    const [type, code] = format === 'CommonJS' ? ['commonjs', `require('${specifier}')`] : ['module', `import '${specifier}'`];
    return execute(this.folder, process.execPath, `--input-type=${type}`, '--eval', code);
  }

  /** What the package's command line writes. */
  cli(...args: string[]): Promise<string> {
    return execute(this.folder, join(this.folder, 'node_modules', '.bin', 'kafka-many-threads'), ...args);
  }

  /** Names of the installed packages, those that npm has added included. */
  async packages(): Promise<string[]> {
    const modules = join(this.folder, 'node_modules');
    const names = await readdir(modules);
    const scoped = names.filter((name) => name.startsWith('@')).map(async (scope) => (await readdir(join(modules, scope))).map((name) => `${scope}/${name}`));
    return [...names.filter((name) => !/^[.@]/.test(name)), ...(await Promise.all(scoped)).flat()];
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

export class RunningApp {
  output = '';
  /** Null where a signal ended it. */
  readonly code: Promise<number | null>;

  constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text: Buffer) => (this.output += String(text)));
    this.code = new Promise((done) => child.once('close', done));
  }

  /** @throws with its output, where the application ends before. */
  async until(reached: Promise<unknown>): Promise<void> {
    const ended = this.code.then((code) => Promise.reject(new Error(`The application has ended by itself, with ${code}:\n${this.output}`)));
    await Promise.race([reached, ended]);
    ended.catch(() => undefined);
  }

  signal(name: 'SIGTERM' | 'SIGKILL'): void {
    this.child.kill(name);
  }
}

/** Only Node's own types come from this project. Declarations are checked, too, as an application may do: once, since both formats have the same. */
function compilerOptions(format: Format): Record<string, unknown> {
  const decorators = { experimentalDecorators: true, emitDecoratorMetadata: true };
  const types = { types: ['node'], typeRoots: [join(PROJECT, 'node_modules', '@types')], skipLibCheck: format === 'CommonJS' };
  return { target: 'ES2022', module: 'NodeNext', moduleResolution: 'NodeNext', strict: true, ...decorators, ...types };
}
