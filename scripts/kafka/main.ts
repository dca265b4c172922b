/** `npm run kafka [-- --brokers 3]`: a Kafka in the foreground, until Ctrl-C. */
import { parseArgs } from 'node:util';
import { startKafka } from './start-kafka.js';

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { brokers: { type: 'string', default: '1' } } });
  if (values.brokers !== '1' && values.brokers !== '3') throw new Error(`--brokers ${values.brokers}: expected 1 or 3.`);
  const ended = new Promise<void>(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  const cluster = await startKafka({ brokers: values.brokers === '3' ? 3 : 1 });
  process.stdout.write(`KAFKA_BROKERS=${cluster.brokers.join(',')}\nCtrl-C stops it and removes its data.\n`);
  // A pending promise alone does not keep Node running.
  const running = setInterval(() => undefined, 60_000);
  await ended;
  clearInterval(running);
  await cluster.stop();
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
