import { type DynamicModule, Global, Module, type Provider } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { DEFAULT_CONNECTION, getKafkaToken } from './decorators/inject-kafka.decorator.js';
import { KafkaConfigurationError } from './errors/configuration.error.js';
import type { KafkaManyThreadsAsyncOptions, KafkaManyThreadsOptions, KafkaManyThreadsOptionsFactory } from './interfaces/index.js';
import { clientOf } from './kafkajs/client.js';
import { moduleSchema } from './options/option-schemas.js';
import { ROOT, validate } from './options/validate.js';
import { KafkaConnections } from './runner/kafka-connections.js';
import { CONNECTION_NAME, GIVEN_OPTIONS, KafkaRunner, MODULE_OPTIONS } from './runner/kafka-runner.js';
import { KafkaConsumerService } from './services/kafka-consumer.service.js';
import { KafkaDeadLetterService } from './services/kafka-dead-letter.service.js';
import { KafkaProducerService } from './services/kafka-producer.service.js';

const SERVICES = [KafkaConsumerService, KafkaProducerService, KafkaDeadLetterService];

/** What all connections of an application share. */
@Global()
@Module({ providers: [KafkaConnections, ...SERVICES], exports: [KafkaConnections, ...SERVICES] })
class KafkaServicesModule {}

/**
 * Runs every `@KafkaHandler` of the application, wherever it is provided. Global, and indifferent to where it is imported: it
 * starts when everything else has booted, and has stopped before anything else is destroyed. SIGTERM needs
 * `app.enableShutdownHooks()`.
 *
 * @example
 * @Module({
 *   imports: [KafkaManyThreadsModule.forRoot({ client: { brokers: ['localhost:9092'] }, consumer: { groupId: 'orders' } })],
 *   providers: [OrdersHandler],
 * })
 * export class AppModule {}
 */
@Module({})
export class KafkaManyThreadsModule {
  /** @throws KafkaConfigurationError, KafkaNotImplementedError for options that cannot be. */
  static forRoot(options: KafkaManyThreadsOptions): DynamicModule {
    return define(options.name ?? DEFAULT_CONNECTION, [{ provide: GIVEN_OPTIONS, useValue: validated(options) }]);
  }

  /** Options from a factory, a class or an existing provider. A `name` must stand here, since the tokens are made of it. */
  static forRootAsync(options: KafkaManyThreadsAsyncOptions): DynamicModule {
    const name = options.name ?? DEFAULT_CONNECTION;
    return define(name, asyncOptions(options, name), options.imports);
  }
}

function define(name: string, options: readonly Provider[], imports: DynamicModule['imports'] = []): DynamicModule {
  // Two tokens, so that a test can put something between what the application gives and what is used.
  const used: Provider = { provide: MODULE_OPTIONS, inject: [GIVEN_OPTIONS], useFactory: (given: KafkaManyThreadsOptions) => given };
  const kafka: Provider = { provide: getKafkaToken(name), inject: [MODULE_OPTIONS], useFactory: clientOf };
  return {
    module: KafkaManyThreadsModule,
    global: true,
    imports: [DiscoveryModule, KafkaServicesModule, ...imports],
    providers: [{ provide: CONNECTION_NAME, useValue: name }, ...options, used, kafka, KafkaRunner],
    exports: [getKafkaToken(name)],
  };
}

function asyncOptions({ useFactory, useClass, useExisting, inject = [], name: givenName }: KafkaManyThreadsAsyncOptions, name: string): Provider[] {
  const check = (options: KafkaManyThreadsOptions): KafkaManyThreadsOptions => {
    const isElsewhere = givenName === undefined && options.name !== undefined && options.name !== name;
    if (isElsewhere) throw new KafkaConfigurationError('KafkaManyThreadsModule.forRootAsync', `the options name the connection ${options.name}: give the name to forRootAsync itself.`);
    return validated(options);
  };
  if (useFactory !== undefined) {
    return [{ provide: GIVEN_OPTIONS, inject, useFactory: async (...args: unknown[]) => check(await useFactory(...args)) }];
  }
  const factory = useExisting ?? useClass;
  if (factory === undefined) throw new KafkaConfigurationError('KafkaManyThreadsModule.forRootAsync', 'expected useFactory, useClass or useExisting.');
  const create = async (source: KafkaManyThreadsOptionsFactory): Promise<KafkaManyThreadsOptions> => check(await source.createKafkaManyThreadsOptions());
  const provider: Provider = { provide: GIVEN_OPTIONS, inject: [factory], useFactory: create };
  return useClass === undefined ? [provider] : [{ provide: useClass, useClass }, provider];
}

function validated(options: KafkaManyThreadsOptions): KafkaManyThreadsOptions {
  validate(moduleSchema, options, ROOT);
  return options;
}
