import type { Entry } from '../../support/ledger.js';

/** Two processes read one clock, each with its own rounding. */
export const CLOCK_MS = 5;

export type TenureEnd = 'open' | 'rebalance' | 'shutdown' | 'lost' | 'killed';

/** A process's time with a partition, from its assigned hook until its revoked hook or its death. */
export interface Tenure {
  readonly pid: number;
  readonly partition: number;
  readonly fromMs: number;
  toMs: number;
  end: TenureEnd;
  /** When the newest acknowledged commit was sent: what had ended before, Kafka knows of. */
  committedMs: number;
  /** When each acknowledged commit was sent. */
  readonly commitsMs: number[];
  readonly runs: Run[];
}

/** One start of a handler. */
export interface Run {
  readonly pid: number;
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: number | null;
  readonly startMs: number;
  readonly provenAtMs: number | null;
  endMs: number | null;
  readonly tenure: Tenure;
}

/** When a process could not act as it wished: frozen, or without its network. */
export interface Affliction {
  readonly fromMs: number;
  toMs: number;
  readonly isFrozen: boolean;
}

/** From the moment when a member was told to stop until it had left. */
interface Stop {
  readonly fromMs: number;
  toMs: number;
}

/** What the lines of a ledger say happened. */
export class History {
  readonly tenures: Tenure[] = [];
  readonly runs: Run[] = [];
  readonly sent: Entry[] = [];
  readonly faults: Entry[] = [];
  readonly commits: Entry[] = [];
  readonly complaints: Entry[] = [];
  /** Commits of which nobody knows whether they have arrived. */
  readonly unanswered = new Set<string>();
  /** Per process: when it was killed. */
  readonly deaths = new Map<number, number>();
  private readonly afflictions = new Map<number, Affliction[]>();
  private readonly stops = new Map<number, Stop[]>();
  private readonly current = new Map<string, Tenure>();
  private readonly running = new Map<string, Run[]>();

  constructor(
    entries: readonly Entry[],
    private readonly sessionTimeoutMs: number,
  ) {
    for (const entry of entries) this.read(entry);
    for (const run of this.runs) run.tenure.runs.push(run);
  }

  /** Whether the process was frozen or cut off at some time of this stretch, or had late answers to what it had asked then. */
  wasAfflicted(pid: number, fromMs: number, toMs: number): boolean {
    const afterwardsMs = 2 * this.sessionTimeoutMs;
    return (this.afflictions.get(pid) ?? []).some((affliction) => affliction.fromMs <= toMs && affliction.toMs + afterwardsMs >= fromMs);
  }
  /** Whether another process was frozen, cut off or killed at that time, or a session before: its group may have waited for it. */
  wasAnotherStruck(pid: number, fromMs: number, toMs: number): boolean {
    const others = [...this.afflictions.keys()].filter((other) => other !== pid);
    if (others.some((other) => this.wasAfflicted(other, fromMs, toMs))) return true;
    return [...this.deaths].some(([other, atMs]) => other !== pid && atMs <= toMs && atMs + 2 * this.sessionTimeoutMs >= fromMs);
  }
  /** The stop in which the tenure ended. */
  stopOf({ pid, toMs: atMs }: Tenure): Stop | null {
    return (this.stops.get(pid) ?? []).find(({ fromMs, toMs }) => fromMs <= atMs && toMs >= atMs) ?? null;
  }
  isFrozen(pid: number, atMs: number): boolean {
    return (this.afflictions.get(pid) ?? []).some(({ fromMs, toMs, isFrozen }) => isFrozen && fromMs <= atMs && toMs >= atMs);
  }
  /** When a run was over, as far as anybody outside can tell: its end, or the death of its process. */
  overMs({ endMs, pid }: Run): number {
    return endMs ?? this.deaths.get(pid) ?? Infinity;
  }
  /** Ended, and Kafka was told so, or would have been had the process not been struck. */
  isCovered({ endMs, tenure }: Run): boolean {
    return endMs !== null && endMs + CLOCK_MS < tenure.committedMs;
  }

  /**
   * Who worked on the partition in between, though the run's process has it to the end: it was out of the group for a while, and
   * came back to a partition on which nobody else had been able to commit.
   */
  usurperOf({ pid, partition, startMs, tenure }: Run): Tenure | null {
    const isBetween = (other: Tenure): boolean => other.pid !== pid && other.partition === partition && other.runs.length > 0 && other.fromMs > startMs && other.fromMs < tenure.toMs;
    return this.tenures.find(isBetween) ?? null;
  }
  /** Whether Kafka was told of a run before this time. */
  isCoveredBefore({ endMs, tenure }: Run, beforeMs: number): boolean {
    return endMs !== null && tenure.commitsMs.some((sentMs) => sentMs < beforeMs && endMs + CLOCK_MS < sentMs);
  }

  private read(entry: Entry): void {
    switch (entry.event) {
      case 'assigned':
        return this.assigned(entry);
      case 'revoked':
        return this.ended(entry.pid, entry.atMs, entry.text as TenureEnd, entry.partition);
      case 'start':
        return this.started(entry);
      case 'end':
        return this.finished(entry);
      case 'commit':
        return this.committed(entry);
      case 'unanswered':
        this.unanswered.add(`${entry.partition ?? -1}@${entry.offset ?? -1}`);
        return;
      case 'stopping':
        this.stops.set(entry.pid, [...(this.stops.get(entry.pid) ?? []), { fromMs: entry.atMs, toMs: Infinity }]);
        return;
      case 'stopped':
        return this.stopped(entry);
      case 'fault':
        return this.struck(entry);
      case 'sent':
        this.sent.push(entry);
        return;
      case 'complaint':
        this.complaints.push(entry);
        return;
      default:
    }
  }

  private assigned({ pid, partition = -1, atMs }: Entry): void {
    const tenure: Tenure = { pid, partition, fromMs: atMs, toMs: Infinity, end: 'open', committedMs: -Infinity, commitsMs: [], runs: [] };
    this.tenures.push(tenure);
    this.current.set(`${pid} ${partition}`, tenure);
  }

  private ended(pid: number, atMs: number, end: TenureEnd, partition?: number): void {
    for (const tenure of this.current.values()) {
      if (tenure.pid !== pid || (partition !== undefined && tenure.partition !== partition)) continue;
      // Of the tenures of a dead process those that had ended before are left as they were.
      if (tenure.end !== 'open') continue;
      tenure.end = end;
      tenure.toMs = atMs;
    }
  }

  private started({ pid, partition = -1, offset = -1, key = null, value, provenAtMs, atMs }: Entry): void {
    const tenure = this.current.get(`${pid} ${partition}`);
    if (tenure === undefined) throw new Error(`Process ${pid} has started ${partition}@${offset} without an assignment`);
    const run: Run = { pid, partition, offset, key, value: value ?? null, provenAtMs: provenAtMs ?? null, startMs: atMs, endMs: null, tenure };
    this.runs.push(run);
    const name = `${pid} ${partition}@${offset}`;
    const open = this.running.get(name);
    if (open === undefined) this.running.set(name, [run]);
    else open.push(run);
  }

  private finished({ pid, partition = -1, offset = -1, atMs }: Entry): void {
    const run = this.running.get(`${pid} ${partition}@${offset}`)?.shift();
    if (run === undefined) throw new Error(`Process ${pid} has ended ${partition}@${offset}, which it had not started`);
    run.endMs = atMs;
  }

  private committed(entry: Entry): void {
    this.commits.push(entry);
    const tenure = this.current.get(`${entry.pid} ${entry.partition ?? -1}`);
    if (tenure === undefined || entry.sentAtMs === undefined) return;
    tenure.committedMs = Math.max(tenure.committedMs, entry.sentAtMs);
    tenure.commitsMs.push(entry.sentAtMs);
  }

  private stopped({ pid, atMs }: Entry): void {
    const stop = this.stops.get(pid)?.at(-1);
    if (stop !== undefined) stop.toMs = atMs;
  }

  private struck(entry: Entry): void {
    this.faults.push(entry);
    const { target, text, atMs } = entry;
    if (target === undefined) return;
    const afflictions = this.afflictions.get(target) ?? [];
    this.afflictions.set(target, afflictions);
    if (text === 'kill') {
      this.deaths.set(target, atMs);
      this.ended(target, atMs, 'killed');
    } else if (text === 'freeze' || text === 'network') {
      afflictions.push({ fromMs: atMs, toMs: Infinity, isFrozen: text === 'freeze' });
    } else if (text === 'thaw' || text === 'heal') {
      for (const affliction of afflictions) if (affliction.toMs === Infinity && affliction.isFrozen === (text === 'thaw')) affliction.toMs = atMs;
    }
  }
}
