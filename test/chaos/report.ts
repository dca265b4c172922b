import type { ChaosReport } from './chaos.js';
import type { Pause } from './judge/times.js';

/** What a person reads at the end of a run. */
export function reportLines({ settings, played, seconds, verdict, complaints }: ChaosReport): string[] {
  const { repeats, order, pauses } = verdict;
  const excuses = Object.entries(repeats.byExcuse).filter(([, { repeated, allowed }]) => repeated + allowed > 0);
  return [
    `${settings.order} order, ${settings.processes} processes, ${settings.partitions} partitions, ${settings.brokers} broker(s), seed ${settings.seed}, ${Math.round(seconds)} s`,
    `faults          ${[...played].map(([name, count]) => `${name} ${count}`).join(', ')}`,
    `records         ${verdict.records}, handler starts ${verdict.starts}`,
    `lost            ${verdict.lost.length}`,
    ...excuses.map(([excuse, { repeated, allowed }]) => `repeated        ${repeated} of ${allowed} that were in flight or completed after the last commit (${excuse})`),
    `repeated        ${repeats.unexplained.length} without a reason`,
    `order           ${order.violations.length} violations, ${order.zombies} overlaps with handlers of frozen or evicted processes`,
    `commits         ${verdict.commits}, of which ${verdict.commitsThatWentBack.length} went back and ${verdict.lateCommits} arrived late`,
    `longest pause   ${pause(pauses.stayed)} where a partition stayed, ${pause(pauses.moved)} where it moved`,
    ...verdict.recoveries.map(({ fault, consumingMs, committingMs, usableMs }) => `recovery        ${fault}: usable after ${whole(usableMs)} ms, all partitions consumed after ${whole(consumingMs)} ms, committed after ${whole(committingMs)} ms`),
    ...[...complaints].sort(([, a], [, b]) => b - a).slice(0, 8).map(([text, count]) => `log             ${count} × ${text}`),
    ...verdict.failures.map((failure) => `BROKEN          ${failure}`),
    verdict.failures.length === 0 ? 'Every promise held.' : 'Promises were broken.',
  ];
}

function pause(longest: Pause | null): string {
  return longest === null ? 'none' : `${whole(longest.ms)} ms (partition ${longest.partition})`;
}

function whole(ms: number): string {
  return Number.isFinite(ms) ? String(Math.round(ms)) : '∞';
}
