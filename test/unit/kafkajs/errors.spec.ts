import kafkajs from 'kafkajs';
import { WireError } from '../../../lib/consumer/wire.js';
import { CorruptError } from '../../../lib/kafkajs/byte-reader.js';
import { errorName, fetchFault, protocolError, toWireError } from '../../../lib/kafkajs/errors.js';

const named = (name: string, more: object = {}): Error => Object.assign(new Error(`this is a ${name}`), { name, ...more });
const connectionError = new kafkajs.KafkaJSConnectionError('Connection error: connect ECONNREFUSED', { broker: 'b:1', code: 'ECONNREFUSED' });

describe('a failure of kafkajs', () => {
  it('is unavailable where the connection or the search for a broker has failed', () => {
    for (const error of [
      connectionError,
      named('KafkaJSRequestTimeoutError'),
      named('KafkaJSBrokerNotFound'),
    ]) {
      expect(toWireError(error, 'Trying')).toMatchObject({ kind: 'unavailable', message: `Trying: ${error.message}`, cause: error });
    }
    expect(toWireError(connectionError, 'Trying').code).toBe('ECONNREFUSED');
  });

  it('is read through the errors that wrap it', () => {
    const wrapped = new Error('retries exceeded', { cause: new Error('and again', { cause: connectionError }) });
    expect(toWireError(wrapped, 'Trying')).toMatchObject({ kind: 'unavailable', code: 'ECONNREFUSED', cause: wrapped });
  });

  it('is what the error code of the broker means', () => {
    const error = named('KafkaJSProtocolError', { type: 'NOT_COORDINATOR_FOR_GROUP', code: 16 });
    expect(toWireError(error, 'Trying')).toMatchObject({ kind: 'moved', code: 'NOT_COORDINATOR' });
  });

  it('is fatal where a person is needed', () => {
    expect(toWireError(named('KafkaJSSASLAuthenticationError'), 'Trying')).toMatchObject({ kind: 'fatal', code: 'SASL_AUTHENTICATION_FAILED' });
    expect(toWireError(new TypeError('x is not a function'), 'Trying')).toMatchObject({ kind: 'fatal', code: 'TypeError' });
    expect(toWireError('just a string', 'Trying')).toMatchObject({ kind: 'fatal', message: 'Trying: just a string' });
  });

  it('is an invalid response where a reply ends too early', () => {
    let tooShort: unknown;
    try {
      Buffer.alloc(1).readInt32BE(0);
    } catch (error) {
      tooShort = error;
    }
    expect(toWireError(tooShort, 'Trying')).toMatchObject({ kind: 'unavailable', code: 'INVALID_RESPONSE' });
    expect(toWireError(new CorruptError('no'), 'Trying')).toMatchObject({ kind: 'unavailable', code: 'INVALID_RESPONSE' });
  });

  it('stays what it is once it is a WireError, and ends where causes go round', () => {
    const known = new WireError('fenced', 'ILLEGAL_GENERATION', 'over');
    expect(toWireError(new Error('outer', { cause: known }), 'Trying')).toBe(known);
    const round = new Error('round');
    round.cause = round;
    expect(toWireError(round, 'Trying').kind).toBe('fatal');
  });
});

describe('an error code', () => {
  it('means to a member what the wire says', () => {
    const kinds = [[27, 'rebalancing'], [22, 'fenced'], [25, 'unknown-member'], [16, 'moved'], [14, 'unavailable'], [15, 'unavailable'], [12, 'metadata-too-large'], [10, 'too-large'], [28, 'too-large'], [23, 'fatal'], [30, 'fatal'], [999, 'unavailable']] as const;
    for (const [code, kind] of kinds) expect([code, protocolError(code, 'Trying').kind]).toEqual([code, kind]);
    expect(protocolError(27, 'Heartbeat of g').message).toBe('Heartbeat of g: the broker answered REBALANCE_IN_PROGRESS (27).');
    expect(errorName(999)).toBe('ERROR_999');
  });

  it('means to a partition of a fetch what the wire says', () => {
    const faults = [[1, 'out-of-range'], [3, 'moved'], [6, 'moved'], [74, 'moved'], [75, 'moved'], [29, 'unauthorized'], [2, 'corrupt'], [76, 'corrupt'], [-1, 'unavailable'], [78, 'unavailable'], [999, 'unavailable']] as const;
    for (const [code, fault] of faults) expect([code, fetchFault(code)]).toEqual([code, fault]);
  });
});
