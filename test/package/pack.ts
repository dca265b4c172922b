import { join, resolve } from 'node:path';
import { execute } from './execute.js';

export const PROJECT = resolve(__dirname, '..', '..');

export interface Packed {
  readonly tarball: string;
  /** Bytes, packed and unpacked. */
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

/** Packs what `npm run build` has built into `folder`. */
export async function pack(folder: string): Promise<Packed> {
  // Without its scripts: they would empty dist first, which other suites are using.
  const output = await execute(PROJECT, 'npm', 'pack', '--ignore-scripts', '--json', '--pack-destination', folder);
  // A list, and by the name of the package in newer versions of npm.
  const [packed] = Object.values(JSON.parse(output) as Record<string, Omit<Packed, 'tarball'> & { filename: string }>);
  if (packed === undefined) throw new Error(`npm pack has packed nothing: ${output}`);
  return { ...packed, tarball: join(folder, packed.filename) };
}
