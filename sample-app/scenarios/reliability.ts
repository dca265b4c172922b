/** `npm run scenario:reliability`: kill -9 again and again, and count from the ledger what was lost and what was repeated. */
import { randomInt } from 'node:crypto';
import { Crash, oldestRepeatMs } from '../stage/crash.js';
import { Scene } from '../stage/scene.js';
import { count, say, seconds } from '../stage/screen.js';
import { play, type Stage } from '../stage/stage.js';
import { orders } from '../stage/topics.js';
import { until } from '../stage/until.js';

const ORDERS = 5000;
const CONCURRENCY = 50;
const COMMIT_INTERVAL_MS = 200;
/** A commit that was under way when the kill came has to be allowed for. */
const COMMIT_MARGIN_MS = 2000;
/** Sessions of this length leave time for more kills. */
const SHORT_SESSION_MS = 3000;

await play({
  title: `Reliability: ${count(ORDERS)} orders in 2 partitions, ${CONCURRENCY} payments at once, and kill -9 again and again.`,
  plot: 'Every payment is a line in a ledger file before its order counts as complete; the ledger is the judge.',
  act,
});

async function act(stage: Stage): Promise<void> {
  const scene = await Scene.set(stage, { orders: orders(ORDERS, 500) });
  const sessionMs = await scene.topics.shortestSessionMs();
  const kills = sessionMs > SHORT_SESSION_MS ? 4 : 6;
  const settings = { ...scene.settings, CONCURRENCY, PAYMENT_MS: 30, COMMIT_INTERVAL_MS, SESSION_TIMEOUT_MS: sessionMs };
  say(`${kills} kills; each time the broker takes ${seconds(sessionMs)} (15 s by default) to notice that the member is gone.`);
  const crash = new Crash(stage, scene.ledger, settings);
  const survivor = await killAgainAndAgain(stage, scene, crash, kills);
  await until(stage, () => {
    survivor.assertRunning();
    return scene.isCommitted();
  });
  await survivor.stop();

  const verdict = await scene.verdict();
  const oldestMs = oldestRepeatMs(scene.ledger.entries, crash.killedAtMs);
  const limitMs = COMMIT_INTERVAL_MS + COMMIT_MARGIN_MS;
  say();
  stage.check(verdict.lost === 0, `of ${count(verdict.records)} orders ${verdict.lost} were lost`);
  stage.check(
    oldestMs <= limitMs,
    `${count(verdict.repeated)} were paid again, ${Math.round(verdict.repeated / kills)} for each kill; they had been paid at most ${seconds(oldestMs)} before it (a commit every ${seconds(COMMIT_INTERVAL_MS)}, 0.5 s by default; limit ${seconds(limitMs)})`,
  );
  stage.check(verdict.outOfOrder === 0, `each customer's orders were paid one after the other (out of order: ${verdict.outOfOrder})`);
  stage.check(await scene.isCommitted(), 'the commit stands at the end of both partitions');
}

/** @returns the shop that was started after the last kill. */
async function killAgainAndAgain(stage: Stage, { ledger }: Scene, crash: Crash, kills: number): ReturnType<Crash['start']> {
  let shop = await crash.start();
  for (let kill = 1; kill <= kills; kill++) {
    const target = ledger.read().length + randomInt(200, Math.floor(ORDERS / (kills + 1)));
    await until(stage, () => {
      shop.assertRunning();
      return ledger.read().length >= target;
    });
    const { inFlight } = shop;
    await crash.kill(shop);
    const lines = ledger.read().length;
    shop = await crash.start();
    say(`  kill -9 number ${kill}: ${count(lines)} payments in the ledger, about ${inFlight} in flight; back at work after ${seconds(crash.lastOutageMs)}`);
  }
  return shop;
}
