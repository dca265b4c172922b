import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaConfig } from 'kafkajs';
import { createGroupConsumer } from '../../lib/consumer/create-group-consumer.js';
import type { GroupConsumer, GroupHooks, GroupListener, GroupLog, TopicHandler } from '../../lib/consumer/group-consumer.js';
import type { Delivery } from '../../lib/engine/delivery.js';
import type { KafkaConsumerOptions } from '../../lib/interfaces/index.js';
import { kafkajsWire } from '../../lib/kafkajs/kafkajs-wire.js';
import { groupOptions } from '../../lib/options/group-options.js';
import { handlerOptions } from '../../lib/options/handler-options.js';
import type { Ledger } from '../support/ledger.js';
import { handlerMs } from './handler-time.js';
import type { Order } from './judge/order.js';
import { type Witness, witnessed } from './witnessed-wire.js';

export interface MemberConfig {
  readonly ledger: string;
  readonly topic: string;
  readonly order: Order;
  readonly brokers: readonly string[];
  /** Where the process finds each broker: its way to it. */
  readonly ways: Readonly<Record<string, number>>;
  readonly longestHandlerMs: number;
  readonly stopTimeoutMs: number;
  /** Everything else has the product's defaults. */
  readonly options: KafkaConsumerOptions;
}

/** One member of the group, as an application has it, whose handlers write into the ledger. */
export class ChaosMember {
  private readonly consumer: GroupConsumer;
  private provenAtMs = 0;

  constructor(
    private readonly config: MemberConfig,
    private readonly ledger: Ledger,
  ) {
    const client = clientOf(config);
    const options = groupOptions(config.options, { client }, 'default');
    const log = this.log();
    const wire = kafkajsWire({ client, groupId: options.groupId, sessionTimeoutMs: options.sessionTimeoutMs, log });
    this.consumer = createGroupConsumer({
      options,
      handlers: [this.handler()],
      wire: () => witnessed(wire(), this.witness()),
      hooks: this.hooks(),
      log,
    });
    this.consumer.listener = this.listener();
  }

  async start(): Promise<void> {
    await this.consumer.connect();
    await this.consumer.start();
  }
  stop(): Promise<void> {
    return this.consumer.stop(this.config.stopTimeoutMs);
  }

  private handler(): TopicHandler {
    const { topic, order } = this.config;
    return {
      name: 'Chaos.handle',
      topics: [topic],
      options: handlerOptions({ ordering: order, retry: { retries: 0 } }, () => undefined),
      invoke: (delivery) => this.handle(delivery),
      classify: (error) => ({ kind: 'failed', error }),
    };
  }

  private async handle({ partition, offset, chunk, index }: Delivery): Promise<void> {
    const { ledger, provenAtMs } = this;
    const value = Number(chunk.value(index)?.toString());
    ledger.write({ event: 'start', partition, offset, key: chunk.key(index)?.toString() ?? null, value, provenAtMs });
    const ms = handlerMs(partition, value, this.config.longestHandlerMs);
    if (ms > 0) await delay(ms);
    ledger.write({ event: 'end', partition, offset });
  }

  private witness(): Witness {
    return {
      proven: (sentAtMs) => (this.provenAtMs = Math.max(this.provenAtMs, sentAtMs)),
      unanswered: (offsets) => {
        for (const { partition, offset } of offsets) this.ledger.write({ event: 'unanswered', partition, offset });
      },
    };
  }

  private hooks(): GroupHooks {
    return {
      assigned: async (partitions) => {
        for (const { partition, offset } of partitions) this.ledger.write({ event: 'assigned', partition, offset });
      },
      revoked: async (partitions, reason) => {
        for (const { partition, offset } of partitions) this.ledger.write({ event: 'revoked', partition, offset, text: reason });
      },
    };
  }

  private listener(): GroupListener {
    return {
      committed: (offsets, durationMs) => {
        const sentAtMs = performance.timeOrigin + performance.now() - durationMs;
        for (const { partition, offset } of offsets) this.ledger.write({ event: 'commit', partition, offset, sentAtMs });
      },
      crashed: (error) => this.ledger.write({ event: 'complaint', text: `crashed: ${String(error)}` }),
    };
  }

  private log(): GroupLog {
    const isVerbose = process.env['CHAOS_DEBUG'] !== undefined;
    const line = (level: string) => (message: string, error?: unknown) => {
      this.ledger.write({ event: 'complaint', text: `${level} ${message}${error === undefined ? '' : ` ${String(error)}`}` });
    };
    const silent = (): void => undefined;
    return { info: isVerbose ? line('info') : silent, warn: line('warn'), error: line('error'), debug: isVerbose ? line('debug') : null };
  }
}

/** kafkajs asks for a socket to a broker's address and gets one to the process's own way there. */
function clientOf({ brokers, ways }: MemberConfig): KafkaConfig {
  return {
    clientId: `chaos-${process.pid}`,
    brokers: [...brokers],
    socketFactory: ({ host, port, onConnect }) => {
      const socket = connect({ host, port: ways[`${host}:${port}`] ?? port }, onConnect);
      socket.setKeepAlive(true, 60_000);
      return socket;
    },
  };
}
