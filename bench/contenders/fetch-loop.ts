import { kafkajsWire } from '../../lib/kafkajs/kafkajs-wire.js';
import type { Contender } from './contender.js';
import { silent } from './silent-log.js';

/** Our wire without an engine: no order, no slots, no commits. What an engine could reach that costs nothing. */
export const fetchLoop: Contender = async ({ brokers, groupId, topic }, work) => {
  const wire = kafkajsWire({ client: { clientId: 'bench', brokers: [...brokers] }, groupId, sessionTimeoutMs: 15_000, log: silent })();
  await wire.connect();
  const found = (await wire.metadata([topic])).get(topic);
  if (found === undefined) throw new Error(`${topic} does not exist`);
  const leader = found.partitions[0].leader ?? 0;
  const next = new Map(found.partitions.map(({ partition }) => [partition, 0]));
  for (;;) {
    const positions = [...next].map(([partition, offset]) => ({ topic, partition, offset }));
    const fetched = await wire.fetch({ leader, maxWaitMs: 250, minBytes: 1, maxBytes: 10_485_760, maxBytesPerPartition: 1_048_576, isolation: 'read_committed', positions });
    for (const { partition, chunk } of fetched) {
      if (chunk === null) continue;
      next.set(partition, chunk.to);
      for (let index = 0; index < chunk.count; index++) work(chunk.value(index));
    }
  }
};
