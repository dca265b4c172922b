import { setImmediate as nextTurn } from 'node:timers/promises';
import { outgoingRecords } from '../../../lib/runner/outgoing-records.js';

const unhandled: unknown[] = [];
const note = (error: unknown): void => void unhandled.push(error);
beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', note);
});
afterEach(() => void process.off('unhandledRejection', note));

/** Throws at once for some values, and rejects later for others, as codecs do that ask a registry for schemas. */
const encode = (value: unknown): Promise<Buffer> => {
  if (value === 'throws') throw new Error('no schema');
  return value === 'rejects' ? Promise.reject(new Error('no registry')) : Promise.resolve(Buffer.from(String(value)));
};

describe('a call whose messages do not all encode', () => {
  test('fails with the message that is wrong at once, and leaves no rejection of the others behind, which would end the process', async () => {
    expect(() => outgoingRecords('t', [{ value: 'rejects' }, { value: 'throws' }], encode, 'mine')).toThrow(/number 1 of its call.*no schema/);
    expect(() => outgoingRecords('t', [{ value: 'rejects' }, { value: null, key: 5 as never }], encode, 'mine')).toThrow(/number 1 of its call.*its key/);
    await nextTurn();
    expect(unhandled).toEqual([]);
  });

  test('rejects with the first that fails later', async () => {
    await expect(outgoingRecords('t', [{ value: 'a' }, { value: 'rejects' }, { value: 'rejects' }], encode, 'mine')).rejects.toThrow(/number 1 of its call.*no registry/);
    await nextTurn();
    expect(unhandled).toEqual([]);
  });
});
