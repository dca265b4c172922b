import type { Entry } from '../../support/ledger.js';
import { History, type Run } from './history.js';
import { foreignStarts, unprovenStarts } from './membership.js';
import { judgeOrder, type Order, type OrderFindings } from './order.js';
import { judgeRepeats, type Repeats } from './repeats.js';
import { longestPauses, type Pause, recoveries, type Recovery } from './times.js';

export interface Commit {
  readonly partition: number;
  readonly offset: number;
}

/** What a run is judged by: the ledger of all processes, and what the brokers have at the end. */
export interface Evidence {
  readonly entries: readonly Entry[];
  /** Per partition: the log's end, and what the group has committed. */
  readonly ends: readonly number[];
  readonly committed: readonly number[];
  /** Every commit of the group, in the order in which the broker took them. */
  readonly commits: readonly Commit[];
  readonly order: Order;
  readonly sessionTimeoutMs: number;
  /** How long a stop may take until it gives its last commits up. */
  readonly stopTimeoutMs: number;
  /** No partition that stays where it is may pause for longer. Null where processes or brokers are struck. */
  readonly longestPauseMs: number | null;
  /** After a fault of brokers, from when the cluster can be used again or from the fault on, whichever is later. */
  readonly recoverWithinMs: number;
}

export interface Verdict {
  readonly records: number;
  readonly starts: number;
  readonly lost: readonly string[];
  readonly repeats: Repeats;
  readonly order: OrderFindings;
  readonly commitsThatWentBack: readonly string[];
  /** Those that went back because their connection was given up, and they arrived behind a newer one. */
  readonly lateCommits: number;
  readonly commits: number;
  readonly pauses: { readonly moved: Pause | null; readonly stayed: Pause | null };
  readonly recoveries: readonly Recovery[];
  /** Broken promises, in words; empty where all were kept. */
  readonly failures: readonly string[];
}

export function judge(evidence: Evidence): Verdict {
  const history = new History(evidence.entries, evidence.sessionTimeoutMs);
  const recordRuns = runsByRecord(history.runs);
  const verdict = {
    records: evidence.ends.reduce((sum, end) => sum + end, 0),
    starts: history.runs.length,
    lost: lostRecords(history, recordRuns, evidence),
    repeats: judgeRepeats(history, recordRuns, evidence.stopTimeoutMs),
    order: judgeOrder(history, evidence.order),
    ...judgeDirection(history, evidence.commits),
    commits: evidence.commits.length,
    pauses: longestPauses(history),
    recoveries: recoveries(history),
  };
  return { ...verdict, failures: failuresOf(verdict, history, evidence, recordRuns) };
}

function failuresOf(verdict: Omit<Verdict, 'failures'>, history: History, evidence: Evidence, recordRuns: ReadonlyMap<string, readonly Run[]>): string[] {
  const { lost, repeats, order } = verdict;
  return [
    ...some('lost', lost),
    ...some('delivered as another record', mixedUp(history, recordRuns)),
    ...some('repeated without a reason', repeats.unexplained),
    ...some('partitions lost without a fault', repeats.unprovoked),
    ...some('out of order', order.violations),
    ...some('started without a proof of membership', unprovenStarts(history, evidence.sessionTimeoutMs)),
    ...some('started on a partition of others', foreignStarts(history)),
    ...some('commits that went back', verdict.commitsThatWentBack),
    ...some('end not reached', unreached(evidence)),
    ...some('paused too long', longPauses(verdict.pauses.stayed, evidence)),
    ...some('recovered too late', lateRecoveries(verdict.recoveries, evidence)),
    ...some('nothing was judged', verdict.records === 0 || verdict.starts === 0 || verdict.commits === 0 ? ['no record, no start, or no commit'] : []),
  ];
}

/** One line for each kind of failure: how many, and the first of them. */
function some(what: string, found: readonly string[]): string[] {
  return found.length === 0 ? [] : [`${found.length} ${what}: ${found.slice(0, 3).join('; ')}`];
}

function runsByRecord(runs: readonly Run[]): ReadonlyMap<string, readonly Run[]> {
  const records = new Map<string, Run[]>();
  for (const run of runs) {
    const name = `${run.partition}@${run.offset}`;
    const known = records.get(name);
    if (known === undefined) records.set(name, [run]);
    else known.push(run);
  }
  for (const known of records.values()) if (known.length > 1) known.sort((a, b) => a.startMs - b.startMs);
  return records;
}

/** Below a log's end, or acknowledged to the producer, and no handler has ended it. */
function lostRecords({ sent }: History, recordRuns: ReadonlyMap<string, readonly Run[]>, { ends }: Evidence): string[] {
  const isDone = (name: string): boolean => recordRuns.get(name)?.some(({ endMs }) => endMs !== null) === true;
  const lost = new Set<string>();
  ends.forEach((end, partition) => {
    for (let offset = 0; offset < end; offset++) if (!isDone(`${partition}@${offset}`)) lost.add(`${partition}@${offset}`);
  });
  for (const { partition = -1, offset = 0, count = 0 } of sent) {
    for (let index = 0; index < count; index++) if (!isDone(`${partition}@${offset + index}`)) lost.add(`${partition}@${offset + index}`);
  }
  return [...lost];
}

/** What was handled at an offset is what the producer was told to be there. */
function mixedUp({ sent }: History, recordRuns: ReadonlyMap<string, readonly Run[]>): string[] {
  const wrong: string[] = [];
  for (const { partition = -1, offset = 0, value = 0, count = 0 } of sent) {
    for (let index = 0; index < count; index++) {
      const runs = recordRuns.get(`${partition}@${offset + index}`) ?? [];
      for (const run of runs) if (run.value !== value + index) wrong.push(`${partition}@${offset + index} as ${run.value} instead of ${value + index}`);
    }
  }
  return wrong;
}

function judgeDirection({ unanswered }: History, commits: readonly Commit[]): Pick<Verdict, 'commitsThatWentBack' | 'lateCommits'> {
  const highest = new Map<number, number>();
  const back: string[] = [];
  let lateCommits = 0;
  for (const { partition, offset } of commits) {
    const before = highest.get(partition) ?? 0;
    if (offset < before) {
      if (unanswered.has(`${partition}@${offset}`)) lateCommits++;
      else back.push(`partition ${partition} to ${offset} after ${before}`);
    }
    highest.set(partition, Math.max(before, offset));
  }
  return { commitsThatWentBack: back, lateCommits };
}

function unreached({ ends, committed }: Evidence): string[] {
  return ends.flatMap((end, partition) => (end > 0 && committed[partition] !== end ? [`partition ${partition} is committed to ${committed[partition]} of ${end}`] : []));
}

function longPauses(stayed: Pause | null, { longestPauseMs }: Evidence): string[] {
  if (stayed === null || longestPauseMs === null || stayed.ms <= longestPauseMs) return [];
  return [`partition ${stayed.partition} for ${Math.round(stayed.ms)} ms from ${Math.round(stayed.fromMs)} on`];
}

function lateRecoveries(all: readonly Recovery[], { recoverWithinMs }: Evidence): string[] {
  // One of three brokers: from its death. All of them: from when the cluster takes records again.
  const late = ({ fault, consumingMs, committingMs, usableMs }: Recovery): boolean => {
    const fromMs = fault.startsWith('brokers') ? usableMs : 0;
    return !(Math.max(consumingMs, committingMs) - fromMs <= recoverWithinMs);
  };
  return all.filter(late).map(({ fault, consumingMs, committingMs }) => `${fault}: consuming after ${Math.round(consumingMs)} ms, committing after ${Math.round(committingMs)} ms`);
}
