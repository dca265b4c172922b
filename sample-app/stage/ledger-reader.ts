import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { type LedgerEntry, parseEntry } from '../ledger-entry.js';

const CHUNK = 1_048_576;

/** Reads what processes have appended to the ledger since the last look. */
export class LedgerReader {
  readonly entries: LedgerEntry[] = [];
  private position = 0;
  private rest = '';

  constructor(readonly file: string) {}

  /** @returns all entries so far. */
  read(): readonly LedgerEntry[] {
    if (!existsSync(this.file)) return this.entries;
    const file = openSync(this.file, 'r');
    try {
      const buffer = Buffer.allocUnsafe(CHUNK);
      for (let bytes = 1; bytes > 0; ) {
        bytes = readSync(file, buffer, 0, CHUNK, this.position);
        this.position += bytes;
        this.take(buffer.toString('latin1', 0, bytes));
      }
    } finally {
      closeSync(file);
    }
    return this.entries;
  }

  private take(text: string): void {
    const lines = (this.rest + text).split('\n');
    // A line that is being written at this moment.
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.entries.push(parseEntry(line));
  }
}
