import { EmbeddedKafka } from 'nestjs-kafka-many-threads/testing';
import { canInstallKcat } from '../../scripts/kafka/kcat-install.js';
import { javaTool, kcatTool, type RunClient } from '../support/other-clients.js';

/** Each tool is a process of its own; those of Java take some seconds to come up. */
jest.setTimeout(120_000);

const keysAndValues = Array.from({ length: 20 }, (_, index) => `key-${index}:value ${index}`);

describe('On the embedded broker', () => {
  let kafka: EmbeddedKafka;
  let brokers: string;
  beforeAll(async () => {
    kafka = await EmbeddedKafka.start({ brokers: 3 });
    brokers = kafka.brokers.join(',');
  });
  afterAll(() => kafka.stop());

  const stored = (topic: string) => kafka.records(topic).map(({ key, value }) => `${String(key)}:${String(value)}`).sort();

  describe("Kafka's own tools work:", () => {
    let produce: RunClient;
    let consume: RunClient;
    let groups: RunClient;
    beforeAll(async () => {
      produce = await javaTool('org.apache.kafka.tools.ConsoleProducer');
      consume = await javaTool('org.apache.kafka.tools.consumer.ConsoleConsumer');
      groups = await javaTool('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand');
      await kafka.createTopic('java', 3);
    });

    it.each(['none', 'zstd'])('the console producer writes what the console consumer reads, packed with %s', async codec => {
      const topic = `java-${codec}`;
      await kafka.createTopic(topic, 3);
      const parse = ['--property', 'parse.key=true', '--property', 'key.separator=:'];
      await produce(['--bootstrap-server', brokers, '--topic', topic, '--compression-codec', codec, ...parse], keysAndValues);
      const print = ['--property', 'print.key=true', '--property', 'key.separator=:'];
      const { lines } = await consume(['--bootstrap-server', brokers, '--topic', topic, '--from-beginning', '--max-messages', '20', '--timeout-ms', '30000', ...print]);
      expect([...lines].sort()).toEqual([...keysAndValues].sort());
    });

    it('kafka-consumer-groups lists a group, tells its lag, resets its offsets, and deletes it', async () => {
      await kafka.produce('java', [0, 1, 2].map(partition => ({ partition, value: `in ${partition}` })));
      await consume(['--bootstrap-server', brokers, '--topic', 'java', '--group', 'java-group', '--from-beginning', '--max-messages', '3', '--timeout-ms', '30000']);
      await kafka.produce('java', [{ partition: 1, value: 'one more' }]);
      const ask = async (...args: string[]) => (await groups(['--bootstrap-server', brokers, ...args])).lines.map(line => line.trim().split(/\s+/));
      expect(await ask('--list')).toContainEqual(['java-group']);
      const described = await ask('--describe', '--group', 'java-group');
      expect(described.filter(([group]) => group === 'java-group').map(row => row.slice(1, 6)).sort()).toEqual([
        ['java', '0', '1', '1', '0'],
        ['java', '1', '1', '2', '1'],
        ['java', '2', '1', '1', '0'],
      ]);
      await ask('--reset-offsets', '--group', 'java-group', '--topic', 'java:0', '--to-earliest', '--execute');
      expect(kafka.committed('java-group', 'java').map(({ partition, offset }) => [partition, offset])).toEqual([[0, 0], [1, 1], [2, 1]]);
      await ask('--delete-offsets', '--group', 'java-group', '--topic', 'java:2');
      expect(kafka.committed('java-group', 'java').map(({ partition }) => partition)).toEqual([0, 1]);
      await ask('--delete', '--group', 'java-group');
      expect(kafka.committed('java-group', 'java')).toEqual([]);
    });
  });

  // Without apt there is no kcat to be had without a compiler.
  (canInstallKcat() ? describe : describe.skip)('kcat of Debian works:', () => {
    let kcat: RunClient;
    beforeAll(async () => {
      const client = await kcatTool();
      kcat = (args, input) => client(['-b', brokers, ...args], input);
      await kafka.createTopic('kcat', 3);
    });

    it('lists brokers, topics and leaders', async () => {
      const { lines } = await kcat(['-L', '-t', 'kcat']);
      const shown = lines.map(line => line.trim());
      expect(shown).toContain('3 brokers:');
      expect(shown).toContain('topic "kcat" with 3 partitions:');
      expect(shown.filter(line => /^partition \d, leader \d/.test(line)).map(line => line.slice(0, 21)).sort()).toEqual(['partition 0, leader 1', 'partition 1, leader 2', 'partition 2, leader 3']);
    });

    it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('writes, idempotently, and reads back what it wrote, packed with %s', async codec => {
      const topic = `kcat-${codec}`;
      await kafka.createTopic(topic, 3);
      await kcat(['-P', '-t', topic, '-K:', '-z', codec, '-X', 'enable.idempotence=true'], keysAndValues);
      const { lines } = await kcat(['-C', '-t', topic, '-o', 'beginning', '-e', '-q', '-K:']);
      expect([...lines].sort()).toEqual([...keysAndValues].sort());
    });

    it('writes in a transaction, which others see when it is committed', async () => {
      await kafka.createTopic('kcat-transaction');
      await kcat(['-P', '-t', 'kcat-transaction', '-K:', '-X', 'transactional.id=kcat'], keysAndValues);
      expect(stored('kcat-transaction')).toEqual([...keysAndValues].sort());
      const { lines } = await kcat(['-C', '-t', 'kcat-transaction', '-o', 'beginning', '-e', '-q', '-K:', '-X', 'isolation.level=read_committed']);
      expect([...lines].sort()).toEqual([...keysAndValues].sort());
    });

    it('consumes as a member of a group, and commits', async () => {
      await kafka.produce('kcat', [0, 1, 2].map(partition => ({ partition, value: `in ${partition}` })));
      const { lines } = await kcat(['-G', 'kcat-group', '-e', '-q', '-X', 'auto.offset.reset=earliest', 'kcat']);
      expect([...lines].sort()).toEqual(['in 0', 'in 1', 'in 2']);
      expect(kafka.committed('kcat-group', 'kcat').map(({ offset }) => offset)).toEqual([1, 1, 1]);
    });

    it('finds an offset by time', async () => {
      await kafka.createTopic('kcat-times');
      await kafka.produce('kcat-times', [1_000, 2_000, 3_000].map(time => ({ value: String(time), timestamp: String(time) })));
      expect((await kcat(['-Q', '-t', 'kcat-times:0:1500'])).lines).toEqual(['kcat-times [0] offset 1']);
    });
  });
});
