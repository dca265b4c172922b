/** `npm run demo`: what the library is for, in less than a minute once everything is compiled and downloaded. */
import { join } from 'node:path';
import { Crash, oldestRepeatMs } from './stage/crash.js';
import { LedgerReader } from './stage/ledger-reader.js';
import { Scene } from './stage/scene.js';
import { bar, count, progress, rate, say, seconds } from './stage/screen.js';
import { ShopProcess } from './stage/shop-process.js';
import { play, type Stage } from './stage/stage.js';
import { orders } from './stage/topics.js';
import { until } from './stage/until.js';
import { mostInFlight, throughput, type Verdict } from './stage/verdict.js';

const ORDERS = 16_000;
const CUSTOMERS = 800;
const PAYMENT_MS = 50;
const CONCURRENCY = 100;
const COMMIT_INTERVAL_MS = 100;
/** A commit that was under way when the kill came has to be allowed for. */
const COMMIT_MARGIN_MS = 2000;
const ONE_AT_A_TIME_MS = 4000;

await play({
  title: `${count(ORDERS)} orders of ${CUSTOMERS} customers lie in 2 partitions, and each payment takes ${PAYMENT_MS} ms.`,
  plot: `First one at a time, then ${CONCURRENCY} at once, with a kill -9 in the middle. A ledger file of all payments is the judge.`,
  act,
});

async function act(stage: Stage): Promise<void> {
  const scene = await Scene.set(stage, { orders: orders(ORDERS, CUSTOMERS) });
  const slow = await oneAtATime(stage, scene);
  const fast = await manyAtOnce(stage, scene);
  summarize(stage, slow, fast);
}

interface Slow {
  readonly perSecond: number;
  readonly mostInFlight: number;
}

async function oneAtATime(stage: Stage, scene: Scene): Promise<Slow> {
  say(`One at a time, for ${seconds(ONE_AT_A_TIME_MS)} (preset 'oneAtATime', which also commits after each record):`);
  const ledger = new LedgerReader(join(stage.folder, 'one-at-a-time'));
  const settings = { ...scene.settings, GROUP_ID: `${scene.groupId}-one`, LEDGER_FILE: ledger.file, PRESET: 'oneAtATime', PAYMENT_MS };
  const shop = ShopProcess.start(stage, { settings });
  await until(stage, () => {
    shop.assertRunning();
    const entries = ledger.read();
    progress(`  ${bar(entries.length, ORDERS)}  ${count(entries.length)} paid, ${rate(throughput(entries))} a second`);
    const [first] = entries;
    return first !== undefined && Date.now() - first.startMs >= ONE_AT_A_TIME_MS;
  });
  await shop.stop();
  const entries = ledger.read();
  return { perSecond: throughput(entries), mostInFlight: mostInFlight(entries) };
}

interface Fast {
  readonly perSecond: number;
  readonly outageMs: number;
  readonly oldestRepeatMs: number;
  readonly verdict: Verdict;
  readonly isCommitted: boolean;
}

async function manyAtOnce(stage: Stage, scene: Scene): Promise<Fast> {
  say(`\n${CONCURRENCY} at once, order kept for each customer:`);
  const { ledger } = scene;
  const sessionMs = await scene.topics.shortestSessionMs();
  const crash = new Crash(stage, ledger, { ...scene.settings, CONCURRENCY, COMMIT_INTERVAL_MS, PAYMENT_MS, SESSION_TIMEOUT_MS: sessionMs });
  const before = await crash.start();
  await work(stage, before, ledger, ORDERS / 2);
  const { inFlight } = before;
  await crash.kill(before);
  const firstRun = [...ledger.read()];
  say(`  kill -9, with ${count(firstRun.length)} payments in the ledger and ${inFlight} in flight. Starting again ...`);
  const after = await crash.start();
  say(`  back at work after ${seconds(crash.lastOutageMs)} (the broker waits ${seconds(sessionMs)} for the dead member; 15 s by default)`);
  await work(stage, after, ledger, ORDERS);
  await until(stage, () => scene.isCommitted());
  await after.stop();
  return {
    perSecond: throughput(firstRun),
    outageMs: crash.lastOutageMs,
    oldestRepeatMs: oldestRepeatMs(ledger.read(), crash.killedAtMs),
    verdict: await scene.verdict(),
    isCommitted: await scene.isCommitted(),
  };
}

/** Shows the progress until that many different orders have been paid. */
async function work(stage: Stage, shop: ShopProcess, ledger: LedgerReader, amount: number): Promise<void> {
  const paid = new Set<string>();
  let seen = 0;
  await until(stage, () => {
    shop.assertRunning();
    const entries = ledger.read();
    for (; seen < entries.length; seen++) paid.add(`${entries[seen]?.partition}/${entries[seen]?.offset}`);
    progress(`  ${bar(paid.size, ORDERS)}  ${count(paid.size)} paid, ${shop.inFlight} in flight, ${count(shop.committed)} committed`);
    return paid.size >= amount;
  });
}

function summarize(stage: Stage, slow: Slow, fast: Fast): void {
  const { verdict } = fast;
  const row = (name: string, perSecond: string, atOnce: string): string => `  ${name.padEnd(16)}${perSecond.padStart(16)}${atOnce.padStart(10)}`;
  say(`\n${row('', 'orders a second', 'at once')}`);
  say(row('one at a time', rate(slow.perSecond), count(slow.mostInFlight)));
  say(`${row(`${CONCURRENCY} at once`, rate(fast.perSecond), count(verdict.mostInFlight))}     ${rate(fast.perSecond / slow.perSecond)} times as many\n`);
  const check = (holds: boolean, what: string, claim: string): void => stage.check(holds, `${what.padEnd(11)}${claim}`);
  check(verdict.lost === 0, 'lost', `${verdict.lost} of ${count(verdict.records)}, with a kill -9 in the middle and ${seconds(fast.outageMs)} until the next payment`);
  const when = verdict.repeated === 0 ? '' : `, paid at most ${seconds(fast.oldestRepeatMs)} before the kill`;
  check(
    fast.oldestRepeatMs <= COMMIT_INTERVAL_MS + COMMIT_MARGIN_MS,
    'repeated',
    `${count(verdict.repeated)}${when}, with a commit every ${seconds(COMMIT_INTERVAL_MS)} (0.5 s by default)`,
  );
  check(verdict.mostInFlight <= CONCURRENCY, 'in flight', `${verdict.mostInFlight} at most, with a limit of ${CONCURRENCY}`);
  check(verdict.outOfOrder === 0, 'order', `each customer's orders one after the other (out of order: ${verdict.outOfOrder})`);
  check(fast.isCommitted, 'commits', 'at the end of both partitions');
}
