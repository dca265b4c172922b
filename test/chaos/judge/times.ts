import type { Entry } from '../../support/ledger.js';
import type { History, Run } from './history.js';

export interface Pause {
  readonly partition: number;
  readonly ms: number;
  readonly fromMs: number;
}
export interface Recovery {
  readonly fault: string;
  /** From the fault until every partition had started a record that was acknowledged after it. */
  readonly consumingMs: number;
  /** From the fault until a commit of every partition was acknowledged that was sent after it. */
  readonly committingMs: number;
  /** From the fault until every partition had a leader and the group its coordinator, or all of them had taken records. */
  readonly usableMs: number;
}

/**
 * The longest time in which a partition had records to run and started none, for partitions that changed hands meanwhile and
 * for those that did not.
 */
export function longestPauses(history: History): { readonly moved: Pause | null; readonly stayed: Pause | null } {
  const acknowledged = acknowledgements(history.sent);
  const moves = movesByPartition(history);
  const longest: { moved: Pause | null; stayed: Pause | null } = { moved: null, stayed: null };
  for (const [partition, runs] of runsByPartition(history.runs)) {
    for (let index = 1; index < runs.length; index++) {
      const { startMs, offset } = runs[index];
      const fromMs = Math.max(runs[index - 1].startMs, acknowledged.get(`${partition}@${offset}`) ?? 0);
      const ms = startMs - fromMs;
      const isMove = (moves.get(partition) ?? []).some((atMs) => atMs >= runs[index - 1].startMs && atMs <= startMs);
      const kind = isMove ? 'moved' : 'stayed';
      if (ms > (longest[kind]?.ms ?? 0)) longest[kind] = { partition, ms, fromMs };
    }
  }
  return longest;
}

/** For each fault of brokers. */
export function recoveries(history: History): Recovery[] {
  const strikes = history.faults.filter(({ text, target }) => target === undefined && /^broker.* (killed|frozen)$/.test(text ?? ''));
  return strikes.map(({ text = '', atMs }) => {
    const told = history.faults.find((later) => later.text === 'brokers usable' && later.atMs > atMs)?.atMs ?? Infinity;
    return {
      fault: text,
      usableMs: Math.min(told, Math.max(...earliest(history.sent, atMs).values())) - atMs,
      consumingMs: firstStartsAfter(history, atMs) - atMs,
      committingMs: Math.max(...earliest(history.commits, atMs, ({ sentAtMs = 0 }) => sentAtMs).values()) - atMs,
    };
  });
}

/** Per partition, the earliest of these at or after a time. */
function earliest(entries: readonly Entry[], fromMs: number, timeOf = ({ atMs }: Entry): number => atMs): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (const entry of entries) {
    const { partition = -1, atMs } = entry;
    if (timeOf(entry) >= fromMs) found.set(partition, Math.min(found.get(partition) ?? Infinity, atMs));
  }
  return found;
}

function firstStartsAfter(history: History, faultMs: number): number {
  const acknowledged = acknowledgements(history.sent);
  const found = new Map<number, number>();
  for (const { partition, offset, startMs } of history.runs) {
    if ((acknowledged.get(`${partition}@${offset}`) ?? 0) < faultMs) continue;
    found.set(partition, Math.min(found.get(partition) ?? Infinity, startMs));
  }
  return Math.max(...found.values());
}

function acknowledgements(sent: readonly Entry[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const { partition = -1, offset = 0, count = 0, atMs } of sent) {
    for (let index = 0; index < count; index++) times.set(`${partition}@${offset + index}`, atMs);
  }
  return times;
}

function movesByPartition({ tenures }: History): ReadonlyMap<number, number[]> {
  const moves = new Map<number, number[]>();
  for (const { partition, fromMs, toMs } of tenures) moves.set(partition, [...(moves.get(partition) ?? []), fromMs, toMs]);
  return moves;
}

function runsByPartition(runs: readonly Run[]): ReadonlyMap<number, readonly Run[]> {
  const byPartition = new Map<number, Run[]>();
  for (const run of runs) {
    const list = byPartition.get(run.partition);
    if (list === undefined) byPartition.set(run.partition, [run]);
    else list.push(run);
  }
  for (const list of byPartition.values()) list.sort((a, b) => a.startMs - b.startMs);
  return byPartition;
}
