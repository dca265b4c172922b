import type { Counts, Violation } from './judge.js';
import type { Action } from './scenario.js';
import { scenarioOf } from './scenario.js';
import { SettledCheck } from './settled-check.js';
import { World } from './world.js';

export interface Outcome {
  readonly seed: number;
  readonly violation: Violation | null;
  /** Of everything that happened. */
  readonly digest: string;
  readonly counts: Counts;
  readonly simulatedMs: number;
  readonly steps: number;
  readonly actions: readonly Action[];
  readonly events: readonly string[];
}

export interface Replay {
  /** Actions of the scenario, by number, that do not happen. */
  readonly without?: ReadonlySet<number>;
  readonly verbose?: boolean;
}

/** A world that runs hot instead of on. */
const MOST_STEPS = 500_000;

/** Lives one seed from its first process to its last commit. */
export async function simulate(seed: number, { without = new Set(), verbose = false }: Replay = {}): Promise<Outcome> {
  const scenario = scenarioOf(seed);
  const world = new World(scenario, verbose);
  const { judge, scheduler, trace } = world;
  const rejected = (error: unknown): void => judge.broken('defect', `a promise was rejected and nobody heard of it: ${error instanceof Error ? error.stack : String(error)}`);
  process.on('unhandledRejection', rejected);
  scenario.actions.forEach((action, index) => {
    if (!without.has(index)) scheduler.after(action.atMs, () => world.apply(action));
  });
  const settled = new SettledCheck(world);
  scheduler.after(scenario.durationMs, () => settled.begin());
  try {
    await scheduler.run(() => judge.violation !== null || settled.isDone || scheduler.steps > MOST_STEPS);
    // Rejections are told when the event loop turns.
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off('unhandledRejection', rejected);
  }
  if (scheduler.steps > MOST_STEPS) judge.broken('liveness', `${MOST_STEPS} steps, and no end`);
  return {
    seed,
    violation: judge.violation,
    digest: trace.digest,
    counts: judge.counts,
    simulatedMs: scheduler.nowMs,
    steps: scheduler.steps,
    actions: scenario.actions,
    events: trace.last(2000),
  };
}
