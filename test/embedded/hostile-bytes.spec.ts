import { connect } from 'node:net';
import { EmbeddedKafka } from 'nestjs-kafka-many-threads/testing';
import { fetch } from '../../lib/testing/broker/apis/fetch.js';
import { NO_UUID } from '../../lib/testing/broker/protocol/types.js';
import { batchOf, RawLog } from '../support/conformance/raw-log.js';
import { Draw, nextAttack } from '../support/hostile/attacks.js';
import { HostileClient } from '../support/hostile/hostile-client.js';
import { framed, recordedRequests } from '../support/hostile/recorded-requests.js';
import { eventually } from '../support/kafka.js';
import { RawClient } from '../support/raw-client.js';
import { seeded } from '../support/random.js';

/** HOSTILE_SECONDS=300 for a long run, HOSTILE_SEED for one that was seen to fail. */
const BUDGET_MS = Number(process.env['HOSTILE_SECONDS'] ?? 3) * 1_000;
const SEED = Number(process.env['HOSTILE_SEED'] ?? Date.now() % 1_000_000);
/** A round takes some milliseconds; attacks share the process with the broker. */
const LONGEST_ROUND_MS = 2_000;
const MOST_GROWTH_BYTES = 256 * 1024 * 1024;

jest.setTimeout(BUDGET_MS + 30_000);

const memory = (): number => {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

describe('Hostile bytes on the port of the embedded broker', () => {
  let kafka: EmbeddedKafka;
  let witness: RawLog;
  let hostile: HostileClient;
  beforeEach(async () => {
    kafka = await EmbeddedKafka.start({ topics: [{ name: 'witness' }] });
    witness = await RawLog.connect(kafka.brokers[0], 'witness');
    hostile = new HostileClient(Number(kafka.brokers[0].split(':')[1]));
  });
  // Whoever stops a broker is told of the defects that requests have met.
  afterEach(async () => {
    hostile.close();
    witness.close();
    await kafka.stop();
  });

  it(`neither stop it nor hold up others, nor fill its memory (seed ${SEED})`, async () => {
    const draw = new Draw(seeded(SEED));
    const recorded = await recordedRequests(kafka.brokers);
    const before = memory();
    for (const everyMs of [1, 7, 50]) await hostile.drip(draw.of(recorded), everyMs);
    const until = performance.now() + BUDGET_MS;
    for (let round = 0; performance.now() < until; round++) {
      const attacks = Array.from({ length: 24 }, () => nextAttack(draw, recorded));
      const started = performance.now();
      await Promise.all(attacks.map(attack => hostile.strike(attack)));
      const written = await witness.produce(batchOf([`round ${round}`]));
      const read = await witness.fetch(round);
      const seen = { error: written.error, baseOffset: written.baseOffset, read: read.error, tookTooLong: performance.now() - started > LONGEST_ROUND_MS, grewTooMuch: memory() - before > MOST_GROWTH_BYTES };
      if (seen.baseOffset !== round || seen.read !== 'NONE' || seen.tookTooLong || seen.grewTooMuch) {
        throw new Error(`Seed ${SEED}, round ${round}: ${JSON.stringify(seen)} after ${attacks.map(({ kind, bytes }) => `${kind} ${bytes.toString('hex', 0, 300)}`).join('\n')}`);
      }
    }
    expect(kafka.records('witness').length).toBeGreaterThan(BUDGET_MS / 1_000);
  });

  it.each([
    ['nothing else', framed(Buffer.alloc(0), 0x7fff_ffff)],
    ['a negative length', framed(Buffer.alloc(0), -1)],
    ['one byte more than Kafka takes', framed(Buffer.alloc(0), 104_857_601)],
    ['a request that no API has', framed(Buffer.from('7fff000000000001ffff', 'hex'))],
    ['a request without a header', framed(Buffer.from('00', 'hex'))],
  ])('cut the connection that sends them, and no other: %s', async (_, bytes) => {
    const socket = connect(Number(kafka.brokers[0].split(':')[1]), '127.0.0.1');
    const closed = new Promise<void>(resolve => socket.on('error', () => undefined).once('close', () => resolve()));
    socket.write(bytes);
    await closed;
    expect((await witness.produce(batchOf(['still here']))).error).toBe('NONE');
  });

  it('do not pile up answers for who does not read them', async () => {
    const large = Buffer.alloc(900_000);
    for (let batch = 0; batch < 20; batch++) await kafka.produce('witness', [{ value: large }]);
    const deaf = await RawClient.connect(kafka.brokers[0]);
    deaf.socket.pause();
    const before = memory();
    const partitions = [{ index: 0, currentLeaderEpoch: -1, fetchOffset: 0, lastFetchedEpoch: -1, logStartOffset: -1, maxBytes: 50_000_000 }];
    const request = { replicaId: -1, maxWaitMs: 0, minBytes: 1, maxBytes: 50_000_000, isolationLevel: 0, sessionId: 0, sessionEpoch: -1, rackId: '', forgottenTopics: [], topics: [{ name: 'witness', topicId: NO_UUID, partitions }] };
    const fetches = 200;
    for (let sent = 0; sent < fetches; sent++) deaf.send(fetch, 11, request);
    await eventually(() => kafka.requests('Fetch').length > 0, { what: 'the first fetch has come' });
    for (let look = 0; look < 20; look++) expect((await witness.fetch(0, { partitionMaxBytes: 1 })).error).toBe('NONE');
    expect(kafka.requests('Fetch').filter(({ clientId }) => clientId === 'raw').length).toBeLessThan(fetches / 10);
    expect(memory() - before).toBeLessThan(100_000_000);
    deaf.close();
  });
});
