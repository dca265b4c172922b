/** One attempt of one record, as it stands in the ledger. */
export interface LedgerEntry {
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly attempt: number;
  /** 'done' and 'skipped' complete the record. */
  readonly outcome: 'done' | 'skipped' | 'failed';
  readonly startMs: number;
  readonly endMs: number;
  readonly pid: number;
}

export function formatEntry(entry: LedgerEntry): string {
  return `${JSON.stringify(entry)}\n`;
}

export function parseEntry(line: string): LedgerEntry {
  return JSON.parse(line) as LedgerEntry;
}
