/** `npm run scenario:concurrency`: 100 handlers at once over 2 partitions, and never one more. */
import { Scene } from '../stage/scene.js';
import { bar, count, progress, rate, seconds } from '../stage/screen.js';
import { ShopProcess } from '../stage/shop-process.js';
import { play, type Stage } from '../stage/stage.js';
import { orders } from '../stage/topics.js';
import { until } from '../stage/until.js';
import { throughput } from '../stage/verdict.js';

const ORDERS = 8000;
const CONCURRENCY = 100;
const PAYMENT_MS = 50;
/** What 100 payments of 50 ms at once allow. */
const IDEAL_PER_SECOND = (CONCURRENCY * 1000) / PAYMENT_MS;

await play({
  title: `Concurrency: ${count(ORDERS)} orders of 800 customers in 2 partitions, ${CONCURRENCY} payments of ${PAYMENT_MS} ms at once.`,
  plot: `One after the other they take ${seconds(ORDERS * PAYMENT_MS)}, two at once (one for each partition) ${seconds((ORDERS * PAYMENT_MS) / 2)}.`,
  act,
});

async function act(stage: Stage): Promise<void> {
  const scene = await Scene.set(stage, { orders: orders(ORDERS, 800) });
  const shop = ShopProcess.start(stage, { settings: { ...scene.settings, CONCURRENCY, PAYMENT_MS } });
  await until(stage, () => {
    shop.assertRunning();
    const { length } = scene.ledger.read();
    progress(`${bar(length, ORDERS)}  ${count(length)} paid, ${shop.inFlight} in flight`);
    return length >= ORDERS;
  });
  await shop.stop();

  const verdict = await scene.verdict();
  const perSecond = throughput(scene.ledger.entries);
  stage.check(verdict.lost === 0 && verdict.repeated === 0, `all ${count(verdict.records)} orders were paid, each once (lost: ${verdict.lost}, repeated: ${verdict.repeated})`);
  stage.check(verdict.mostInFlight === CONCURRENCY, `the ledger shows ${verdict.mostInFlight} payments at one moment, with a limit of ${CONCURRENCY}`);
  stage.check(verdict.outOfOrder === 0, `each customer's orders were paid one after the other (out of order: ${verdict.outOfOrder})`);
  stage.check(perSecond > IDEAL_PER_SECOND / 2, `${rate(perSecond)} orders a second, ${Math.round((100 * perSecond) / IDEAL_PER_SECOND)} % of what ${CONCURRENCY} at once allow (at least half of it)`);
  stage.check(await scene.isCommitted(), 'the commit stands at the end of both partitions');
}
