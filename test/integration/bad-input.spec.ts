import { Injectable } from '@nestjs/common';
import { lastValueFrom, toArray } from 'rxjs';
import { type KafkaCodec, type KafkaContext, KafkaCtx, type KafkaEvent, KafkaHandler, KafkaValue } from '../../lib/index.js';
import { createTopic, produce } from '../support/kafka.js';
import { committedOffset } from '../support/group-under-test.js';
import { type AppSetup, NestApp, withApp } from '../support/nest-app.js';

/** A handler of `topic` that does what the test says. */
function handling(handle: (value: unknown, context: KafkaContext) => unknown): NonNullable<AppSetup['providers']>[number] {
  @Injectable()
  class Handler {
    @KafkaHandler('in')
    handle(@KafkaValue() value: unknown, @KafkaCtx() context: KafkaContext): unknown {
      return handle(value, context);
    }
  }
  return Handler;
}

function setUp(topic: string, handle: Parameters<typeof handling>[0], more: AppSetup = {}): AppSetup {
  return { ...more, providers: [handling(handle)], options: { topics: { in: topic }, codec: 'string', ...more.options } };
}

const values = (count: number): { value: string }[] => Array.from({ length: count }, (_, index) => ({ value: String(index) }));

/** What would have ended a process outside of jest. */
const unhandled: unknown[] = [];
const note = (error: unknown): void => void unhandled.push(error);
beforeAll(() => void process.on('unhandledRejection', note).on('uncaughtException', note));
afterEach(() => expect(unhandled).toEqual([]));
afterAll(() => void process.off('unhandledRejection', note).off('uncaughtException', note));

describe('a handler that throws what nobody expects', () => {
  it('has failed, and the application goes on, with a listener for every event and without', async () => {
    const topic = await createTopic('odd');
    const unreadable = Object.defineProperty(new Error(), 'message', {
      get: () => {
        throw new Error('not today');
      },
    });
    const thrown: unknown[] = [null, undefined, Object.create(null), Symbol('s'), unreadable, Object.freeze(new Error('frozen')), Promise.resolve(1), 0, false];
    const fail = (value: unknown): unknown => {
      const index = Number(value);
      if (index % thrown.length !== index) return undefined;
      throw thrown[index];
    };
    await produce(topic, 0, values(thrown.length + 1));
    for (const listens of [false, true]) {
      await withApp(setUp(topic, fail, { consumer: { retry: { retries: 1, backoff: 1 } } }), async (app) => {
        const subscription = listens ? app.consumers.events$.subscribe() : null;
        await app.until('all have failed', () => app.consumers.getStats().heldCount === thrown.length && app.consumers.getStats().processedCount === 1);
        expect(app.consumers.getStats()).toMatchObject({ failedCount: 2 * thrown.length, inFlight: 0, state: 'running' });
        subscription?.unsubscribe();
      });
    }
  });
});

describe('a codec of the application', () => {
  const codec = (decode: (text: string) => unknown): KafkaCodec => ({ decode: ({ value }) => decode(String(value)), encode: () => Buffer.alloc(0) });

  it('may answer with a promise of another library, whose failure is a failure to decode', async () => {
    const topic = await createTopic('thenable');
    const seen: unknown[] = [];
    const thenable = codec((text) => ({ then: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => (text === '1' ? reject(new Error('bad')) : resolve(`<${text}>`)) }));
    await produce(topic, 0, values(3));
    await withApp(setUp(topic, (value) => void seen.push(value), { options: { codec: thenable } }), async (app) => {
      await app.until('all are done', () => app.consumers.getStats().processedCount === 2 && app.consumers.getStats().heldCount === 1);
      expect(seen.sort()).toEqual(['<0>', '<2>']);
      expect(app.logger.lines.filter((line) => line.includes('does not decode'))).toHaveLength(1);
    });
  });

  it('that rejects ends no process where a listener reads the value', async () => {
    const topic = await createTopic('reject');
    const rejecting = codec(async () => Promise.reject(new Error('bad')));
    const read: unknown[] = [];
    await produce(topic, 0, values(1));
    await withApp(setUp(topic, () => undefined, { options: { codec: rejecting } }), async (app) => {
      app.consumers.events$.subscribe((event) => 'record' in event && read.push(event.record.value));
      await app.consumers.redeliverHeld();
      await app.until('the listener has read it', async () => {
        if (read.length === 0) await app.consumers.redeliverHeld();
        return read.length > 0;
      });
      expect(read[0]).toEqual(Buffer.from('0'));
    });
  });

  it('that takes its time keeps the order of keys', async () => {
    const topic = await createTopic('slow');
    const slow = codec(async (text) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
      return Number(text);
    });
    const seen = new Map<string | null, number[]>();
    const note = (value: unknown, { record: { key } }: KafkaContext): void => void seen.set(key, [...(seen.get(key) ?? []), Number(value)]);
    await produce(topic, 0, values(200).map((record, index) => ({ ...record, key: `k${index % 5}` })));
    await withApp(setUp(topic, note, { options: { codec: slow } }), async (app) => {
      await app.until('all are done', () => app.consumers.getStats().processedCount === 200);
      for (const numbers of seen.values()) expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      expect(seen.size).toBe(5);
    });
  });
});

describe('records of unusual size and shape', () => {
  it('arrive as they are: far above maxBytesPerPartition, empty, null, with a thousand headers', async () => {
    const topic = await createTopic('shape');
    const large = 'x'.repeat(900_000);
    const headers = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`h${index}`, String(index)]));
    await produce(topic, 0, [{ value: large }]);
    await produce(topic, 0, [{ value: '' }, { value: null }, { key: '', value: '1' }, { key: null, value: '2', headers }]);
    await produce(topic, 0, [{ value: large }]);
    const seen: unknown[] = [];
    const note = (value: unknown, { record }: KafkaContext): number =>
      seen.push([typeof value === 'string' && value.length > 10 ? value.length : value, record.key, Object.keys(record.headers).length]);
    await withApp(setUp(topic, note, { consumer: { ordering: 'partition', concurrency: 10_000, fetch: { maxBytesPerPartition: 1000, maxWaitMs: 100 } } }), async (app) => {
      await app.until('all are done', () => seen.length === 6);
      expect(seen).toEqual([[900_000, null, 0], ['', null, 0], [null, null, 0], ['1', '', 0], ['2', null, 1000], [900_000, null, 0]]);
    });
  });
});

describe('acknowledging by hand', () => {
  it('counts once, and only while the attempt runs', async () => {
    const topic = await createTopic('ack');
    const attempts: string[] = [];
    const late: KafkaContext[] = [];
    const handle = (value: unknown, context: KafkaContext): unknown => {
      attempts.push(`${String(value)}#${context.attempt}`);
      if (value === '0') return [context.ack(), context.ack(), context.nack()];
      if (value === '1') {
        context.ack();
        throw new Error('after ack');
      }
      if (value === '2') return context.attempt === 1 ? [context.nack(new Error('no')), context.ack()] : context.ack();
      if (value === '3' && context.attempt === 1) {
        late.push(context);
        throw new Error('again');
      }
      for (const earlier of late) earlier.ack();
      return value === '3' ? new Promise((resolve) => setImmediate(() => resolve(context.ack()))) : context.ack();
    };
    await produce(topic, 0, values(4));
    await withApp(setUp(topic, handle, { consumer: { ordering: 'partition', ack: 'manual', retry: { backoff: 1 } } }), async (app) => {
      await app.until('all are done', () => app.consumers.getStats().processedCount === 4);
      expect(attempts).toEqual(['0#1', '1#1', '2#1', '2#2', '3#1', '3#2']);
      await app.until('all is committed', async () => (await committedOffset(app.consumers.getStats().groupId, topic)) === 4);
      expect(app.consumers.getStats()).toMatchObject({ failedCount: 2, retriedCount: 2, heldCount: 0 });
    });
  });
});

describe('what listens', () => {
  it('may throw, and hears the end of the application', async () => {
    const topic = await createTopic('events');
    await produce(topic, 0, values(5));
    const app = await NestApp.boot(setUp(topic, () => undefined));
    const events: Promise<KafkaEvent[]> = lastValueFrom(app.consumers.events$.pipe(toArray()));
    app.consumers.events$.subscribe(() => {
      throw new Error('of the application');
    });
    await app.until('all are done', () => app.consumers.getStats().processedCount === 5);
    await app.app.close();
    await app.app.close();
    expect((await events).at(-1)?.type).toBe('revoked');
    expect(app.logger.lines.some((line) => line.includes('A subscriber of events$ failed: Error: of the application'))).toBe(true);
  });
});

describe('a process', () => {
  it('that boots and closes 30 applications keeps nothing of them', async () => {
    const topic = await createTopic('cycle');
    const count = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap' || name === 'Timeout').length;
    const cycle = (): Promise<void> => withApp(setUp(topic, () => undefined), async (app) => void (await app.until('it runs', () => app.consumers.getStats().state === 'running')));
    await cycle();
    const before = count();
    for (let round = 0; round < 30; round++) await cycle();
    expect(count()).toBeLessThanOrEqual(before + 2);
  }, 60_000);
});
