import { retryPolicy } from '../../../lib/options/retry-policy.js';

describe('the retry policy', () => {
  const reported: string[] = [];
  const report = (what: string): number => reported.push(what);
  afterEach(() => reported.splice(0));

  it('is by default three retries after 100 ms doubling to 30 s, each a random share of that', () => {
    const { retries, delayMs, retryable } = retryPolicy({}, report);
    expect(retries).toBe(3);
    expect(retryable(new Error('any'))).toBe(true);
    for (const [retry, mostMs] of [[1, 100], [2, 200], [3, 400], [9, 25_600], [10, 30_000], [2000, 30_000]]) {
      const delays = Array.from({ length: 200 }, () => delayMs(retry, null));
      expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...delays)).toBeLessThanOrEqual(mostMs);
      expect(Math.max(...delays)).toBeGreaterThan(0.8 * mostMs);
    }
  });

  it('takes −1 for ever', () => {
    expect(retryPolicy({ retries: -1 }, report).retries).toBe(Infinity);
  });

  it('takes a fixed delay, an exponential one without jitter, and a function', () => {
    expect(retryPolicy({ backoff: 250 }, report).delayMs(5, null)).toBe(250);
    const exponential = retryPolicy({ backoff: { initialMs: 10, factor: 3, maxMs: 100, jitter: false } }, report);
    expect([1, 2, 3, 4].map((retry) => exponential.delayMs(retry, null))).toEqual([10, 30, 90, 100]);
    expect(retryPolicy({ backoff: (retry, error) => retry * Number(error) }, report).delayMs(3, 7)).toBe(21);
  });

  it.each([NaN, -1, Infinity, '50', null, Promise.resolve(50)])('takes the default where the function answers %p', (wished) => {
    const delay = retryPolicy({ backoff: () => wished as number }, report).delayMs(1, null);
    expect(typeof delay).toBe('number');
    expect(delay).toBeGreaterThanOrEqual(0);
    expect(delay).toBeLessThanOrEqual(100);
  });

  it('retries with the default delay, and says so, where functions of the application throw', () => {
    const fail = (): never => {
      throw new Error('of the application');
    };
    const policy = retryPolicy({ backoff: fail, retryable: fail }, report);
    expect(policy.retryable('error')).toBe(true);
    expect(policy.delayMs(1, null)).toBeLessThanOrEqual(100);
    expect(reported).toEqual(['retry.retryable', 'retry.backoff']);
  });
});
