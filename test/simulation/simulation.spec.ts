import { simulate } from './simulate.js';

describe('a simulated group', () => {
  it('keeps every invariant over a few seeds', async () => {
    const untilMs = performance.now() + 1500;
    let seeds = 0;
    for (let seed = 1; seed <= 40 && performance.now() < untilMs; seed++, seeds++) expect((await simulate(seed)).violation).toBeNull();
    expect(seeds).toBeGreaterThan(0);
  });

  it('lives a seed the same way every time', async () => {
    for (const seed of [2, 3, 5, 8]) {
      const [first, second] = [await simulate(seed), await simulate(seed)];
      expect(second.digest).toBe(first.digest);
      expect(second.steps).toBe(first.steps);
    }
    expect((await simulate(2)).digest).not.toBe((await simulate(3)).digest);
  });
});
