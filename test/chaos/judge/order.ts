import { CLOCK_MS, type History, type Run } from './history.js';

export type Order = 'key' | 'partition' | 'none';

export interface OrderFindings {
  /** Records that started before their predecessor had ended in a process that was alive. */
  readonly violations: readonly string[];
  /** Overlaps with a handler that nobody could stop: of a process that was frozen, cut off, or past its deadline. */
  readonly zombies: number;
}

export function judgeOrder(history: History, order: Order): OrderFindings {
  const violations: string[] = [];
  let zombies = 0;
  for (const lane of lanesOf(history, order).values()) {
    const firstEnds = endsByOffset(lane);
    const predecessors = predecessorsOf(firstEnds);
    let open: Run[] = [];
    for (const run of lane) {
      const previous = predecessors.get(run.offset);
      if (previous !== undefined && (firstEnds.get(previous) ?? Infinity) > run.startMs + CLOCK_MS) {
        violations.push(`${nameOf(run)} started before ${previous} of its lane had ended`);
      }
      open = open.filter((other) => history.overMs(other) > run.startMs + CLOCK_MS);
      for (const other of open) {
        if (isZombie(history, other, run.startMs)) zombies++;
        else violations.push(`${nameOf(run)} started while ${nameOf(other)} was running`);
      }
      open.push(run);
    }
  }
  return { violations, zombies };
}

/** Runs that may not overlap, in the order of their starts. */
function lanesOf({ runs }: History, order: Order): ReadonlyMap<string, readonly Run[]> {
  const lanes = new Map<string, Run[]>();
  if (order === 'none') return lanes;
  for (const run of runs) {
    if (order === 'key' && run.key === null) continue;
    const name = order === 'key' ? `${run.partition} ${run.key}` : String(run.partition);
    const lane = lanes.get(name);
    if (lane === undefined) lanes.set(name, [run]);
    else lane.push(run);
  }
  for (const lane of lanes.values()) lane.sort((a, b) => a.startMs - b.startMs || a.offset - b.offset);
  return lanes;
}

function endsByOffset(lane: readonly Run[]): Map<number, number> {
  const ends = new Map<number, number>();
  for (const { offset, endMs } of lane) ends.set(offset, Math.min(ends.get(offset) ?? Infinity, endMs ?? Infinity));
  return ends;
}

function predecessorsOf(ends: ReadonlyMap<number, number>): ReadonlyMap<number, number> {
  const offsets = [...ends.keys()].sort((a, b) => a - b);
  return new Map(offsets.slice(1).map((offset, index) => [offset, offsets[index]]));
}

function isZombie(history: History, run: Run, atMs: number): boolean {
  const { tenure, pid } = run;
  if (history.isFrozen(pid, atMs)) return true;
  return tenure.end === 'lost' || (tenure.end !== 'open' && tenure.end !== 'killed' && history.overMs(run) > tenure.toMs);
}

function nameOf({ partition, offset, pid, startMs }: Run): string {
  return `${partition}@${offset} (process ${pid}, ${Math.round(startMs)})`;
}
