import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { projectFolder } from './project-folder.js';

const run = promisify(execFile);

/** How to run kcat: the program, and what its environment needs besides. */
export interface Kcat {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Whether `installKcat` has a way to get it: it is installed, or apt is there (Debian, Ubuntu). */
export function canInstallKcat(): boolean {
  return onPath('kcat') || (onPath('apt-get') && onPath('dpkg'));
}

/**
 * kcat as it is installed, else out of Debian's packages, unpacked into the cache folder: no root, and nothing of the system changes.
 * @throws where apt cannot reach its mirror.
 */
export async function installKcat(): Promise<Kcat> {
  if (onPath('kcat')) return { command: 'kcat', env: {} };
  const target = join(projectFolder(), '.cache', 'kcat');
  if (!existsSync(target)) await unpackInto(target);
  return { command: join(target, 'usr', 'bin', 'kcat'), env: { LD_LIBRARY_PATH: await libraryFolders(join(target, 'usr', 'lib')) } };
}

async function unpackInto(target: string): Promise<void> {
  const work = `${target}.${process.pid}`;
  const [packages, root] = [join(work, 'packages'), join(work, 'root')];
  try {
    await mkdir(packages, { recursive: true });
    await mkdir(root);
    await download(packages);
    for (const file of await readdir(packages)) if (file.endsWith('.deb')) await run('dpkg', ['-x', join(packages, file), root]);
    // Whole or not at all; a process that came at the same time may have been quicker.
    await rename(root, target).catch((error: unknown) => {
      if (!existsSync(target)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** With the lists of packages that the system has; where it has none, as in a fresh container, with lists of our own. */
async function download(folder: string): Promise<void> {
  await downloadWith([], folder).catch(async () => {
    const lists = join(folder, 'apt');
    await mkdir(join(lists, 'lists', 'partial'), { recursive: true });
    await mkdir(join(lists, 'archives', 'partial'), { recursive: true });
    const own = ['-o', `Dir::State::lists=${join(lists, 'lists')}`, '-o', `Dir::Cache=${lists}`, '-o', 'APT::Sandbox::User=root'];
    await run('apt-get', [...own, 'update'], { maxBuffer: 10_000_000 });
    await downloadWith(own, folder);
  });
}

async function downloadWith(options: readonly string[], folder: string): Promise<void> {
  const kinds = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(kind => `--no-${kind}`);
  const { stdout } = await run('apt-cache', [...options, 'depends', '--recurse', ...kinds, 'kcat'], { maxBuffer: 10_000_000 });
  const names = stdout.split('\n').filter(line => /^[a-z0-9]/.test(line));
  const installed = await Promise.all(names.map(isInstalled));
  await run('apt-get', [...options, 'download', ...names.filter((_, index) => !installed[index])], { cwd: folder });
}

async function isInstalled(name: string): Promise<boolean> {
  const found = await run('dpkg-query', ['-W', '-f', '${db:Status-Status}', name]).catch(() => null);
  return found?.stdout.startsWith('installed') ?? false;
}

/** Libraries lie in a folder that is named after the architecture. */
async function libraryFolders(lib: string): Promise<string> {
  const folders = await readdir(lib, { withFileTypes: true });
  return [lib, ...folders.filter(entry => entry.isDirectory()).map(({ name }) => join(lib, name))].join(delimiter);
}

function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some(folder => folder !== '' && existsSync(join(folder, program)));
}
