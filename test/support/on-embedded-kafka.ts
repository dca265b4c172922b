import { EmbeddedKafka } from 'nestjs-kafka-many-threads/testing';

/** Imported before a spec of test/integration, it has that spec's tests run on the embedded broker: they look for the broker's address when they run. */
let kafka: EmbeddedKafka;

beforeAll(async () => {
  kafka = await EmbeddedKafka.start();
  process.env['TEST_KAFKA_BROKERS'] = kafka.brokers.join(',');
});
afterAll(() => kafka.stop());
