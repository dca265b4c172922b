import type { Case, CaseFigures, Goal } from './cases.js';
import type { Figures } from './run-settings.js';

export type Medians = ReadonlyMap<string, Figures>;

export interface Judged {
  readonly goal: Goal;
  readonly ratio: number;
  readonly isMet: boolean;
}

export function mediansOf(runs: CaseFigures): Medians {
  const medians = new Map<string, Figures>();
  for (const [contender, figures] of runs) {
    const [first] = figures;
    if (first === undefined) continue;
    const names = Object.keys(first) as (keyof Figures)[];
    medians.set(contender, Object.fromEntries(names.map((name) => [name, median(figures.map((each) => each[name] ?? NaN))])) as unknown as Figures);
  }
  return medians;
}

/** Goals whose contenders took part. */
export function judge({ goals }: Case, medians: Medians): Judged[] {
  return goals.flatMap((goal) => {
    const reached = medians.get(goal.contender)?.[goal.figure];
    const mark = typeof goal.against === 'string' ? medians.get(goal.against)?.[goal.figure] : goal.against.ideal;
    if (reached === undefined || mark === undefined) return [];
    const ratio = reached / mark;
    return { goal, ratio, isMet: ratio >= (goal.atLeast ?? -Infinity) && ratio <= (goal.atMost ?? Infinity) };
  });
}

export function print({ name, what, workload, contenders }: Case, medians: Medians, judged: readonly Judged[]): void {
  console.log(`\n${name}: ${what}`);
  console.table(
    Object.fromEntries(
      contenders.flatMap((contender) => {
        const figures = medians.get(contender);
        return figures === undefined ? [[contender, { 'records/s': 'no figures in time' }]] : [[contender, row(figures, workload === 'w3')]];
      }),
    ),
  );
  for (const { goal, ratio, isMet } of judged) {
    const against = typeof goal.against === 'string' ? goal.against : `the ideal ${goal.against.ideal}/s`;
    const bound = goal.atLeast === undefined ? `at most ${percent(goal.atMost ?? NaN)}` : `at least ${percent(goal.atLeast)}`;
    console.log(`  ${isMet ? 'met   ' : 'MISSED'} ${goal.figure} of ${goal.contender}: ${percent(ratio)} of ${against} (goal: ${bound})`);
  }
}

function row({ rate, cpuUs, peakRssMb, mostInFlight, p50, p99 }: Figures, isLatency: boolean): Record<string, string> {
  const memory = { 'CPU µs/record': cpuUs.toFixed(2), 'peak RSS MB': peakRssMb.toFixed(0) };
  if (isLatency) return { 'p50 ms': (p50 ?? NaN).toFixed(2), 'p99 ms': (p99 ?? NaN).toFixed(2), ...memory };
  return { 'records/s': Math.round(rate).toLocaleString('en'), ...memory, 'most in flight': String(mostInFlight || '-') };
}

function percent(ratio: number): string {
  return `${(100 * ratio).toFixed(0)} %`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
