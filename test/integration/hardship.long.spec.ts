import { createServer, connect as connectTcp, type AddressInfo, type Server } from 'node:net';
import { Injectable } from '@nestjs/common';
import { KafkaHandler, OnPartitionsAssigned, OnPartitionsRevoked } from '../../lib/index.js';
import { committed, Gate, Groups, records, withGroup } from '../support/group-under-test.js';
import { createTopic, createTopicNamed, eventually, produce, testBrokers, unique, withAdmin } from '../support/kafka.js';
import { NestApp, withApp } from '../support/nest-app.js';

@Injectable()
class Reader {
  @KafkaHandler('in')
  handle(): void {}
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** From now on the broker of the tests answers at this port, too. */
async function openDoor(port: number): Promise<Server> {
  const [host, target] = testBrokers()[0].split(':');
  const server = createServer((socket) => {
    const broker = connectTcp(Number(target), host);
    socket.pipe(broker).pipe(socket);
    for (const end of [socket, broker]) end.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}

describe("startFailure: 'retry'", () => {
  it('consumes as soon as the broker is there', async () => {
    const topic = await createTopic('late');
    await produce(topic, 0, records(3));
    const port = await freePort();
    const client = { brokers: [`127.0.0.1:${port}`], retry: { retries: 0 }, connectionTimeout: 300 };
    let door: Server | null = null;
    try {
      await withApp({ providers: [Reader], options: { client, startFailure: 'retry', topics: { in: topic } } }, async (app) => {
        expect(app.consumers.getStats().state).toBe('starting');
        door = await openDoor(port);
        await app.until('all are handled', () => app.consumers.getStats().processedCount === 3);
        expect(app.consumers.getStats().state).toBe('running');
      });
    } finally {
      (door as Server | null)?.close();
    }
  });

  it('says "failed" where the broker then has no such topic', async () => {
    const port = await freePort();
    const client = { brokers: [`127.0.0.1:${port}`], retry: { retries: 0 }, connectionTimeout: 300 };
    let door: Server | null = null;
    try {
      await withApp({ providers: [Reader], options: { client, startFailure: 'retry', topics: { in: unique('missing') } } }, async (app) => {
        door = await openDoor(port);
        await app.until('it has failed', () => app.consumers.getStats().state === 'failed');
        expect(app.logger.lines.at(-1)).toMatch(/does not start: KafkaMissingTopicError/);
      });
    } finally {
      (door as Server | null)?.close();
    }
  });

  it('is over with a stop, without a word of failure', async () => {
    const client = { brokers: ['127.0.0.1:1'], retry: { retries: 5, initialRetryTime: 100 }, connectionTimeout: 300 };
    const app = await NestApp.boot({ providers: [Reader], options: { client, startFailure: 'retry', autoStart: false } });
    const started = app.consumers.start().catch((error: unknown) => error);
    await app.until('it connects', () => app.consumers.getStats().state === 'starting');
    await app.app.close();
    await started;
    expect(app.consumers.getStats().state).toBe('stopped');
    expect(app.logger.lines.filter((line) => line.startsWith('error'))).toEqual([]);
  });
});

describe('a topic', () => {
  it('that is deleted and made anew while the group runs is consumed again, from its start', async () => {
    const topic = await createTopic('anew', 2);
    await produce(topic, 0, records(5));
    const options = { metadataMaxAgeMs: 300, commit: { strategy: 'auto', intervalMs: 60_000, records: 1000, offsetMap: true } } as const;
    await withGroup({ groupId: unique('group'), topics: [topic], handle: () => undefined, options }, async (group) => {
      await group.until('the first are handled', () => group.finished.length === 5);
      await withAdmin((admin) => admin.deleteTopics({ topics: [topic] }));
      await group.until('the group has noticed', () => group.stats.partitions.length === 0);
      await createTopicNamed(topic, 2);
      await eventually(async () => (await produce(topic, 0, records(7))) >= 0n, { what: 'it takes records' });
      await group.until('the new ones are handled', () => group.finished.length === 12);
      expect(group.offsets(group.finished)).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 6]);
      expect(group.consumer.state).toBe('running');
    });
  }, 60_000);
});

describe('the statistics of a group', () => {
  it('are what the broker says', async () => {
    const topic = await createTopic('stats', 2);
    const groupId = unique('group');
    await produce(topic, 0, records(10));
    await produce(topic, 1, records(4));
    const gate = new Gate();
    const handle = ({ partition, offset }: { partition: number; offset: number }): unknown => (partition === 0 && offset === 3 ? gate.pass() : undefined);
    await withGroup({ groupId, topics: [topic], handle }, async (group) => {
      await group.until('all but one are done and committed', async () => {
        const { processedCount, partitions } = group.stats;
        return processedCount === 13 && partitions.every(({ committedOffset, committableOffset }) => committedOffset === committableOffset);
      });
      const [first, second] = [...group.stats.partitions].sort((a, b) => a.partition - b.partition);
      expect((await committed(groupId, topic)).map(({ offset }) => offset)).toEqual([first.committedOffset, second.committedOffset]);
      expect(first).toMatchObject({ committedOffset: 3, committableOffset: 3, highestReceivedOffset: 9, pendingCount: 1, completedAheadCount: 6, oldestPendingOffset: 3, lag: 7, paused: false });
      expect(second).toMatchObject({ committedOffset: 4, committableOffset: 4, highestReceivedOffset: 3, pendingCount: 0, completedAheadCount: 0, oldestPendingOffset: null, oldestPendingAgeMs: null, lag: 0 });
      const age = first.oldestPendingAgeMs ?? 0;
      await group.until('it grows older', () => (group.stats.partitions.find(({ partition }) => partition === 0)?.oldestPendingAgeMs ?? 0) >= age + 50);
      expect(group.stats).toMatchObject({ consumedCount: 14, committedCount: 7, inFlight: 1, buffered: 1, duplicatesDropped: 0, rebalanceCount: 1 });
      const ends = await withAdmin((admin) => admin.fetchTopicOffsets(topic));
      expect(ends.map(({ partition, high }) => [partition, Number(high)]).sort()).toEqual([[0, 10], [1, 4]]);
      gate.open();
      await group.until('all is committed', () => group.stats.committedCount === 14);
    });
  });
});

describe('hooks that never end', () => {
  it('hold back their partitions and not the stop', async () => {
    const topic = await createTopic('hang');
    await produce(topic, 0, records(1));
    let isAsked = false;
    @Injectable()
    class Hanging extends Reader {
      @OnPartitionsAssigned()
      assigned(): Promise<void> {
        isAsked = true;
        return new Promise(() => {});
      }
      @OnPartitionsRevoked()
      revoked(): Promise<void> {
        return new Promise(() => {});
      }
    }
    const app = await NestApp.boot({ providers: [Hanging], options: { topics: { in: topic }, shutdownTimeoutMs: 500 }, });
    await app.until('the hook is called', () => isAsked);
    expect(app.consumers.getStats().processedCount).toBe(0);
    await app.app.close();
    expect(app.consumers.getStats()).toMatchObject({ state: 'stopped', memberIds: [] });
    expect(app.logger.lines.join()).toMatch(/The hooks of hang-\w+\/0 have not ended within 6000 ms/);
  });

  it('hold back a partition that moves for as long as a drain may take, and no longer', async () => {
    const [topic, groupId] = [await createTopic('move', 2), unique('group')];
    const groups = new Groups();
    try {
      const options = { rebalance: { protocol: 'cooperative', assignment: 'sticky', drainTimeoutMs: 500 } } as const;
      await groups.start({ groupId, topics: [topic], handle: () => undefined, options, hooks: { revoked: () => new Promise(() => {}) } });
      const second = await groups.start({ groupId, topics: [topic], handle: () => undefined, options });
      await second.until('it has its share', () => second.stats.partitions.length === 1, 25_000);
    } finally {
      await groups.stopAll();
    }
  }, 60_000);
});

describe('two applications in one process', () => {
  it('share a group, and closing one leaves all to the other', async () => {
    const topic = await createTopic('twins', 2);
    const setup = { providers: [Reader], options: { topics: { in: topic } }, consumer: { groupId: unique('group; "odd" ünïcode/☃') } };
    await withApp(setup, async (one) => {
      await withApp(setup, async (two) => {
        await one.until('both have one', () => [one, two].every((app) => app.consumers.getStats().partitions.length === 1));
      });
      await one.until('it has both', () => one.consumers.getStats().partitions.length === 2);
    });
  });

  it('an application that is closed while it boots does not boot, and leaves nothing behind', async () => {
    const topic = await createTopic('early');
    const app = await NestApp.boot({ providers: [Reader], options: { topics: { in: topic }, autoStart: false } });
    const starting = app.consumers.start();
    await app.app.close();
    await starting.catch((error: unknown) => expect(String(error)).toContain('was stopped'));
    expect(app.consumers.getStats()).toMatchObject({ state: 'stopped', memberIds: [] });
  });
});
