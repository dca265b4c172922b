import type { Contender } from './contender.js';
import type { Work } from './work.js';

/** No Kafka: so many endless chains of handlers, which is what Node's timers allow. */
export const timers: Contender = ({ concurrency }, work) => chains(concurrency, work);
/** One chain for each of ten keys. */
export const tenTimers: Contender = (_, work) => chains(10, work);

async function chains(count: number, work: Work): Promise<void> {
  const chain = async (): Promise<never> => {
    for (;;) await work(null);
  };
  await Promise.all(Array.from({ length: count }, chain));
}
