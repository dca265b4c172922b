import { setTimeout as delay } from 'node:timers/promises';
import { type FaultName, STRIKES_BROKERS } from './fault-names.js';
import type { ChaosProcess, Processes } from './processes.js';
import type { TestCluster } from './test-cluster.js';

/** What faults act upon. */
export interface Stage {
  readonly processes: Processes;
  readonly cluster: TestCluster;
  readonly sessionTimeoutMs: number;
  /** In [0, 1); the same in every run with one seed. */
  readonly random: () => number;
  /** Faults end as soon as it is aborted. */
  readonly over: AbortSignal;
}

type Fault = (stage: Stage) => Promise<void>;

/** Each ends with everything as it was before. */
const PLAYED: Readonly<Record<FaultName, Fault>> = {
  kill: (stage) =>
    on(stage, async (victim) => {
      await victim.kill();
      await pause(stage, 0, 1_000);
      await stage.processes.start();
    }),
  freeze: (stage) => frozen(stage, 1.2 * stage.sessionTimeoutMs, 1.8 * stage.sessionTimeoutMs),
  stall: (stage) => frozen(stage, 0.2 * stage.sessionTimeoutMs, 0.6 * stage.sessionTimeoutMs),
  term: (stage) => on(stage, (victim) => replace(stage, victim)),
  churn: async (stage) => {
    const { idle } = stage.processes;
    const [members, others] = [idle.filter(({ isMember }) => isMember), idle.filter(({ isMember }) => !isMember)];
    const isJoining = others.length > 0 && (members.length <= 2 || stage.random() < 0.5);
    await on(stage, (one) => (isJoining ? one.join() : one.leave()), isJoining ? others : members);
  },
  rolling: async (stage) => {
    for (const victim of stage.processes.idle) {
      if (stage.over.aborted) return;
      await on(stage, () => replace(stage, victim), [victim]);
    }
  },
  cut: (stage) => network(stage, 'cut'),
  'half-open': (stage) => network(stage, 'half-open'),
  latency: (stage) => network(stage, { latencyMs: 200 + 1_300 * stage.random() }, 2),
  lag: (stage) => network(stage, { latencyMs: 1.2 * stage.sessionTimeoutMs }, 2),
  broker: (stage) => brokerKilled(stage, 1 + Math.floor(stage.random() * stage.cluster.size)),
  coordinator: async (stage) => brokerKilled(stage, await stage.cluster.coordinator()),
  'frozen-broker': async (stage) => {
    const node = 1 + Math.floor(stage.random() * stage.cluster.size);
    await stage.cluster.freeze(node);
    await pause(stage, 5_000, 15_000);
    await stage.cluster.thaw(node);
    await stage.cluster.inSync();
  },
  cluster: async (stage) => {
    await stage.cluster.killAll();
    await pause(stage, 1_000, 5_000);
    await stage.cluster.startAll();
    await stage.cluster.inSync();
  },
};

/** Those that no other fault may accompany: what the cluster needs to come back is measured. */
const ALONE: ReadonlySet<FaultName> = new Set([...STRIKES_BROKERS, 'rolling']);

/** Plays faults until it is over; resolves when all are undone. Answers how often each was played. */
export async function play(stage: Stage, names: readonly FaultName[], everyMs: number): Promise<Map<FaultName, number>> {
  const played = new Map<FaultName, number>();
  const playing = new Set<Promise<void>>();
  for (let turn = 0; ; turn++) {
    await pause(stage, 0.5 * everyMs, 1.5 * everyMs);
    if (stage.over.aborted) break;
    // Each once, before chance decides.
    const name = turn < names.length ? names[turn] : names[Math.floor(stage.random() * names.length)];
    played.set(name, (played.get(name) ?? 0) + 1);
    const fault = PLAYED[name](stage);
    playing.add(fault);
    void fault.finally(() => playing.delete(fault)).catch(() => undefined);
    if (ALONE.has(name)) await Promise.all(playing);
  }
  await Promise.all(playing);
  return played;
}

/** On one with which nothing is being done, unless it is the last one. */
async function on({ processes, random }: Stage, act: (victim: ChaosProcess) => Promise<unknown>, candidates = processes.idle): Promise<void> {
  if (candidates.length === 0 || processes.idle.length < 2) return;
  const victim = candidates[Math.floor(random() * candidates.length)];
  victim.isBusy = true;
  await act(victim);
  if (!victim.hasEnded) victim.isBusy = false;
}

async function replace({ processes }: Stage, victim: ChaosProcess): Promise<void> {
  await processes.start();
  const code = await victim.terminate();
  if (code !== 0) throw new Error(`Process ${victim.pid} ended with ${code} on SIGTERM:\n${victim.output}`);
}

function frozen(stage: Stage, leastMs: number, mostMs: number): Promise<void> {
  return on(stage, async (victim) => {
    victim.freeze();
    await pause(stage, leastMs, mostMs);
    victim.thaw();
  });
}

function network(stage: Stage, fault: Parameters<ChaosProcess['strike']>[0], sessions?: number): Promise<void> {
  return on(stage, async (victim) => {
    victim.strike(fault);
    await pause(stage, (sessions ?? 0.2) * stage.sessionTimeoutMs, (sessions ?? 1.5) * stage.sessionTimeoutMs);
    victim.heal();
  });
}

async function brokerKilled(stage: Stage, node: number): Promise<void> {
  await stage.cluster.kill(node);
  // Long enough that others take over.
  await pause(stage, 15_000, 20_000);
  await stage.cluster.start(node);
  await stage.cluster.inSync();
}

async function pause({ random, over }: Stage, leastMs: number, mostMs: number): Promise<void> {
  await delay(leastMs + random() * (mostMs - leastMs), undefined, { signal: over }).catch(() => undefined);
}
