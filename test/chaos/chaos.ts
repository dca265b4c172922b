import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaConsumerOptions } from '../../lib/interfaces/index.js';
import { Ledger } from '../support/ledger.js';
import { seeded } from '../support/random.js';
import { commitLog } from './commit-log.js';
import type { FaultName } from './fault-names.js';
import { play } from './faults.js';
import { Feed } from './feed.js';
import { type Evidence, judge, type Verdict } from './judge/judge.js';
import { Processes } from './processes.js';
import type { ChaosSettings } from './settings.js';
import { TestCluster } from './test-cluster.js';

const DEFAULT_SESSION_MS = 15_000;
/** From the last fault on, beside what handlers and sessions take. */
const SETTLE_MS = 60_000;

export interface ChaosReport {
  readonly settings: ChaosSettings;
  readonly played: ReadonlyMap<FaultName, number>;
  readonly seconds: number;
  readonly verdict: Verdict;
  /** What members wrote into their logs as warnings and errors, by text. */
  readonly complaints: ReadonlyMap<string, number>;
  readonly ledger: string;
}

export type Say = (line: string) => void;

/** One run: brokers, processes, a feed and faults, and the verdict. Everything that it has started has ended when it resolves or rejects. */
export async function runChaos(settings: ChaosSettings, say: Say, over: AbortSignal = new AbortController().signal): Promise<ChaosReport> {
  const ledger = Ledger.inTemporaryFolder();
  const began = performance.now();
  const cluster = await TestCluster.start(settings, `chaos-${randomUUID().slice(0, 8)}`, ledger);
  const processes = new Processes(memberConfig(settings, cluster, ledger), ledger);
  const feed = new Feed({ ...settings, brokers: cluster.brokers, topic: cluster.topic }, ledger);
  try {
    await Promise.all(Array.from({ length: settings.processes }, () => processes.start()));
    await feed.start();
    say(`${settings.processes} processes consume ${cluster.topic} of ${settings.partitions} partitions; ledger ${ledger.file}`);
    const played = await faults(settings, { cluster, processes, feed, over });
    say(`Played ${[...played].map(([name, count]) => `${name} ${count}`).join(', ')}; ${feed.count} records are acknowledged. Now the group must reach the ends.`);
    await Promise.all(processes.alive.filter(({ isMember }) => !isMember).map((each) => each.join()));
    await feed.stop();
    await settle(cluster, processes, settings, over);
    const ended = [...(await processes.stopAll()), ...processes.crashed.map(({ pid, output }) => `process ${pid} ended by itself: ${output}`)];
    const evidence = await gather(settings, cluster, ledger);
    const verdict = judge(evidence);
    const failures = [...verdict.failures, ...ended];
    return { settings, played, seconds: (performance.now() - began) / 1_000, verdict: { ...verdict, failures }, complaints: complaintsOf(evidence), ledger: ledger.file };
  } finally {
    await feed.abandon();
    await processes.killAll();
    await cluster.stop();
  }
}

function memberConfig({ order, longestHandlerMs, sessionTimeoutMs }: ChaosSettings, cluster: TestCluster, ledger: Ledger): ConstructorParameters<typeof Processes>[0] {
  const { topic, groupId, brokers } = cluster;
  const options: KafkaConsumerOptions = { groupId, fromBeginning: true, ...(sessionTimeoutMs === null ? {} : { sessionTimeoutMs }) };
  return { ledger: ledger.file, topic, order, brokers, longestHandlerMs, stopTimeoutMs: stopTimeoutOf(longestHandlerMs), options };
}

function stopTimeoutOf(longestHandlerMs: number): number {
  return longestHandlerMs + 10_000;
}

interface Cast {
  readonly cluster: TestCluster;
  readonly processes: Processes;
  readonly feed: Feed;
  readonly over: AbortSignal;
}

async function faults(settings: ChaosSettings, { cluster, processes, feed, over }: Cast): Promise<Map<FaultName, number>> {
  const ending = new AbortController();
  const untilMs = performance.now() + settings.seconds * 1_000;
  const watch = setInterval(() => {
    if (performance.now() > untilMs || feed.isOver || over.aborted) ending.abort();
  }, 100);
  try {
    const sessionTimeoutMs = settings.sessionTimeoutMs ?? DEFAULT_SESSION_MS;
    return await play({ processes, cluster, sessionTimeoutMs, random: seeded(settings.seed), over: ending.signal }, settings.faults, settings.everyMs);
  } finally {
    clearInterval(watch);
  }
}

/** Waits for the group to have committed every end; that it has not is for the judge to say. */
async function settle(cluster: TestCluster, processes: Processes, settings: ChaosSettings, over: AbortSignal): Promise<void> {
  const ends = await cluster.ends();
  const deadline = performance.now() + SETTLE_MS + 2 * settings.longestHandlerMs + 2 * (settings.sessionTimeoutMs ?? DEFAULT_SESSION_MS);
  while (performance.now() < deadline && !over.aborted && processes.alive.length > 0) {
    const committed = await cluster.committed().catch(() => []);
    if (ends.every((end, partition) => end === 0 || committed[partition] === end)) return;
    await delay(500);
  }
}

async function gather({ order, sessionTimeoutMs, longestHandlerMs, longestPauseMs, recoverWithinMs }: ChaosSettings, cluster: TestCluster, ledger: Ledger): Promise<Evidence> {
  const [ends, committed, commits] = await Promise.all([cluster.ends(), cluster.committed(), commitLog(cluster.brokers, cluster.groupId, cluster.topic)]);
  const limits = { sessionTimeoutMs: sessionTimeoutMs ?? DEFAULT_SESSION_MS, stopTimeoutMs: stopTimeoutOf(longestHandlerMs), longestPauseMs, recoverWithinMs };
  return { entries: ledger.read(), ends, committed, commits, order, ...limits };
}

function complaintsOf({ entries }: Evidence): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { event, text = '' } of entries) {
    if (event !== 'complaint') continue;
    const kind = text.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+/g, 'n').slice(0, 160);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}
