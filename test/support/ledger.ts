import { mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One line of the ledger: what happened in which process, and when (milliseconds since 1970). */
export interface Entry {
  readonly event: 'ready' | 'start' | 'end' | 'commit' | 'unanswered' | 'assigned' | 'revoked' | 'complaint' | 'stopping' | 'stopped' | 'seek' | 'sought' | 'sent' | 'fault';
  readonly pid: number;
  readonly atMs: number;
  readonly partition?: number;
  readonly offset?: number;
  readonly key?: string | null;
  readonly attempt?: number;
  readonly text?: string;
  /** What the record's producer called it: its number within the partition. */
  readonly value?: number;
  /** Of a start: when the last answered heartbeat or sync had been sent. */
  readonly provenAtMs?: number;
  /** Of a commit: when it was sent. What had ended before is covered by it. */
  readonly sentAtMs?: number;
  /** Of what a producer had acknowledged: how many records, from `offset` and `value` on. */
  readonly count?: number;
  /** Of a fault: the process that it struck. */
  readonly target?: number;
}

/**
 * The judge's book: a file to which several processes append lines, which stay whatever becomes of the process. A handler's
 * `end` is written before the handler returns, so what is complete is always in the book.
 */
export class Ledger {
  private descriptor: number | null = null;

  constructor(readonly file: string) {}

  static inTemporaryFolder(): Ledger {
    return new Ledger(join(mkdtempSync(join(tmpdir(), 'ledger-')), 'ledger.jsonl'));
  }

  write(entry: Omit<Entry, 'pid' | 'atMs'>): void {
    this.descriptor ??= openSync(this.file, 'a');
    writeSync(this.descriptor, `${JSON.stringify({ ...entry, pid: process.pid, atMs: performance.timeOrigin + performance.now() })}\n`);
  }

  read(): Entry[] {
    let text: string;
    try {
      text = readFileSync(this.file, 'utf8');
    } catch {
      return [];
    }
    // The last line may be half written.
    return text.slice(0, text.lastIndexOf('\n') + 1).split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Entry);
  }

  of(event: Entry['event'], pid?: number): Entry[] {
    return this.read().filter((entry) => entry.event === event && (pid === undefined || entry.pid === pid));
  }

  remove(): void {
    rmSync(join(this.file, '..'), { recursive: true, force: true });
  }
}
