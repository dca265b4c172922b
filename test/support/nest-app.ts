import type { INestApplicationContext, LoggerService, ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { type KafkaConsumerOptions, KafkaConsumerService, KafkaManyThreadsModule, type KafkaManyThreadsOptions } from '../../lib/index.js';
import { eventually, testBrokers, unique } from './kafka.js';

/** Lines of the module, as `level message`. */
export class LinesLogger implements LoggerService {
  readonly lines: string[] = [];
  log = this.at('log');
  warn = this.at('warn');
  error = this.at('error');
  debug = this.at('debug');
  private at(level: string) {
    return (message: unknown): void => void this.lines.push(`${level} ${String(message)}`);
  }
}

export interface AppSetup extends Omit<ModuleMetadata, 'imports'> {
  readonly imports?: ModuleMetadata['imports'];
  readonly consumer?: Partial<KafkaConsumerOptions>;
  readonly options?: Partial<KafkaManyThreadsOptions>;
}

/** Options for quick tests on the broker of this run: from the beginning, short session, commits every 100 ms. */
export function testOptions({ consumer, options }: Pick<AppSetup, 'consumer' | 'options'>, logger: LoggerService): KafkaManyThreadsOptions {
  return {
    client: { clientId: 'test', brokers: testBrokers() },
    consumer: { ...quickGroup(consumer?.groupId ?? unique('group')), ...consumer },
    shutdownTimeoutMs: 5000,
    logger,
    ...options,
  };
}

export function quickGroup(groupId: string): KafkaConsumerOptions {
  return { groupId, fromBeginning: true, commit: { intervalMs: 100 }, fetch: { maxWaitMs: 100 }, sessionTimeoutMs: 6000, heartbeatIntervalMs: 300 };
}

export class NestApp {
  private constructor(
    readonly app: INestApplicationContext,
    readonly logger: LinesLogger,
  ) {}

  /** Boots an application with the module imported first, as READMEs do. */
  static async boot(setup: AppSetup): Promise<NestApp> {
    const logger = new LinesLogger();
    const { consumer: _, options: __, imports = [], ...metadata } = setup;
    const module = await Test.createTestingModule({ ...metadata, imports: [KafkaManyThreadsModule.forRoot(testOptions(setup, logger)), ...imports] }).compile();
    const app = module.createNestApplication({ logger: false });
    await app.init();
    return new NestApp(app, logger);
  }

  get consumers(): KafkaConsumerService {
    return this.app.get(KafkaConsumerService);
  }

  until(what: string, condition: () => boolean | Promise<boolean>, within = 15_000): Promise<unknown> {
    return eventually(condition, { what, within, show: () => ({ stats: this.consumers.getAllStats(), log: this.logger.lines.slice(-12) }) });
  }
}

/** Runs a test with an application that is closed however the test ends. */
export async function withApp<T>(setup: AppSetup, work: (app: NestApp) => Promise<T>): Promise<T> {
  const app = await NestApp.boot(setup);
  try {
    return await work(app);
  } finally {
    await app.app.close();
  }
}
