import { CLOCK_MS, type History, type Run, type Tenure } from './history.js';

/** Starts whose process could not know that the partition was still its own. */
export function unprovenStarts({ runs }: History, sessionTimeoutMs: number): string[] {
  return runs
    .filter(({ provenAtMs, startMs }) => provenAtMs !== null && startMs - provenAtMs > sessionTimeoutMs)
    .map(({ partition, offset, pid, startMs, provenAtMs }) => `process ${pid} started ${partition}@${offset} ${Math.round(startMs - (provenAtMs ?? 0))} ms after its last proof of membership`);
}

/**
 * Starts on a partition that was given up, or on which somebody else, who was given it later, is at work: has begun before, and
 * goes on after. Who was told of an assignment long after it was made and does nothing with it harms nobody, nor does who has lost
 * it again to the one that had it first.
 */
export function foreignStarts({ runs, tenures }: History): string[] {
  const byPartition = new Map<number, Tenure[]>();
  for (const tenure of tenures) if (tenure.runs.length > 0) byPartition.set(tenure.partition, [...(byPartition.get(tenure.partition) ?? []), tenure]);
  const isForeign = ({ tenure, startMs, partition }: Run): boolean => {
    if (startMs > tenure.toMs + CLOCK_MS) return true;
    return (byPartition.get(partition) ?? []).some((other) => other !== tenure && other.fromMs > tenure.fromMs && isAtWork(other, startMs));
  };
  return runs.filter(isForeign).map(({ pid, partition, offset, startMs }) => `process ${pid} started ${partition}@${offset} at ${Math.round(startMs)}, when the partition was not its own`);
}

function isAtWork({ runs }: Tenure, atMs: number): boolean {
  return runs[0].startMs + CLOCK_MS < atMs && runs[runs.length - 1].startMs - CLOCK_MS > atMs;
}
