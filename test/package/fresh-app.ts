import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PROJECT = resolve(__dirname, '..', '..');
const BUFFER = { maxBuffer: 10_000_000 };

export interface Kind {
  readonly format: 'CommonJS' | 'ES modules';
  readonly nest: '11.2.10' | '12.5.1';
}

/** Packs what `npm run build` has built into `folder`; answers the path of the tarball. */
export async function pack(folder: string): Promise<string> {
  // Without its scripts: they would empty dist first, which other suites are using.
  const output = await npm(PROJECT, 'pack', '--ignore-scripts', '--json', '--pack-destination', folder);
  const [packed] = Object.values(JSON.parse(output) as Record<string, { filename: string }>);
  if (packed === undefined) throw new Error(`npm pack has packed nothing: ${output}`);
  return join(folder, packed.filename);
}

/** An application in a folder of its own, which knows nothing of this project but the tarball. */
export class FreshApp {
  private constructor(private readonly folder: string) {}

  /** Installs what the application depends on, none of the optional peers among it, and compiles it. */
  static async install(tarball: string, { format, nest }: Kind): Promise<FreshApp> {
    const folder = await mkdtemp(join(tmpdir(), 'fresh-app-'));
    const type = format === 'CommonJS' ? 'commonjs' : 'module';
    const dependencies = {
      '@nestjs/common': nest, '@nestjs/core': nest, kafkajs: '2.2.4', 'reflect-metadata': '0.2.2', rxjs: '7.8.2',
      'nestjs-kafka-many-threads': `file:${tarball}`,
    };
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'fresh-app', private: true, type, dependencies }));
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: compilerOptions(), files: ['app.ts'] }));
    await copyFile(join(__dirname, 'app', 'app.ts'), join(folder, 'app.ts'));
    await npm(folder, 'install', '--prefer-offline', '--no-audit', '--no-fund');
    await compile(folder);
    return new FreshApp(folder);
  }

  start(environment: Readonly<Record<string, string>>): RunningApp {
    return new RunningApp(spawn(process.execPath, ['app.js'], { cwd: this.folder, env: { ...process.env, NO_COLOR: '1', ...environment }, stdio: ['ignore', 'pipe', 'pipe'] }));
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

/** Only Node's own types come from this project. */
function compilerOptions(): Record<string, unknown> {
  const decorators = { experimentalDecorators: true, emitDecoratorMetadata: true };
  return { target: 'ES2022', module: 'NodeNext', moduleResolution: 'NodeNext', strict: true, ...decorators, types: ['node'], typeRoots: [join(PROJECT, 'node_modules', '@types')], skipLibCheck: true };
}

async function compile(folder: string): Promise<void> {
  await execute(folder, process.execPath, [join(PROJECT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder]);
}

async function npm(folder: string, ...args: string[]): Promise<string> {
  return execute(folder, 'npm', args);
}

async function execute(cwd: string, command: string, args: string[]): Promise<string> {
  return run(command, args, { cwd, ...BUFFER }).then(
    ({ stdout }) => stdout,
    (error: Error & { stdout?: string; stderr?: string }) => {
      throw new Error(`${command} ${args.join(' ')} has failed:\n${error.stdout}\n${error.stderr}`);
    },
  );
}
