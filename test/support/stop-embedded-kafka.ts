/** jest's global teardown of the project `embedded`. @throws where a request of a suite met a defect of the broker. */
export default async function stop(): Promise<void> {
  const { stopEmbeddedKafka } = globalThis as { stopEmbeddedKafka?: () => Promise<void> };
  await stopEmbeddedKafka?.();
}
