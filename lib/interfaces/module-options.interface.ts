import type { LoggerService, LogLevel, ModuleMetadata, Type } from '@nestjs/common';
import type { Kafka, KafkaConfig } from 'kafkajs';
import type { KafkaCodec, KafkaCodecName } from './codec.interface.js';
import type { KafkaConsumerOptions } from './consumer-options.interface.js';
import type { KafkaHandlerOptions } from './handler-options.interface.js';
import type { KafkaProducerOptions } from './producer.interface.js';

/** What `KafkaManyThreadsModule.forRoot()` takes. Durations are milliseconds. */
export interface KafkaManyThreadsOptions {
  /** Tells the connections of an application with several clusters apart. The `name` of `forRootAsync` wins. @default 'default' */
  name?: string;
  /** kafkajs's client configuration, or a factory that makes a new client at each call: every consumer needs its own. */
  client: KafkaConfig | (() => Kafka);
  /** The default group: handlers without a `groupId` belong to it. */
  consumer?: KafkaConsumerOptions;
  /** Further groups, chosen by `@KafkaHandler(topic, { groupId })`. */
  groups?: KafkaConsumerOptions[];
  /** Real topic names for those in the decorators: `{ orders: 'prod.orders.v2' }`. Patterns match real names. */
  topics?: Record<string, string>;
  /** Handler options by topic, as the decorator names it, a pattern by its text (`'/^orders\\./'`). Precedence: preset < group < decorator < here; nested objects merge. */
  handlers?: Record<string, Omit<KafkaHandlerOptions, 'batch' | 'threads'>>;
  /** Options of the connection's producer, or false where the application sends nothing through it. @default {} */
  producer?: KafkaProducerOptions | false;
  /** How values are decoded, and encoded by the producer. One that does not decode is not retried. Null bypasses the codec. @default 'json' */
  codec?: KafkaCodecName | KafkaCodec;
  /** A topic that does not exist: fail `app.init()`, or look for it in the background. @default 'throw' */
  missingTopics?: 'throw' | 'wait';
  /** Not built yet. @default false */
  createTopics?: boolean | { partitions?: number; replicationFactor?: number };
  /**
   * Which of the application's global enhancers also run around handlers. A guard written for HTTP would reject every record.
   * @default { pipes: true }
   */
  globalEnhancers?: boolean | { pipes?: boolean; guards?: boolean; interceptors?: boolean; filters?: boolean };
  /** Gets the module's lines, and kafkajs's under the context `Kafka:<group>`. Payloads are never logged. @default Nest's */
  logger?: LoggerService;
  /** Lowest level that is logged. @default 'log' */
  logLevel?: LogLevel;
  /** Start consuming when the application has booted. @default true */
  autoStart?: boolean;
  /** No broker answers at boot: fail `app.init()`, or keep trying in the background. @default 'throw' */
  startFailure?: 'throw' | 'retry';
  /** How long a stop waits for handlers before it aborts them; commit and leaving come after. @default 20000 */
  shutdownTimeoutMs?: number;
}

export interface KafkaManyThreadsOptionsFactory {
  createKafkaManyThreadsOptions(): KafkaManyThreadsOptions | Promise<KafkaManyThreadsOptions>;
}

/** What `KafkaManyThreadsModule.forRootAsync()` takes: one of `useFactory` (with `inject`), `useClass` and `useExisting`. */
export interface KafkaManyThreadsAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  name?: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what is injected is the application's business
  useFactory?: (...args: any[]) => KafkaManyThreadsOptions | Promise<KafkaManyThreadsOptions>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as in Nest's own FactoryProvider
  inject?: any[];
  useClass?: Type<KafkaManyThreadsOptionsFactory>;
  useExisting?: Type<KafkaManyThreadsOptionsFactory>;
}
