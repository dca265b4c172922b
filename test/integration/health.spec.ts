import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { type KafkaContext, KafkaHandler, type KafkaHandlerOptions, KafkaManyThreadsModule } from '../../lib/index.js';
import { KafkaHealthIndicator } from '../../lib/terminus/index.js';
import { Gate } from '../support/group-under-test.js';
import { withHealth } from '../support/health-app.js';
import { createTopic, produce, testBrokers, unique } from '../support/kafka.js';
import { LinesLogger, quickGroup, testOptions } from '../support/nest-app.js';

const records = (count: number): { key: string; value: string }[] => Array.from({ length: count }, (_, index) => ({ key: `k${index}`, value: String(index) }));

/** A class with one handler, for what the test wants to be done with each number. */
function numbers(handle: (value: number, context: KafkaContext<number>) => unknown, options: KafkaHandlerOptions = {}): new () => object {
  @Injectable()
  class Numbers {
    @KafkaHandler('numbers', options)
    run(value: number, context: KafkaContext<number>): unknown {
      return handle(value, context);
    }
  }
  return Numbers;
}

describe('health over HTTP', () => {
  it('of a group that was not started: live, neither started nor ready; then all of it, and a stop takes readiness away', async () => {
    const [topic, groupId] = [await createTopic('numbers', 2), unique('group')];
    await withHealth({ providers: [numbers(() => undefined)], consumer: { groupId }, options: { topics: { numbers: topic }, autoStart: false } }, async (app) => {
      expect(await app.statuses()).toEqual([503, 200, 503]);
      expect((await app.get('started')).kafka).toEqual({
        status: 'down', reason: `group ${groupId} has not joined yet, it is stopped`, groups: { [groupId]: { state: 'stopped', lag: 0, partitions: 0 } }, stuck: [],
      });
      await app.consumers.start();
      await app.untilReady();
      await app.until('it has fetched both partitions', async () => {
        const { lag, partitions } = (await app.get('ready')).kafka.groups[groupId];
        return lag === 0 && partitions === 2;
      });
      expect(await app.statuses()).toEqual([200, 200, 200]);
      expect((await app.get('ready')).kafka).toEqual({ status: 'up', groups: { [groupId]: { state: 'running', lag: 0, partitions: 2 } }, stuck: [] });
      await app.consumers.stop();
      expect(await app.statuses()).toEqual([200, 200, 503]);
      expect((await app.get('ready')).kafka.reason).toBe(`group ${groupId} is stopped`);
    });
  });

  it('of a stuck record: not live, with its name, until it ends; not while others of its partition complete, nor while it gives signs of life', async () => {
    const [topic, groupId, gate] = [await createTopic('numbers'), unique('group'), new Gate()];
    const contexts: KafkaContext<number>[] = [];
    const handler = numbers((value, context) => {
      if (value > 0) return undefined;
      contexts.push(context);
      return gate.pass();
    });
    await withHealth({ providers: [handler], consumer: { groupId }, options: { topics: { numbers: topic } } }, async (app) => {
      await produce(topic, 0, records(1));
      await app.until('it is in flight', () => contexts.length === 1);
      const live = () => app.get('live', { stuckMs: 800 });
      const began = performance.now();
      while (performance.now() - began < 1600) {
        await produce(topic, 0, [{ key: 'other', value: '1' }]);
        expect((await live()).status).toBe(200);
      }
      await app.until('it is stuck', async () => (await live()).status === 503);
      const { kafka } = await live();
      expect(kafka.stuck).toEqual([{ groupId, topic, partition: 0, offset: 0, ageMs: expect.any(Number) as number }]);
      expect(kafka.stuck[0].ageMs).toBeGreaterThan(1600);
      expect(kafka.reason).toMatch(new RegExp(`^group ${groupId}: ${topic}/0 offset 0 has been in flight for [\\d.]+ s while nothing of its partition completed$`));
      expect(await app.statuses()).toEqual([200, 200, 200]);

      contexts[0].progress();
      expect((await live()).status).toBe(200);
      await app.until('it is stuck again', async () => (await live()).status === 503);
      gate.open();
      await app.until('it has ended', async () => (await live()).status === 200);
    });
  });

  it('of a drain: live and not ready, while handlers finish and after it', async () => {
    const [topic, groupId, gate] = [await createTopic('numbers'), unique('group'), new Gate()];
    let running = 0;
    const handler = numbers(() => {
      running++;
      return gate.pass();
    });
    await withHealth({ providers: [handler], consumer: { groupId }, options: { topics: { numbers: topic } } }, async (app) => {
      await produce(topic, 0, records(3));
      await app.until('all are in flight', () => running === 3);
      const drained = app.consumers.drain();
      expect(await app.statuses()).toEqual([200, 200, 503]);
      expect((await app.get('ready')).kafka.reason).toBe(`group ${groupId} is draining`);
      gate.open();
      expect(await drained).toEqual({ completed: 3, abandoned: 0 });
      expect(await app.statuses()).toEqual([200, 200, 503]);
      await app.consumers.start();
      await app.untilReady();
    });
  });

  it('of a partition full of held records: live and not ready, until they are delivered again', async () => {
    const [topic, groupId] = [await createTopic('numbers', 2), unique('group')];
    let isMended = false;
    const fail = (): void => {
      if (!isMended) throw new Error('not yet');
    };
    const handler = numbers(fail, { retry: { retries: 0 }, maxHeldPerPartition: 3 });
    await withHealth({ providers: [handler], consumer: { groupId }, options: { topics: { numbers: topic } } }, async (app) => {
      await produce(topic, 1, records(2));
      await app.until('two are held', () => app.consumers.getStats().heldCount === 2);
      expect(await app.statuses()).toEqual([200, 200, 200]);
      await produce(topic, 1, records(1));
      await app.until('three are held', () => app.consumers.getStats().heldCount === 3);
      expect(await app.statuses()).toEqual([200, 200, 503]);
      expect((await app.get('ready')).kafka.reason).toBe(`group ${groupId}: ${topic}/1 has as many held records as it may have`);
      isMended = true;
      await app.consumers.redeliverHeld();
      expect(await app.statuses()).toEqual([200, 200, 200]);
    });
  });

  it("of a consumer that stopped, as onExhausted: 'stop' says: live and not ready, with the record", async () => {
    const [topic, groupId] = [await createTopic('numbers'), unique('group')];
    const fail = (): void => {
      throw new Error('no');
    };
    const handler = numbers(fail, { retry: { retries: 0 }, onExhausted: 'stop' });
    await withHealth({ providers: [handler], consumer: { groupId }, options: { topics: { numbers: topic } } }, async (app) => {
      await app.untilReady();
      await produce(topic, 0, records(1));
      await app.until('it has stopped', () => app.consumers.getStats().state === 'stopped');
      expect(await app.statuses()).toEqual([200, 200, 503]);
      expect((await app.get('ready')).kafka.reason).toBe(`group ${groupId} is stopped (Numbers.run failed for good at ${topic}/0 offset 0)`);
    });
  });

  it('of a consumer that has failed for good: neither live nor ready, with the reason', async () => {
    const [topic, groupId] = [await createTopic('numbers'), unique('group')];
    // More than a broker allows.
    const consumer = { groupId, sessionTimeoutMs: 3_600_000 };
    await withHealth({ providers: [numbers(() => undefined)], consumer, options: { topics: { numbers: topic } } }, async (app) => {
      await app.until('it has failed', () => app.consumers.getStats().state === 'failed');
      expect(await app.statuses()).toEqual([503, 503, 503]);
      for (const endpoint of ['started', 'live', 'ready'] as const) expect((await app.get(endpoint)).kafka.reason).toContain('INVALID_SESSION_TIMEOUT');
    });
  });

  it('of as many abandoned handlers as the concurrency: not live until one of them ends', async () => {
    const [topic, groupId, gate] = [await createTopic('numbers'), unique('group'), new Gate()];
    const handler = numbers(() => gate.pass(), { timeoutMs: 100, abortGraceMs: 50, retry: { retries: 0 }, onExhausted: 'skip' });
    await withHealth({ providers: [handler], consumer: { groupId, concurrency: 2 }, options: { topics: { numbers: topic } } }, async (app) => {
      await app.untilReady();
      await produce(topic, 0, records(1));
      await app.until('one is abandoned', () => app.consumers.getStats().abandonedCount === 1);
      expect(await app.statuses()).toEqual([200, 200, 200]);
      await produce(topic, 0, records(1));
      await app.until('both are abandoned', () => app.consumers.getStats().abandonedCount === 2);
      const { status, kafka } = await app.get('live');
      expect(status).toBe(503);
      expect(kafka.reason).toBe(`group ${groupId}: 2 handlers ignored their abort signal and still run, as many as the concurrency: nothing starts`);
      gate.open();
      await app.until('they have ended', async () => (await app.get('live')).status === 200);
    });
  });

  it('of a group that is behind: ready up to its limit, and live whatever it is', async () => {
    const [topic, groupId, gate] = [await createTopic('numbers'), unique('group'), new Gate()];
    await produce(topic, 0, records(5));
    await withHealth({ providers: [numbers(() => gate.pass())], consumer: { groupId }, options: { topics: { numbers: topic } } }, async (app) => {
      await app.until('all are in flight', () => app.consumers.getStats().inFlight === 5);
      expect((await app.get('ready', { maxLag: 5 })).status).toBe(200);
      const { status, kafka } = await app.get('ready', { maxLag: 4 });
      expect([status, kafka.reason]).toEqual([503, `group ${groupId} is 5 records behind, more than 4`]);
      expect(kafka.groups[groupId].lag).toBe(5);
      expect(await app.statuses()).toEqual([200, 200, 200]);
      gate.open();
      await app.until('nothing is left', async () => (await app.get('ready', { maxLag: 0 })).status === 200);
    });
  });

  it('of several groups and connections: all of them, or those that are asked for', async () => {
    const [topic, fine, idle, second] = [await createTopic('numbers'), unique('fine'), unique('idle'), unique('second')];
    const secondConnection = KafkaManyThreadsModule.forRoot({ name: 'second', client: { brokers: testBrokers() }, groups: [quickGroup(second), quickGroup(fine)], logger: new LinesLogger() });
    const setup = { providers: [numbers(() => undefined)], consumer: { groupId: fine }, options: { topics: { numbers: topic }, groups: [quickGroup(idle)] }, imports: [secondConnection] };
    await withHealth(setup, async (app) => {
      await app.untilReady();
      expect(Object.keys((await app.get('ready')).kafka.groups).sort()).toEqual([`default/${fine}`, idle, second, `second/${fine}`].sort());
      await app.consumers.stop(idle);
      expect(await app.statuses()).toEqual([200, 200, 503]);
      expect(await app.statuses({ groups: fine })).toEqual([200, 200, 200]);
      expect(await app.statuses({ connection: 'second' })).toEqual([200, 200, 200]);
      expect((await app.get('ready', { connection: 'second', groups: second })).kafka.groups).toEqual({ [second]: { state: 'running', lag: 0, partitions: 0 } });
    });
  });

  it('of what does not exist, and with limits that are none, is an error of the endpoint', async () => {
    const topic = await createTopic('numbers');
    await withHealth({ providers: [numbers(() => undefined)], options: { topics: { numbers: topic } } }, async (app) => {
      expect(await app.statuses({ groups: 'nobody' })).toEqual([500, 500, 500]);
      expect(await app.statuses({ connection: 'nowhere' })).toEqual([500, 500, 500]);
      expect((await app.get('live', { stuckMs: -1 })).status).toBe(500);
      expect((await app.get('live', { stalledMs: 'soon' })).status).toBe(500);
      expect((await app.get('ready', { maxLag: -1 })).status).toBe(500);
    });
  });
});

describe('the indicator', () => {
  it('works where TerminusModule is not imported, and says what is wrong with its options', async () => {
    const [topic, groupId] = [await createTopic('numbers'), unique('group')];
    const options = testOptions({ consumer: { groupId }, options: { topics: { numbers: topic }, autoStart: false } }, new LinesLogger());
    const module = await Test.createTestingModule({ imports: [KafkaManyThreadsModule.forRoot(options)], providers: [KafkaHealthIndicator, numbers(() => undefined)] }).compile();
    const app = module.createNestApplication({ logger: false });
    await app.init();
    const kafka = app.get(KafkaHealthIndicator);
    expect(kafka.isLive('kafka')).toEqual({ kafka: { status: 'up', groups: { [groupId]: { state: 'stopped', lag: 0, partitions: 0 } }, stuck: [] } });
    expect(() => kafka.isLive('kafka', { stuckMs: 0 })).toThrow('KafkaHealthIndicator.isLive: stuckMs: expected milliseconds above 0, got 0.');
    expect(() => kafka.isStarted('kafka', { groups: ['nobody'] })).toThrow(/KafkaHealthIndicator.isStarted: .*no group nobody/);
    expect(() => kafka.isLive('kafka', { groups: [] })).toThrow(/KafkaHealthIndicator.isLive: groups: expected a list/);
    await expect(kafka.isReady('kafka', { maxLag: NaN })).rejects.toThrow('KafkaHealthIndicator.isReady: maxLag');
    await app.close();
  });
});
