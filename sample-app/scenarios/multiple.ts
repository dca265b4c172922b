/** `npm run scenario:multiple`: two groups on two topics, and a second process that joins while the first one works. */
import { Scene } from '../stage/scene.js';
import { bar, count, progress, say } from '../stage/screen.js';
import { ShopProcess } from '../stage/shop-process.js';
import { play, type Stage } from '../stage/stage.js';
import { orders } from '../stage/topics.js';
import { until } from '../stage/until.js';

const ORDERS = 8000;
const RETURNS = 800;
const DELIVERIES = 2 * (ORDERS + RETURNS);

await play({
  title: `Multiple consumers: ${count(ORDERS)} orders in 4 partitions and ${count(RETURNS)} returns in 2, read by two groups.`,
  plot: 'The shop pays and refunds, analytics counts both; a second process joins both groups while the first one works.',
  act,
});

async function act(stage: Stage): Promise<void> {
  const scene = await Scene.set(stage, { orders: orders(ORDERS, 400), partitions: 4, returns: orders(RETURNS, 400) });
  const analyticsGroup = `${scene.groupId}-analytics`;
  const settings = { ...scene.settings, ANALYTICS_GROUP: analyticsGroup, CONCURRENCY: 20, PAYMENT_MS: 25 };

  const first = ShopProcess.start(stage, { runs: 'everything', settings });
  await until(stage, () => {
    first.assertRunning();
    show(scene);
    return paidBy(scene, first).length > ORDERS / 5;
  });
  say(`The second process joins after ${count(paidBy(scene, first).length)} payments and refunds.`);
  const second = ShopProcess.start(stage, { runs: 'everything', settings });
  const pairs = [scene.groupId, analyticsGroup].flatMap((groupId) => [scene.ordersTopic, scene.returnsTopic].map((topic) => ({ groupId, topic })));
  await until(stage, async () => {
    first.assertRunning();
    second.assertRunning();
    if (show(scene) < DELIVERIES) return false;
    const ends = await Promise.all(pairs.map(({ groupId, topic }) => scene.topics.isCommittedToTheEnd(groupId, topic)));
    return ends.every(Boolean);
  });
  const owned = [first, second].map((shop) => shop.partitions(scene.groupId).length);
  await Promise.all([first.stop(), second.stop()]);

  for (const pair of pairs) {
    const { records, lost, repeated, outOfOrder } = await scene.verdict(pair);
    const [who, what] = [pair.groupId === scene.groupId ? 'the shop' : 'analytics', pair.topic === scene.ordersTopic ? 'orders' : 'returns'];
    stage.check(lost === 0 && repeated === 0, `${who} handled all ${count(records)} ${what}, each once (lost: ${lost}, repeated: ${repeated})`);
    if (pair.groupId === scene.groupId) stage.check(outOfOrder === 0, `... and each customer's one after the other (out of order: ${outOfOrder})`);
  }
  const moved = paidBy(scene, second).length;
  stage.check(moved > 0, `the second process took ${owned[1]} of the shop's 6 partitions, ${owned[0]} stayed; it made ${count(moved)} of ${count(ORDERS + RETURNS)} payments and refunds`);
}

function paidBy({ ledger, groupId }: Scene, { pid }: ShopProcess): Scene['ledger']['entries'] {
  return ledger.entries.filter((entry) => entry.pid === pid && entry.groupId === groupId);
}

/** @returns the deliveries so far. */
function show({ ledger }: Scene): number {
  const { length } = ledger.read();
  progress(`${bar(length, DELIVERIES)}  ${count(length)} of ${count(DELIVERIES)} deliveries`);
  return length;
}
