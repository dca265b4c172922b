import { KafkaEncodeError } from '../../../lib/errors/index.js';
import type { KafkaContext } from '../../../lib/index.js';
import { createKafkaContext } from '../../../lib/testing/index.js';

describe('a context for unit tests', () => {
  it('has the record as it was given, and the same as raw bytes', () => {
    const { record, origin, attempt } = createKafkaContext({ value: { id: 1 }, topic: 'orders', key: 'ada', headers: { trace: 'a', tags: ['b', 'c'] }, attempt: 2, partition: 3, offset: '7', timestampMs: 5 });
    expect(record).toMatchObject({ topic: 'orders', partition: 3, offset: '7', key: 'ada', value: { id: 1 }, headers: { trace: 'a', tags: ['b', 'c'] }, timestampMs: 5 });
    expect(record.raw).toEqual({
      key: Buffer.from('ada'), value: Buffer.from('{"id":1}'), offset: '7', timestamp: '5', attributes: 0,
      headers: { trace: Buffer.from('a'), tags: [Buffer.from('b'), Buffer.from('c')] },
    });
    expect(origin).toEqual({ topic: 'orders', partition: 3, offset: '7', timestampMs: 5 });
    expect(attempt).toBe(2);
  });

  it('needs nothing but a value, which may be a tombstone, bytes, or nothing in JSON', () => {
    expect(createKafkaContext({ value: null }).record).toMatchObject({ topic: 'test', partition: 0, key: null, value: null, headers: {}, raw: { key: null, value: null } });
    expect(createKafkaContext({ value: Buffer.from([0, 255]) }).record.raw.value).toEqual(Buffer.from([0, 255]));
    const circular: { self?: unknown } = {};
    circular.self = circular;
    expect(createKafkaContext({ value: circular }).record.value).toBe(circular);
  });

  it('keeps what was sent, and acknowledges each message with an offset of its own', async () => {
    const context = createKafkaContext({ value: 1 });
    expect(await context.send('paid', { key: 'ada', value: 'one' })).toMatchObject([{ topicName: 'paid', partition: 0, offset: '0', errorCode: 0 }]);
    expect(await context.send('paid', [{ value: 'two' }, { value: null, partition: 4 }])).toMatchObject([{ partition: 0, offset: '1' }, { partition: 4, offset: '0' }]);
    expect(context.sent).toEqual([{ topic: 'paid', key: 'ada', value: 'one' }, { topic: 'paid', value: 'two' }, { topic: 'paid', value: null, partition: 4 }]);
  });

  it('refuses to send what could not be sent in production', async () => {
    const context = createKafkaContext({ value: 1 });
    const bad = { value: { id: 1 } } as unknown as Parameters<KafkaContext['send']>[1];
    await expect(context.send('paid', bad)).rejects.toThrow(KafkaEncodeError);
    expect(context.sent).toEqual([]);
  });

  it('counts the first nack, after which an ack does not count', () => {
    const context = createKafkaContext({ value: 1, ack: 'manual' });
    expect([context.acked, context.nacked]).toEqual([false, null]);
    context.nack('first');
    context.nack('second');
    context.ack();
    expect([context.acked, context.nacked]).toEqual([false, { error: 'first' }]);
  });

  it.each([
    ['manual' as const, null],
    ['auto' as const, { error: 'late' }],
  ])('under %s acknowledgement keeps %j of a nack after the ack', (ack, nacked) => {
    const context = createKafkaContext({ value: 1, ack });
    context.ack();
    context.nack('late');
    expect(context.acked).toBe(true);
    expect(context.nacked).toEqual(nacked);
  });

  it('says that nack was called, where the handler does not say why', () => {
    const context = createKafkaContext({ value: 1 });
    context.nack();
    expect(context.nacked?.error).toEqual(new Error('The handler called nack()'));
  });

  it('lets the test abort the attempt, and counts signs of life', () => {
    const context = createKafkaContext({ value: 1 });
    const reason = new Error('late');
    context.progress();
    expect([context.signal.aborted, context.progressCount]).toEqual([false, 1]);
    context.abort(reason);
    expect(context.signal.reason).toBe(reason);
  });

  it.each([{ attempt: 0 }, { attempt: 1.5 }, { partition: -1 }, { offset: 'end' }])('refuses %j, which no record has', (wrong) => {
    expect(() => createKafkaContext({ value: 1, ...wrong })).toThrow(TypeError);
  });
});
