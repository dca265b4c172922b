/** `npm run scenario:basic`: handle orders, retry what fails, skip what can never succeed, commit all of it. */
import { Scene } from '../stage/scene.js';
import { bar, count, progress } from '../stage/screen.js';
import { ShopProcess } from '../stage/shop-process.js';
import { play, type Stage } from '../stage/stage.js';
import { orders } from '../stage/topics.js';
import { until } from '../stage/until.js';

const ORDERS = 1000;
const EXPIRED = ORDERS / 100;
const FLAKY = ORDERS / 20 - EXPIRED;
const AFTER_RESTART = 10;

await play({
  title: `Basic: ${count(ORDERS)} orders of 50 customers in 2 partitions, 20 payments at once.`,
  plot: `${FLAKY} payments fail once and are retried, ${EXPIRED} cards have expired. Then the shop stops and starts again.`,
  act,
});

async function act(stage: Stage): Promise<void> {
  const scene = await Scene.set(stage, { orders: orders(ORDERS, 50, (id) => (id % 100 === 0 ? 'expired' : id % 20 === 0 ? 'flaky' : 'valid')) });
  const settings = { ...scene.settings, CONCURRENCY: 20, PAYMENT_MS: 20 };
  const shop = ShopProcess.start(stage, { settings });
  await handled(stage, scene, shop, ORDERS);
  await until(stage, () => shop.committed >= ORDERS);
  const [stats] = shop.report;
  await shop.stop();

  const verdict = await scene.verdict();
  stage.check(verdict.lost === 0, `all ${count(verdict.records)} orders were handled (lost: ${verdict.lost})`);
  stage.check(verdict.repeated === 0, `none was handled twice (repeated: ${verdict.repeated})`);
  stage.check(verdict.failedAttempts === FLAKY, `${FLAKY} payments failed once and were made at the second attempt (failed attempts: ${verdict.failedAttempts})`);
  stage.check(stats?.skippedCount === EXPIRED, `${EXPIRED} orders with an expired card were skipped (skipped: ${stats?.skippedCount})`);
  stage.check(verdict.outOfOrder === 0, `each customer's orders were handled one after the other, retries included (out of order: ${verdict.outOfOrder})`);
  stage.check(await scene.isCommitted(), 'the commit stands at the end of both partitions');

  await scene.topics.fill(scene.ordersTopic, orders(AFTER_RESTART, AFTER_RESTART), 2);
  const again = ShopProcess.start(stage, { settings });
  await handled(stage, scene, again, ORDERS + AFTER_RESTART);
  await again.stop();
  const { lost, repeated } = await scene.verdict();
  stage.check(lost === 0 && repeated === 0, `after a stop and a start the ${AFTER_RESTART} new orders were handled, and no old one again (repeated: ${repeated})`);
}

async function handled(stage: Stage, { ledger }: Scene, shop: ShopProcess, amount: number): Promise<void> {
  await until(stage, () => {
    shop.assertRunning();
    const { length } = ledger.read().filter(({ outcome }) => outcome !== 'failed');
    progress(`${bar(length, amount)}  ${count(length)} orders handled`);
    return length >= amount;
  });
}
