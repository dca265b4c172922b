import { classify } from '../../../lib/discovery/handler-invocation.js';
import { KafkaBatchException, KafkaDeadLetterException, KafkaDecodeError, KafkaRetryException, KafkaSkipException } from '../../../lib/index.js';

describe('what a handler throws', () => {
  it('asks for another attempt, for none, or for completion', () => {
    expect(classify(new KafkaRetryException(new Error('busy'), 250))).toMatchObject({ kind: 'retry', delayMs: 250 });
    expect(classify(new KafkaRetryException())).toMatchObject({ kind: 'retry', delayMs: undefined });
    for (const delayMs of [NaN, -1, Infinity, '250']) expect(classify(new KafkaRetryException('busy', delayMs as number))).toMatchObject({ kind: 'retry', delayMs: undefined });
    expect(classify(new KafkaSkipException('not ours')).kind).toBe('skip');
    expect(classify(new KafkaDeadLetterException('broken')).kind).toBe('exhausted');
    expect(classify(new KafkaDecodeError('t', 0, 1, 'json', new Error('no'))).kind).toBe('exhausted');
    expect(classify('plain text')).toEqual({ kind: 'failed', error: 'plain text' });
  });

  it('keeps message and cause', () => {
    const cause = new Error('downstream is away');
    expect(new KafkaRetryException(cause)).toMatchObject({ name: 'KafkaRetryException', message: cause.message, cause });
    expect(new KafkaRetryException(Object.create(null)).message).toBe('something that has no text');
    expect(new KafkaBatchException([{ index: 1, error: cause }]).message).toBe('1 records of the batch failed');
  });

  it('is known from another copy of the package, and from subclasses, and those are not taken for each other', async () => {
    jest.resetModules();
    const copy = await import('../../../lib/index.js');
    expect(copy.KafkaSkipException).not.toBe(KafkaSkipException);
    const foreign: unknown = new copy.KafkaSkipException();
    expect(foreign).toBeInstanceOf(KafkaSkipException);
    expect(foreign).not.toBeInstanceOf(KafkaRetryException);
    class Busy extends KafkaRetryException {}
    class Gone extends KafkaRetryException {}
    expect(classify(new Busy()).kind).toBe('retry');
    expect(new Busy()).toBeInstanceOf(Busy);
    expect(new Busy()).not.toBeInstanceOf(Gone);
    expect(null).not.toBeInstanceOf(KafkaSkipException);
  });
});
