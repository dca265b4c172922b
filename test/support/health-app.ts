import { Controller, Get, Inject, type INestApplication, Query, type Type } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { KafkaConsumerService, KafkaManyThreadsModule } from '../../lib/index.js';
import { type KafkaHealthDetail, KafkaHealthIndicator } from '../../lib/terminus/index.js';
import { eventually } from './kafka.js';
import { type AppSetup, LinesLogger, testOptions } from './nest-app.js';

interface Limits {
  readonly stuckMs?: string;
  readonly stalledMs?: string;
  readonly maxLag?: string;
  readonly groups?: string;
  readonly connection?: string;
}

/** An application's health endpoints, with the limits of a check in its query. */
@Controller('health')
class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(KafkaHealthIndicator) private readonly kafka: KafkaHealthIndicator,
  ) {}

  @Get('started')
  @HealthCheck()
  started(@Query() limits: Limits): Promise<unknown> {
    return this.health.check([() => this.kafka.isStarted('kafka', optionsOf(limits))]);
  }

  @Get('live')
  @HealthCheck()
  live(@Query() limits: Limits): Promise<unknown> {
    return this.health.check([() => this.kafka.isLive('kafka', optionsOf(limits))]);
  }

  @Get('ready')
  @HealthCheck()
  ready(@Query() limits: Limits): Promise<unknown> {
    return this.health.check([() => this.kafka.isReady('kafka', optionsOf(limits))]);
  }
}

function optionsOf({ groups, connection, ...limits }: Limits): Record<string, unknown> {
  const numbers = Object.entries(limits).map(([name, value]): [string, number] => [name, Number(value)]);
  return { ...Object.fromEntries(numbers), ...(groups === undefined ? {} : { groups: groups.split(',') }), ...(connection === undefined ? {} : { connection }) };
}

export type Endpoint = 'started' | 'live' | 'ready';
export interface Answer {
  readonly status: number;
  /** What Terminus says of the check; absent where the endpoint itself failed. */
  readonly kafka: KafkaHealthDetail & { readonly status: string };
}

/** A Nest application that listens, with Kafka and health endpoints. */
export class HealthApp {
  private constructor(
    private readonly app: INestApplication,
    private readonly url: string,
  ) {}

  static async boot(setup: AppSetup): Promise<HealthApp> {
    const { consumer: _, options: __, imports = [], controllers = [], providers = [], ...metadata } = setup;
    const logger = new LinesLogger();
    const module = await Test.createTestingModule({
      ...metadata,
      imports: [KafkaManyThreadsModule.forRoot(testOptions(setup, logger)), TerminusModule.forRoot({ logger: false }), ...imports],
      controllers: [HealthController as Type, ...controllers],
      providers: [KafkaHealthIndicator, ...providers],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
    return new HealthApp(app, await app.getUrl());
  }

  get consumers(): KafkaConsumerService {
    return this.app.get(KafkaConsumerService);
  }

  async get(endpoint: Endpoint, query: Readonly<Record<string, string | number>> = {}): Promise<Answer> {
    const parameters = new URLSearchParams(Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]));
    const response = await fetch(`${this.url}/health/${endpoint}?${parameters.toString()}`);
    const { details } = (await response.json()) as { details?: { kafka: Answer['kafka'] } };
    return { status: response.status, kafka: details?.kafka ?? { status: 'none', groups: {}, stuck: [] } };
  }

  /** HTTP status of started, live and ready. */
  async statuses(query: Readonly<Record<string, string | number>> = {}): Promise<number[]> {
    const answers = await Promise.all((['started', 'live', 'ready'] as const).map((endpoint) => this.get(endpoint, query)));
    return answers.map(({ status }) => status);
  }

  async until(what: string, condition: () => boolean | Promise<boolean>, within = 15_000): Promise<void> {
    await eventually(condition, { what, within, show: () => ({ stats: this.consumers.getAllStats() }) });
  }
  async untilReady(within?: number): Promise<void> {
    await this.until('it is ready', async () => (await this.get('ready')).status === 200, within);
  }

  close(): Promise<void> {
    return this.app.close();
  }
}

/** Runs a test with an application that is closed however the test ends. */
export async function withHealth<T>(setup: AppSetup, work: (app: HealthApp) => Promise<T>): Promise<T> {
  const app = await HealthApp.boot(setup);
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}
