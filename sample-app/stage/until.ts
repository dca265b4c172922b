import { setTimeout as delay } from 'node:timers/promises';
import type { Stage } from './stage.js';

/** Looks every 100 ms until the condition holds; the stage's time limit is the deadline. */
export async function until({ signal }: Stage, condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(100, undefined, { signal });
}
