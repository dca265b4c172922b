import { Injectable } from '@nestjs/common';
import { type KafkaContext, KafkaHandler } from '../../lib/index.js';
import { createTopic, produce } from '../support/kafka.js';
import { withApp } from '../support/nest-app.js';

const SECRET = 'not for the log';

async function linesOf(logLevel: 'debug' | 'log'): Promise<{ topic: string; lines: string[] }> {
  const topic = await createTopic('life');
  await produce(topic, 0, [{ key: SECRET, value: JSON.stringify(SECRET) }]);
  @Injectable()
  class Provider {
    @KafkaHandler('life', { retry: { retries: 1, backoff: 1 } })
    handle(_: string, { attempt }: KafkaContext): void {
      if (attempt === 1) throw new Error('busy');
    }
  }
  return withApp({ providers: [Provider], options: { topics: { life: topic }, logLevel } }, async (app) => {
    await app.until('it is committed', () => app.consumers.getStats().committedCount === 1);
    return { topic, lines: app.logger.lines };
  });
}

describe('the life of a record in the log', () => {
  it('has a line for each step at debug, and none of what the record carries', async () => {
    const { topic, lines } = await linesOf('debug');
    const steps = lines.filter((line) => line.includes(`${topic}/0`) && / (offset|offsets) \d|Committed/.test(line));
    expect(steps.map((line) => line.replaceAll(topic, 'life').replace(/[\d.]+ ms/, 'n ms'))).toEqual([
      'debug Committed life/0@0',
      'debug life/0 offsets 0 to 0 have arrived, 1 records',
      'debug life/0 offset 0 starts, attempt 1',
      'warn life/0 offset 0 failed in attempt 1 and is tried again (Error: busy)',
      'debug life/0 offset 0 starts, attempt 2',
      'debug life/0 offset 0 is complete after n ms',
      'debug Committed life/0@1',
    ]);
    expect(lines.filter((line) => line.includes(SECRET))).toEqual([]);
  });

  it('has only its failures otherwise', async () => {
    const { lines } = await linesOf('log');
    expect(lines.filter((line) => line.startsWith('debug') || line.includes('offset 0'))).toEqual([expect.stringContaining('is tried again')]);
  });
});
