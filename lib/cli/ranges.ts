/** A half-open stretch of offsets. */
export type OffsetRange = readonly [from: number, to: number];

/** `41, 44-46, 90-`: inclusive, as people write it; at most `limit` of them. */
export function showOffsets(ranges: readonly OffsetRange[], limit: number): string {
  const shown = ranges.slice(0, limit).map(([from, to]) => (to - from === 1 ? String(from) : `${from}-${to - 1}`));
  return ranges.length > limit ? `${shown.join(', ')}, ... (${ranges.length - limit} more)` : shown.join(', ');
}

/** `orders 0-3,7; returns 1`, or a dash where there is none. */
export function showPartitions(partitions: ReadonlyMap<string, readonly number[]>): string {
  const shown = Array.from(partitions, ([topic, numbers]) => `${topic} ${showNumbers(numbers)}`);
  return shown.length === 0 ? '-' : shown.join('; ');
}

function showNumbers(numbers: readonly number[]): string {
  const stretches: [from: number, to: number][] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = stretches.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else stretches.push([number, number]);
  }
  return stretches.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',');
}
