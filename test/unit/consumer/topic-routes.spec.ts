import type { HandlerQueue } from '../../../lib/engine/handler-queue.js';
import { type KafkaAmbiguousTopicError } from '../../../lib/consumer/errors.js';
import { TopicRoutes } from '../../../lib/consumer/topic-routes.js';

/** Handlers by their names, each with what it reads. */
function setUp(reads: Readonly<Record<string, readonly (string | RegExp)[]>>) {
  const ambiguous: KafkaAmbiguousTopicError[] = [];
  const routes = new TopicRoutes(
    Object.entries(reads).map(([name, topics]) => ({
      handler: { handler: { name } } as HandlerQueue,
      topics: topics.filter((topic) => typeof topic === 'string'),
      patterns: topics.filter((topic) => topic instanceof RegExp),
    })),
    { groupId: 'shop', isReserved: (topic) => topic.startsWith('__'), ambiguous: (error) => ambiguous.push(error) },
  );
  const reader = (topic: string): string | undefined => routes.get(topic)?.handler.name;
  return { routes, reader, ambiguous };
}

describe('routes', () => {
  it('lead a topic to the handler that names it, or whose pattern finds it', () => {
    const { routes, reader } = setUp({ A: ['orders', 'returns'], B: [/^pay/, /^inv/], C: [/eu$/] });
    expect(['orders', 'returns', 'payments', 'invoices', 'logs.eu', 'logs', 'a.orders'].map(reader)).toEqual(['A', 'A', 'B', 'B', 'C', undefined, undefined]);
    expect(routes.named).toEqual(['orders', 'returns']);
    expect([routes.hasPatterns, routes.has('logs.eu'), routes.has('logs')]).toEqual([true, true, false]);
  });

  it("never lead one of Kafka's own to a pattern, but to who names it", () => {
    const { reader } = setUp({ A: [/.*/], B: ['__consumer_offsets'] });
    expect(['__transaction_state', '__consumer_offsets', '_schemas'].map(reader)).toEqual([undefined, 'B', 'A']);
  });

  it('find the same each time, whatever flags a pattern has', () => {
    const { reader } = setUp({ A: [/orders/g], B: [/pay/y], C: [/LOGS/i] });
    for (let look = 0; look < 3; look++) {
      expect(['my.orders', 'orders.eu', 'payments', 'my.payments', 'logs'].map(reader)).toEqual(['A', 'A', 'B', undefined, 'C']);
    }
  });

  it('lead nowhere where two handlers have patterns for a topic, and say so; two patterns of one handler are fine', () => {
    const { reader, ambiguous } = setUp({ A: [/^orders/, /eu$/], B: [/us$/] });
    expect([reader('orders.eu'), reader('orders.us')]).toEqual(['A', undefined]);
    expect(ambiguous.map(({ message }) => message)).toEqual([expect.stringContaining('Topic orders.us is matched by patterns of A and B, all of group shop')]);
  });

  it('say in a line for each pattern what it has found, and not more than a line holds', () => {
    const { routes } = setUp({ A: [/^a/, /^b/], B: [/^n\d/], C: ['c'] });
    const many = Array.from({ length: 23 }, (_, index) => `n${index}`);
    const [a, b, n, ...more] = routes.describe(['a2', 'a1', 'c', ...many]);
    expect([a, b, more]).toEqual(['A: /^a/ matches a1, a2', 'A: /^b/ matches no topic yet', []]);
    expect(n).toMatch(/^B: \/\^n\\d\/ matches n0, n1, n10, .*, n6 and 3 more$/);
  });
});
