import type { KafkaConsumerOptions, KafkaManyThreadsOptions } from '../interfaces/index.js';
import { GIVEN_OPTIONS, MODULE_OPTIONS } from '../runner/kafka-runner.js';
import type { EmbeddedKafka } from './embedded-kafka.js';

/** What is needed of a `TestingModuleBuilder`; `@nestjs/testing` stays with those who have it. */
interface ModuleBuilder {
  overrideProvider(token: symbol): {
    useFactory(options: { factory: (given: KafkaManyThreadsOptions) => KafkaManyThreadsOptions; inject: symbol[] }): unknown;
  };
}

const COMMIT_INTERVAL_MS = 20;

/**
 * Points every `forRoot` and `forRootAsync` of the modules under test at the embedded broker, whatever brokers, TLS and
 * credentials they name. Everything else is as the application has it, but for two things that would make tests wait: groups
 * begin at the earliest record, so that it does not matter whether a test produces before or after they have joined, and they
 * commit 20 ms after a completion.
 *
 * @publicApi
 * @example
 * const module = await useEmbeddedKafka(Test.createTestingModule({ imports: [AppModule] }), kafka).compile();
 */
export function useEmbeddedKafka<B extends ModuleBuilder>(builder: B, kafka: Pick<EmbeddedKafka, 'brokers'>): B {
  builder.overrideProvider(MODULE_OPTIONS).useFactory({ factory: given => pointed(given, kafka.brokers), inject: [GIVEN_OPTIONS] });
  return builder;
}

function pointed(given: KafkaManyThreadsOptions, brokers: string[]): KafkaManyThreadsOptions {
  const { client, consumer, groups } = given;
  const own = typeof client === 'function' ? {} : client;
  return {
    ...given,
    client: { ...own, brokers, ssl: undefined, sasl: undefined },
    ...(consumer !== undefined && { consumer: quick(consumer) }),
    ...(groups !== undefined && { groups: groups.map(quick) }),
  };
}

function quick(group: KafkaConsumerOptions): KafkaConsumerOptions {
  const { intervalMs = COMMIT_INTERVAL_MS } = group.commit ?? {};
  return { ...group, fromBeginning: true, commit: { ...group.commit, intervalMs: Math.min(intervalMs, COMMIT_INTERVAL_MS) } };
}
