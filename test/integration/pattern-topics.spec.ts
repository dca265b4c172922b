import { Injectable } from '@nestjs/common';
import { KafkaAmbiguousTopicError, type KafkaContext, KafkaHandler, type KafkaPartitions, OnPartitionsAssigned, OnPartitionsRevoked } from '../../lib/index.js';
import { Groups, records } from '../support/group-under-test.js';
import { createTopicNamed, eventually, produce, produceEach, unique, withAdmin } from '../support/kafka.js';
import { NestApp, withApp } from '../support/nest-app.js';

/** A part of topic names that no other test has, and a pattern for topics with it. */
const family = (): { name: string; pattern: RegExp } => {
  const name = unique('family');
  return { name, pattern: new RegExp(`^${name}\\.`) };
};
/** Looks for new topics every half second. */
const watchful = { kafkajs: { metadataMaxAge: 500 } };

describe('a handler with a pattern', () => {
  it('reads the topics that match, and no others', async () => {
    const { name, pattern } = family();
    const seen: string[] = [];
    @Injectable()
    class Handlers {
      @KafkaHandler(pattern)
      handle(value: number, { record: { topic } }: KafkaContext): void {
        seen.push(`${topic} ${value}`);
      }
    }
    const [eu, us, other] = [`${name}.eu`, `${name}.us`, `not-${name}.eu`];
    for (const topic of [eu, us, other]) {
      await createTopicNamed(topic, 2);
      await produceEach(topic, [0, 1], [{ value: '1' }]);
    }
    await withApp({ providers: [Handlers] }, async (app) => {
      await app.until('both topics are handled', () => seen.length === 4 && app.consumers.getStats().committedCount === 4);
      expect(seen.sort()).toEqual([`${eu} 1`, `${eu} 1`, `${us} 1`, `${us} 1`]);
      expect(app.consumers.getStats().partitions).toHaveLength(4);
      expect(app.logger.lines).toContain(`log Handlers.handle: ${String(pattern)} matches ${eu}, ${us}`);
    });
  });

  it('reads a topic that is created while it runs, from its first record on, also where fromBeginning is off; what it had stays', async () => {
    const { name, pattern } = family();
    const seen: string[] = [];
    const hooks: string[] = [];
    @Injectable()
    class Handlers {
      @KafkaHandler(pattern)
      handle(_: unknown, { record: { topic, offset } }: KafkaContext): void {
        seen.push(`${topic}@${offset}`);
      }
      @OnPartitionsAssigned()
      assigned({ partitions }: KafkaPartitions): void {
        hooks.push(`assigned ${partitions.map(({ topic }) => topic).join()}`);
      }
      @OnPartitionsRevoked()
      revoked({ partitions, reason }: KafkaPartitions): void {
        hooks.push(`${reason} ${partitions.map(({ topic }) => topic).join()}`);
      }
    }
    const [old, young] = [`${name}.old`, `${name}.young`];
    await createTopicNamed(old);
    await produce(old, 0, records(3));
    await withApp({ providers: [Handlers], consumer: { fromBeginning: false, ...watchful } }, async (app) => {
      await app.until('it has the old one', () => hooks.length === 1);
      await createTopicNamed(young);
      await produce(young, 0, records(3));
      await app.until('the new one is handled', () => seen.length === 3);
      await produce(old, 0, records(1));
      await app.until('the old one goes on', () => seen.length === 4);
      expect(seen).toEqual([`${young}@0`, `${young}@1`, `${young}@2`, `${old}@3`]);
      expect(hooks).toEqual([`assigned ${old}`, `assigned ${young}`]);
    });
  });

  it('may match nothing at boot, which the log tells, whatever missingTopics says', async () => {
    const { name, pattern } = family();
    const seen: string[] = [];
    @Injectable()
    class Handlers {
      @KafkaHandler(pattern)
      handle(_: unknown, { record: { topic } }: KafkaContext): void {
        seen.push(topic);
      }
    }
    await withApp({ providers: [Handlers], consumer: watchful, options: { missingTopics: 'throw' } }, async (app) => {
      expect(app.logger.lines).toContain(`log Handlers.handle: ${String(pattern)} matches no topic yet`);
      await app.until('it is in its group', () => app.consumers.getStats().state === 'running');
      await createTopicNamed(`${name}.first`);
      await produce(`${name}.first`, 0, records(1));
      await app.until('the first topic is handled', () => seen.length === 1);
    });
  });

  it("never reads Kafka's own topics", async () => {
    @Injectable()
    class Handlers {
      @KafkaHandler(/offsets$/)
      handle(): void {}
    }
    await withApp({ providers: [Handlers] }, async (app) => {
      await app.until('it is in its group', () => app.consumers.getStats().state === 'running');
      expect(await withAdmin((admin) => admin.listTopics())).toContain('__consumer_offsets');
      expect(app.consumers.getStats().partitions.filter(({ topic }) => topic.startsWith('__'))).toEqual([]);
    });
  });

  it('goes on with the rest where a topic is deleted, and begins anew where it is created again', async () => {
    const { name, pattern } = family();
    const seen: string[] = [];
    @Injectable()
    class Handlers {
      @KafkaHandler(pattern)
      handle(value: string, { record: { topic } }: KafkaContext): void {
        seen.push(`${topic} ${value}`);
      }
    }
    const [kept, gone] = [`${name}.kept`, `${name}.gone`];
    for (const topic of [kept, gone]) await createTopicNamed(topic);
    await withApp({ providers: [Handlers], consumer: { ...watchful, fromBeginning: false }, options: { codec: 'string' } }, async (app) => {
      const read = (): string[] => app.consumers.getStats().partitions.map(({ topic }) => topic).sort();
      await app.until('it has both', () => read().length === 2);
      await withAdmin((admin) => admin.deleteTopics({ topics: [gone] }));
      await app.until('one is gone', () => read().length === 1);
      await produce(kept, 0, [{ value: 'kept' }]);
      await app.until('the rest goes on', () => seen.length === 1);
      await createTopicNamed(gone);
      await produce(gone, 0, [{ value: 'again' }]);
      await app.until('it is read again', () => seen.length === 2);
      expect(seen).toEqual([`${kept} kept`, `${gone} again`]);
    });
  });

  it('does not boot where the pattern of another finds the same topic; where one comes later, nobody reads that one', async () => {
    const { name, pattern } = family();
    const seen: string[] = [];
    @Injectable()
    class Handlers {
      @KafkaHandler(pattern)
      all(_: unknown, { record: { topic } }: KafkaContext): void {
        seen.push(topic);
      }
      @KafkaHandler(/\.eu$/)
      europe(_: unknown, { record: { topic } }: KafkaContext): void {
        seen.push(topic);
      }
    }
    const [eu, us] = [`${name}.eu`, `${name}.us`];
    await createTopicNamed(us);
    await withApp({ providers: [Handlers], consumer: watchful }, async (app) => {
      await createTopicNamed(eu);
      const complaints = (): string[] => app.logger.lines.filter((line) => line.startsWith('error'));
      await app.until('it complains', () => complaints().length > 0);
      await produce(us, 0, records(1));
      await app.until('the rest goes on', () => seen.includes(us));
      expect(complaints()).toEqual([expect.stringContaining(`KafkaAmbiguousTopicError: Topic ${eu} is matched by patterns of Handlers.all and Handlers.europe`)]);
      expect(app.consumers.getStats().partitions.map(({ topic }) => topic)).not.toContain(eu);
    });
    const boot = NestApp.boot({ providers: [Handlers] });
    await expect(boot).rejects.toThrow(KafkaAmbiguousTopicError);
    await expect(boot).rejects.toThrow('Narrow one of the patterns');
  });

  it('has options of its own in `handlers`, under its text', async () => {
    const { name, pattern } = family();
    await createTopicNamed(`${name}.x`);
    await produce(`${name}.x`, 0, [{ value: 'no JSON' }]);
    const seen: unknown[] = [];
    @Injectable()
    class Handlers {
      @KafkaHandler(pattern)
      handle(value: unknown): void {
        seen.push(value);
      }
    }
    await withApp({ providers: [Handlers], options: { handlers: { [String(pattern)]: { codec: 'string' } } } }, async (app) => {
      await app.until('it is handled', () => seen.length === 1);
      expect(seen).toEqual(['no JSON']);
    });
  });
});

describe('members of a group with different patterns', () => {
  const groups = new Groups();
  afterEach(() => groups.stopAll());

  it('get what theirs find; where one sees a new topic the others look, too, so that it costs one rebalance', async () => {
    const { name } = family();
    const [a, b, c] = [`${name}.a`, `${name}.b`, `${name}.c`];
    for (const topic of [a, b]) await createTopicNamed(topic, 2);
    const groupId = unique('group');
    const start = (pattern: string, metadataMaxAgeMs: number): ReturnType<Groups['start']> =>
      groups.start({ groupId, options: { metadataMaxAgeMs }, topics: [], patterns: [new RegExp(pattern)], handle: () => undefined });
    const lazy = await start(`^${name}`, 300_000);
    const watchful = await start(`^${name}\\.[bc]`, 500);
    const show = (): unknown => [lazy.stats, watchful.stats];
    const topicsOf = (group: typeof lazy): string[] => group.stats.partitions.map(({ topic }) => topic).sort();
    const isSettled = (): boolean => [lazy, watchful].every(({ consumer }) => consumer.state === 'running');
    await eventually(() => isSettled() && topicsOf(watchful).join() === [b, b].join(), { what: 'each has its topic', show });
    expect(topicsOf(lazy)).toEqual([a, a]);
    const before = [lazy, watchful].map(({ stats }) => stats.rebalanceCount);
    await createTopicNamed(c, 2);
    await produceEach(c, [0, 1], records(5));
    await eventually(() => isSettled() && lazy.finished.length + watchful.finished.length === 10, { what: 'the new topic is handled', show });
    expect([topicsOf(lazy), topicsOf(watchful)]).toEqual([[a, a, c], [b, b, c]]);
    expect([lazy, watchful].map(({ stats }) => stats.rebalanceCount)).toEqual(before.map((count) => count + 1));
  });
});
