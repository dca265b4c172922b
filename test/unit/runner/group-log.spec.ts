import { groupLog } from '../../../lib/runner/group-log.js';

class LinesLogger {
  readonly lines: string[] = [];
  log = this.at('log');
  warn = this.at('warn');
  error = this.at('error');
  debug = this.at('debug');
  private at(level: string) {
    return (message: string): void => void this.lines.push(`${level} ${message}`);
  }
}

describe('the log of a group', () => {
  it('loses the line of a logger that throws, and nothing else', () => {
    const logger = new LinesLogger();
    const fail = (): never => {
      throw new Error('the disk is full');
    };
    Object.assign(logger, { warn: fail, error: fail, debug: fail });
    const log = groupLog('Kafka', { logger, logLevel: 'debug' });
    log.warn('one');
    log.error('two', new Error('why'));
    log.debug?.('three');
    log.info('four');
    expect(logger.lines).toEqual(['log four']);
  });

  const hostile = Object.defineProperty(new Error(), 'message', {
    get: () => {
      throw new Error('not today');
    },
  });
  it.each([
    ['null', null, 'null'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['an object without a prototype', Object.create(null), 'something that has no text'],
    ['an error whose message throws', hostile, 'something that has no text'],
    ['a frozen error', Object.freeze(new RangeError('cold')), 'RangeError: cold'],
  ])('has words for an error that is %s', (_, error: unknown, words) => {
    const logger = new LinesLogger();
    groupLog('Kafka', { logger }).error('It failed', error);
    expect(logger.lines).toEqual([`error It failed: ${words}`]);
  });

  it('writes what is at or above its level', () => {
    const logger = new LinesLogger();
    const log = groupLog('Kafka', { logger, logLevel: 'warn' });
    log.info('info');
    log.warn('warn');
    log.error('error');
    expect(log.debug).toBeNull();
    expect(logger.lines).toEqual(['warn warn', 'error error']);
  });
});
