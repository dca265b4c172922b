import { type Outcome, simulate } from './simulate.js';

/** Leaves actions out, one after the other, as long as the same invariant breaks. Answers the numbers of those that are not needed. */
export async function shrink({ seed, actions, violation }: Outcome): Promise<ReadonlySet<number>> {
  let without: ReadonlySet<number> = new Set();
  for (let index = actions.length - 1; index >= 0; index--) {
    const fewer = new Set([...without, index]);
    const outcome = await simulate(seed, { without: fewer });
    if (outcome.violation?.invariant === violation?.invariant) without = fewer;
  }
  return without;
}

/** For people: what broke, what had happened before, and how to see it again. */
export function describeFailure({ seed, violation, actions, events }: Outcome, without: ReadonlySet<number>, lines: number): string {
  const needed = actions.flatMap((action, index) => (without.has(index) ? [] : [`  ${index}: ${JSON.stringify(action)}`]));
  const option = without.size === 0 ? '' : ` --without ${[...without].sort((a, b) => a - b).join(',')}`;
  return [
    ...events.slice(-lines),
    '',
    `seed ${seed} breaks "${violation?.invariant}" at ${violation?.atMs.toFixed(1)} ms: ${violation?.message}`,
    `what happens from outside (of ${actions.length} actions ${without.size} were not needed):`,
    ...needed,
    `again: npm run test:simulation -- --seed ${seed}${option} --verbose`,
  ].join('\n');
}
