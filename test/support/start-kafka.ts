import { register } from 'tsx/cjs/api';

/** jest's global setup of the projects that need Kafka: one broker for all their suites, which find it through `testKafka()`. */
export default async function start(): Promise<void> {
  if (process.env['TEST_KAFKA_BROKERS']) return; // another project has started it
  // jest maps `./x.js` to `./x.ts` in specs, but not for its setup files.
  const unregister = register();
  const { startKafka } = await import('../../scripts/kafka/start-kafka.js');
  unregister();
  const cluster = await startKafka();
  process.env['TEST_KAFKA_BROKERS'] = cluster.brokers.join(',');
  // jest loads the teardown with modules of its own: the global object is what both see.
  Object.assign(globalThis, { stopTestKafka: cluster.stop.bind(cluster) });
}
