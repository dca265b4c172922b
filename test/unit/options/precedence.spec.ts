import { withPreset } from '../../../lib/options/group-options.js';
import { mergeHandlerOptions } from '../../../lib/options/handler-options.js';

/** preset < group < decorator < forRoot({ handlers }) */
describe('the options of a handler', () => {
  const group = withPreset({ groupId: 'shop', preset: 'oneAtATime', timeoutMs: 1, ack: 'manual', retry: { retries: 1, backoff: { initialMs: 10, factor: 3 } } });

  it('are those of the preset where nobody says anything, then of the group, the decorator, and the configuration', () => {
    expect(mergeHandlerOptions(group, {}, undefined).ordering).toBe('partition');
    expect(mergeHandlerOptions(withPreset({ ...group, preset: 'oneAtATime', ordering: 'key' }), {}, undefined).ordering).toBe('key');
    expect(mergeHandlerOptions(group, { timeoutMs: 2 }, undefined).timeoutMs).toBe(2);
    expect(mergeHandlerOptions(group, { timeoutMs: 2 }, { timeoutMs: 3 }).timeoutMs).toBe(3);
  });

  it('are merged field by field, nested ones as well', () => {
    const merged = mergeHandlerOptions(group, { retry: { retries: 5 }, concurrency: 9 }, { retry: { backoff: { initialMs: 20 } }, onExhausted: 'skip' });
    expect(merged).toEqual({
      ordering: 'partition',
      timeoutMs: 1,
      ack: 'manual',
      concurrency: 9,
      onExhausted: 'skip',
      retry: { retries: 5, backoff: { initialMs: 20, factor: 3 } },
    });
  });

  it('keep what an earlier layer says where a later one says undefined', () => {
    expect(mergeHandlerOptions(group, { timeoutMs: undefined, retry: undefined }, { retry: { retries: undefined } })).toMatchObject({ timeoutMs: 1, retry: { retries: 1 } });
  });
});
