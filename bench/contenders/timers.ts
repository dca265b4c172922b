import type { Contender } from './contender.js';

/** No Kafka: so many endless chains of handlers, which is what Node's timers allow. */
export const timers: Contender = async ({ concurrency }, work) => {
  const chain = async (): Promise<never> => {
    for (;;) await work(null);
  };
  await Promise.all(Array.from({ length: concurrency }, chain));
};
