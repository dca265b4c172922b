import { Controller, type INestMicroservice, Injectable, Module, type Type } from '@nestjs/common';
import { Ctx, EventPattern, type KafkaContext as NestKafkaContext, type MicroserviceOptions, Payload, Transport } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { type KafkaCodec, type KafkaContext, KafkaHandler } from '../../lib/index.js';
import { createTopic, eventually, produceEach, testKafka, unique, withAdmin } from '../support/kafka.js';
import { type NestApp, withApp } from '../support/nest-app.js';

jest.setTimeout(60_000);

const PARTITIONS = [0, 1, 2, 3];
const numbered = (from: number, count: number): { value: string }[] => Array.from({ length: count }, (_, index) => ({ value: JSON.stringify({ n: from + index }) }));

const microservices: INestMicroservice[] = [];
afterEach(() => Promise.all(microservices.splice(0).map((app) => app.close())));

/** An application with Nest's own transport, whose group is `groupId` with Nest's "-server" behind it. */
async function startNestTransport(groupId: string, controller: Type): Promise<INestMicroservice> {
  @Module({ controllers: [controller] })
  class AppModule {}
  const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
  const app = module.createNestMicroservice<MicroserviceOptions>({
    transport: Transport.KAFKA,
    options: {
      client: { ...testKafka(), clientId: 'shop' },
      consumer: { groupId, sessionTimeout: 6_000, heartbeatInterval: 200, rebalanceTimeout: 10_000, maxWaitTimeInMs: 100 },
      subscribe: { fromBeginning: true },
    },
  });
  app.useLogger(false);
  microservices.push(app);
  await app.listen();
  return app;
}

/** A controller of Nest's transport that notes `partition@offset`. */
function nestController(topic: string, seen: string[]): Type {
  @Controller()
  class Orders {
    // Nest 12 declares a decorator for methods of one parameter, unless it is told the type of the pattern.
    @EventPattern<string>(topic)
    handle(@Payload() _: unknown, @Ctx() context: NestKafkaContext): void {
      seen.push(`${context.getPartition()}@${context.getMessage().offset}`);
    }
  }
  return Orders;
}

function ourProvider(seen: string[]): Type {
  @Injectable()
  class Orders {
    @KafkaHandler('orders')
    handle(_: unknown, { record }: KafkaContext): void {
      seen.push(`${record.partition}@${record.offset}`);
    }
  }
  return Orders;
}

async function committed(groupId: string, topic: string): Promise<number> {
  const [answer] = await withAdmin((admin) => admin.fetchOffsets({ groupId, topics: [topic] }));
  return (answer?.partitions ?? []).reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
}

describe("moving from Nest's own transport", () => {
  it('goes on where it has ended, in the group with "-server" in its name', async () => {
    const [topic, groupId] = [await createTopic('orders', 4), unique('shop')];
    const [before, after]: [string[], string[]] = [[], []];
    await produceEach(topic, PARTITIONS, numbered(0, 10));
    const nest = await startNestTransport(groupId, nestController(topic, before));
    await eventually(async () => (await committed(`${groupId}-server`, topic)) === 40, { what: "Nest's transport has handled and committed all", within: 20_000, show: () => before.length });
    await nest.close();

    await produceEach(topic, PARTITIONS, numbered(10, 5));
    await withApp({ providers: [ourProvider(after)], consumer: { groupId: `${groupId}-server` }, options: { topics: { orders: topic } } }, async (app) => {
      await app.until('the rest is committed', async () => (await committed(`${groupId}-server`, topic)) === 60);
      expect(after).toHaveLength(20);
      expect(after.filter((each) => before.includes(each))).toEqual([]);
    });
  });

  it('may be done process by process: both are members of one group, and nothing is lost or handled twice', async () => {
    const [topic, groupId] = [await createTopic('orders', 4), unique('shop')];
    const [theirs, ours]: [string[], string[]] = [[], []];
    const total = (): number => new Set([...theirs, ...ours]).size;
    const nest = await startNestTransport(groupId, nestController(topic, theirs));
    await produceEach(topic, PARTITIONS, numbered(0, 10));
    await eventually(async () => (await committed(`${groupId}-server`, topic)) === 40, { what: "Nest's transport has committed all", within: 20_000 });

    await withApp({ providers: [ourProvider(ours)], consumer: { groupId: `${groupId}-server` }, options: { topics: { orders: topic } } }, async (app: NestApp) => {
      await app.until('they share', () => app.consumers.getStats().partitions.length === 2, 30_000);
      await produceEach(topic, PARTITIONS, numbered(10, 10));
      await app.until('both have handled theirs', () => total() === 80);
      expect(ours.length).toBeGreaterThan(0);

      await nest.close();
      await app.until('ours has all', () => app.consumers.getStats().partitions.length === 4, 30_000);
      await produceEach(topic, PARTITIONS, numbered(20, 10));
      await app.until('all is handled and committed', async () => total() === 120 && (await committed(`${groupId}-server`, topic)) === 120);
      expect(theirs.length + ours.length).toBe(120);
    });
  });

  it('ends what a record that always fails does to its partition: there it stands still, here the others go on', async () => {
    const topic = await createTopic('orders');
    await produceEach(topic, [0], [1, 2, 3].map((n) => ({ key: `customer-${n}`, value: JSON.stringify({ n }) })));
    const [theirs, ours]: [number[], number[]] = [[], []];
    let isPoison = true;
    const handle = (seen: number[], n: number): void => {
      seen.push(n);
      if (isPoison && n === 2) throw new Error('poison');
    };
    @Controller()
    class Theirs {
      @EventPattern<string>(topic)
      handle(@Payload() { n }: { n: number }): void {
        handle(theirs, n);
      }
    }
    await startNestTransport(unique('shop'), Theirs);
    await eventually(() => theirs.filter((n) => n === 2).length >= 4, { what: 'the poison has been tried again and again', within: 20_000, show: () => theirs });
    expect(new Set(theirs)).toEqual(new Set([1, 2]));
    // A consumer of kafkajs that is closed while it fails starts itself again.
    isPoison = false;
    await eventually(() => theirs.includes(3), { what: "Nest's transport has come to the end", within: 20_000 });
    isPoison = true;

    @Injectable()
    class Ours {
      @KafkaHandler('orders')
      handle({ n }: { n: number }): void {
        handle(ours, n);
      }
    }
    await withApp({ providers: [Ours], options: { topics: { orders: topic } } }, async (app) => {
      await app.until('the poison is held, and the rest is done', () => app.consumers.getStats().heldCount === 1 && app.consumers.getStats().processedCount === 2);
      expect(ours.filter((n) => n === 2)).toHaveLength(4);
    });
  });

  it('decodes values as Nest does with a codec of five lines', async () => {
    const topic = await createTopic('orders');
    const values = ['{"n":1}', '[2]', 'plain text', '{broken', '17', Buffer.from([0, 1, 2])];
    await produceEach(topic, [0], values.map((value) => ({ value })));
    const [theirs, ours]: [unknown[], unknown[]] = [[], []];
    @Controller()
    class Theirs {
      @EventPattern<string>(topic)
      handle(@Payload() value: unknown): void {
        theirs.push(value);
      }
    }
    await startNestTransport(unique('shop'), Theirs);
    await eventually(() => theirs.length === values.length, { what: "Nest's transport has decoded all", within: 20_000 });

    @Injectable()
    class Ours {
      @KafkaHandler('orders', { ordering: 'partition', codec: likeNest })
      handle(value: unknown): void {
        ours.push(value);
      }
    }
    await withApp({ providers: [Ours], options: { topics: { orders: topic } } }, async (app) => {
      await app.until('all are decoded', () => ours.length === values.length);
      expect(ours).toEqual(theirs);
      expect(ours).toEqual([{ n: 1 }, [2], 'plain text', '{broken', '17', Buffer.from([0, 1, 2])]);
    });
  });
});

/** As docs/migrating.md has it. */
const likeNest: KafkaCodec = {
  decode({ value }) {
    const text = String(value);
    if (value?.[0] === 0) return value;
    try {
      return /^[{[]/.test(text) ? (JSON.parse(text) as unknown) : text;
    } catch {
      return text;
    }
  },
  encode: (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
};
