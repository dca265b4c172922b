import { register } from 'tsx/cjs/api';

/** jest's global setup of the project `embedded`: one broker in jest's own process for all its suites, which reach it over TCP. */
export default async function start(): Promise<void> {
  // jest maps `./x.js` to `./x.ts` in specs, but not for its setup files.
  const unregister = register();
  const { EmbeddedKafka } = await import('../../lib/testing/embedded-kafka.js');
  unregister();
  const kafka = await EmbeddedKafka.start({ topics: [{ name: '__consumer_offsets' }] }); // a topic of Kafka's own, as a real broker has it
  process.env['TEST_EMBEDDED_BROKERS'] = kafka.brokers.join(',');
  // jest loads the teardown with modules of its own: the global object is what both see.
  Object.assign(globalThis, { stopEmbeddedKafka: kafka.stop.bind(kafka) });
}
