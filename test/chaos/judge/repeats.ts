import { CLOCK_MS, type History, type Run, type Tenure } from './history.js';

/** Why a record may run again after this run of it. Null: nothing excuses it. */
export type Excuse =
  /** The process was killed. */
  | 'killed'
  /** Others had the partition before the process could say anything: it was frozen or cut off. */
  | 'evicted'
  /** Still running at the deadline of a drain or a stop that was hindered. */
  | 'aborted'
  /**
   * The process was stopped or drained while no coordinator took its last commit, because of what was done to it or to brokers; or
   * it has waited in vain as long as a stop may take, for a group that could not assemble because another process was struck.
   */
  | 'uncommitted';

export interface Repeats {
  /** Per excuse: how many repeated, and how many might have been: in flight, or completed after the last commit. */
  readonly byExcuse: Readonly<Record<Excuse, { readonly repeated: number; readonly allowed: number }>>;
  readonly unexplained: readonly string[];
  /** Partitions that were taken from a process to which nothing had happened. */
  readonly unprovoked: readonly string[];
}

const EXCUSES: readonly Excuse[] = ['killed', 'evicted', 'aborted', 'uncommitted'];

export function judgeRepeats(history: History, recordRuns: ReadonlyMap<string, readonly Run[]>, stopTimeoutMs: number): Repeats {
  const byExcuse = Object.fromEntries(EXCUSES.map((excuse) => [excuse, { repeated: 0, allowed: 0 }])) as Record<Excuse, { repeated: number; allowed: number }>;
  for (const run of history.runs) {
    const excuse = excuseOf(history, run, stopTimeoutMs);
    if (excuse !== null) byExcuse[excuse].allowed++;
  }
  const unexplained: string[] = [];
  for (const [name, runs] of recordRuns) {
    for (const run of runs.slice(0, -1)) {
      const excuse = excuseOf(history, run, stopTimeoutMs);
      if (excuse !== null) byExcuse[excuse].repeated++;
      else unexplained.push(`${name} ran again, although process ${run.pid} ${describe(history, run)}`);
    }
  }
  return { byExcuse, unexplained, unprovoked: unprovoked(history) };
}

function excuseOf(history: History, run: Run, stopTimeoutMs: number): Excuse | null {
  const { tenure, endMs } = run;
  const usurper = history.usurperOf(run);
  if (usurper !== null && isTroubled(history, { ...tenure, toMs: usurper.fromMs }) && !history.isCoveredBefore(run, usurper.fromMs)) return 'evicted';
  if (history.isCovered(run)) return null;
  switch (tenure.end) {
    case 'killed':
      return 'killed';
    case 'lost':
      return 'evicted';
    case 'rebalance':
    case 'shutdown':
      // A drain ends and its last commit arrives, unless something hinders them.
      if (!isTroubled(history, tenure) && !hasWaited(history, tenure, stopTimeoutMs)) return null;
      return endMs === null || endMs > tenure.toMs ? 'aborted' : 'uncommitted';
    case 'open':
      return null;
  }
}

function hasWaited(history: History, tenure: Tenure, stopTimeoutMs: number): boolean {
  const stop = history.stopOf(tenure);
  return stop !== null && stop.toMs - stop.fromMs + CLOCK_MS >= stopTimeoutMs && history.wasAnotherStruck(tenure.pid, stop.fromMs, stop.toMs);
}

function describe(history: History, run: Run): string {
  const { tenure, endMs } = run;
  if (endMs === null) return tenure.end === 'open' ? 'was still running it' : 'was never struck';
  if (history.isCovered(run)) return `had ended it ${Math.round(tenure.committedMs - endMs)} ms before a commit that was acknowledged`;
  return tenure.end === 'open' ? 'had ended it and still has the partition' : 'had handed the partition over in peace';
}

function unprovoked(history: History): string[] {
  return history.tenures
    .filter((tenure) => tenure.end === 'lost' && !isTroubled(history, tenure))
    .map(({ pid, partition, toMs }) => `process ${pid} lost partition ${partition} at ${Math.round(toMs)}`);
}

/** Its process or its brokers were struck. */
function isTroubled(history: History, { pid, fromMs, toMs }: Tenure): boolean {
  return history.wasAfflicted(pid, fromMs, toMs) || history.faults.some(({ text, target, atMs }) => target === undefined && text?.startsWith('broker') === true && atMs >= fromMs && atMs <= toMs);
}
