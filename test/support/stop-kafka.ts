/** jest's global teardown of the projects that need Kafka; each of them calls it, the first one stops it. */
export default async function stop(): Promise<void> {
  const shared = globalThis as { stopTestKafka?: () => Promise<void> };
  const { stopTestKafka } = shared;
  delete shared.stopTestKafka;
  await stopTestKafka?.();
}
