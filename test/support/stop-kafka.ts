/** jest's global teardown of the integration project. */
export default async function stop(): Promise<void> {
  const { stopTestKafka } = globalThis as { stopTestKafka?: () => Promise<void> };
  await stopTestKafka?.();
}
