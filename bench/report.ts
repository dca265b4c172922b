import { type Case, type CaseFigures, type Goal, keepsOrder } from './cases.js';
import type { Figures } from './run-settings.js';

export type Medians = ReadonlyMap<string, Figures>;

/** A line of the table of goals: `workload | goal | measured | met or missed`. */
export type GoalRow = readonly [workload: string, goal: string, measured: string, verdict: string];

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
export function judge({ name, goals }: Case, medians: Medians): GoalRow[] {
  return goals.flatMap((goal) => {
    const reached = medians.get(goal.contender)?.[goal.figure];
    const mark = typeof goal.against === 'string' ? medians.get(goal.against)?.[goal.figure] : goal.against.ideal;
    if (reached === undefined || mark === undefined) return [];
    const ratio = reached / mark;
    const isMet = ratio >= (goal.atLeast ?? -Infinity) && ratio <= (goal.atMost ?? Infinity);
    return [[`${name}: ${FIGURE[goal.figure]} of ${goal.contender}`, boundOf(goal), share(ratio), isMet ? 'met' : '**missed**']];
  });
}

const FIGURE: Readonly<Record<Goal['figure'], string>> = { rate: 'records/s', cpuUs: 'CPU time', peakRssMb: 'peak memory', p50: 'p50', p99: 'p99' };

function boundOf({ against, atLeast, atMost }: Goal): string {
  const mark = typeof against === 'string' ? against : `the ideal ${against.ideal.toLocaleString('en')}/s`;
  return `${atLeast === undefined ? '≤' : '≥'} ${share(atLeast ?? atMost ?? NaN)} of ${mark}`;
}

export function goalTable(rows: readonly GoalRow[]): string {
  return table(['', 'goal', 'measured', ''], rows);
}

export function caseTable({ name, what, workload, contenders }: Case, medians: Medians): string {
  const isLatency = workload === 'w3';
  const head = ['', ...(isLatency ? ['p50 ms', 'p99 ms'] : ['records/s']), 'CPU µs/record', 'peak RSS MB', ...(isLatency ? [] : ['most in flight', 'keeps key order'])];
  const rows = contenders.flatMap((contender) => {
    const figures = medians.get(contender);
    return figures === undefined ? [] : [[contender.startsWith('ours') ? `**${contender}**` : contender, ...row(contender, figures, isLatency)]];
  });
  return `**${name}**: ${what}\n\n${table(head, rows)}`;
}

function row(contender: string, { rate, cpuUs, peakRssMb, mostInFlight, p50, p99 }: Figures, isLatency: boolean): string[] {
  const costs = [cpuUs.toFixed(2), peakRssMb.toFixed(0)];
  if (isLatency) return [(p50 ?? NaN).toFixed(2), (p99 ?? NaN).toFixed(2), ...costs];
  return [Math.round(rate).toLocaleString('en'), ...costs, String(mostInFlight || '–'), ORDER[String(keepsOrder(contender))]];
}

const ORDER: Readonly<Record<string, string>> = { true: 'yes', false: 'no', null: '–' };

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map(() => '-').join('|')}|`, ...rows.map(line)].join('\n');
}

/** Percent, with a decimal near 100, where goals are. */
function share(ratio: number): string {
  const percent = 100 * ratio;
  return `${percent > 90 && percent < 100 ? percent.toFixed(1).replace('.0', '') : percent.toFixed(0)} %`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
