import type { LedgerEntry } from '../ledger-entry.js';
import type { Offsets } from './topics.js';

/** What the ledger says about the records of one topic in one group. */
export interface Verdict {
  readonly records: number;
  /** Records without a line that completes them. */
  readonly lost: number;
  /** Lines that complete a record which was complete before. */
  readonly repeated: number;
  readonly failedAttempts: number;
  /** Within one process: starts of a key's record before the one in front of it had ended, or of an earlier record after a later one. */
  readonly outOfOrder: number;
  /** Most attempts at one moment in one process. */
  readonly mostInFlight: number;
}

export interface Question {
  readonly entries: readonly LedgerEntry[];
  readonly groupId: string;
  readonly topic: string;
  readonly ends: Offsets;
}

export function judge({ entries, groupId, topic, ends }: Question): Verdict {
  const own = entries.filter((entry) => entry.groupId === groupId && entry.topic === topic);
  const completing = own.filter(({ outcome }) => outcome !== 'failed');
  const complete = new Set(completing.map(({ partition, offset }) => `${partition}/${offset}`));
  const records = [...ends.values()].reduce((sum, end) => sum + end, 0);
  return {
    records,
    lost: records - complete.size,
    repeated: completing.length - complete.size,
    failedAttempts: own.length - completing.length,
    outOfOrder: outOfOrder(own),
    mostInFlight: mostInFlight(own),
  };
}

/** Records per second from the first start to the last end, of lines that complete one. */
export function throughput(entries: readonly LedgerEntry[]): number {
  let from = Infinity;
  let to = -Infinity;
  for (const { startMs, endMs } of entries) {
    from = Math.min(from, startMs);
    to = Math.max(to, endMs);
  }
  const completed = entries.filter(({ outcome }) => outcome !== 'failed').length;
  return completed === 0 ? 0 : (completed * 1000) / (to - from);
}

function outOfOrder(entries: readonly LedgerEntry[]): number {
  const last = new Map<string, LedgerEntry>();
  let violations = 0;
  for (const entry of [...entries].sort((a, b) => a.startMs - b.startMs)) {
    const lane = `${entry.pid}/${entry.partition}/${entry.key}`;
    const before = last.get(lane);
    if (before !== undefined && (entry.startMs < before.endMs || entry.offset < before.offset)) violations++;
    last.set(lane, entry);
  }
  return violations;
}

/** Most attempts at one moment in one process. */
export function mostInFlight(entries: readonly LedgerEntry[]): number {
  let most = 0;
  for (const pid of new Set(entries.map((entry) => entry.pid))) {
    const own = entries.filter((entry) => entry.pid === pid);
    const moments = [...own.map(({ startMs }) => [startMs, 1] as const), ...own.map(({ endMs }) => [endMs, -1] as const)];
    // At one moment, ends come first: the slot that one leaves is the next one's.
    moments.sort(([a, aStep], [b, bStep]) => a - b || aStep - bStep);
    let running = 0;
    for (const [, step] of moments) most = Math.max(most, (running += step));
  }
  return most;
}
