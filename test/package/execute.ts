import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs a command to its end; answers what it has written. @throws with what it says, where it fails. */
export async function execute(cwd: string, command: string, ...args: string[]): Promise<string> {
  return run(command, args, { cwd, maxBuffer: 10_000_000, env: { ...process.env, NO_COLOR: '1' } }).then(
    ({ stdout }) => stdout,
    (error: Error & { stdout?: string; stderr?: string }) => {
      throw new Error(`${command} ${args.join(' ')} has failed:\n${error.stdout}\n${error.stderr}`);
    },
  );
}
