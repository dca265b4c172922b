import { type LogEntry, logLevel } from 'kafkajs';
import { DELIBERATE, filteredLog } from '../../../lib/kafkajs/log-filter.js';

function entry(level: logLevel, message: string, namespace = 'Connection', broker = 'b:1'): LogEntry {
  return { namespace, level, label: logLevel[level], log: { timestamp: '', message, broker } };
}

function recording(debug: boolean): { lines: string[]; log: Parameters<typeof filteredLog>[0] } {
  const lines: string[] = [];
  const at = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  return { lines, log: { info: at('info'), warn: at('warn'), error: at('error'), debug: debug ? at('debug') : null } };
}

describe("kafkajs's lines", () => {
  it('reach the log at their level; a connection that breaks is a warning', () => {
    const { lines, log } = recording(true);
    const write = filteredLog(log, undefined, () => 0)(logLevel.DEBUG);
    write(entry(logLevel.INFO, 'hello', ''));
    write(entry(logLevel.WARN, 'careful', 'X'));
    write(entry(logLevel.ERROR, 'SASL failed', 'SASLPlainAuthenticator'));
    write(entry(logLevel.ERROR, 'Connection error: ECONNREFUSED'));
    write(entry(logLevel.DEBUG, 'details'));
    expect(lines).toEqual(['info hello (b:1)', 'warn [X] careful (b:1)', 'error [SASLPlainAuthenticator] SASL failed (b:1)', 'warn [Connection] Connection error: ECONNREFUSED (b:1)', 'debug [Connection] details (b:1)']);
  });

  it('about a connection that was ended on purpose are for debug, and dropped where that is off', () => {
    const deliberate = entry(logLevel.ERROR, `Connection error: ${DELIBERATE}: closed`);
    const [on, off] = [recording(true), recording(true)];
    filteredLog(on.log, undefined, () => 0)(logLevel.DEBUG)(deliberate);
    filteredLog(off.log, undefined, () => 0)(logLevel.INFO)(deliberate);
    expect(on.lines).toEqual([expect.stringMatching(/^debug /)]);
    expect(off.lines).toEqual([]);
  });

  it('that repeat themselves are written again only after half a minute, for each broker apart', () => {
    let nowMs = 0;
    const { lines, log } = recording(false);
    const write = filteredLog(log, undefined, () => nowMs)(logLevel.INFO);
    const refused = (broker: string): void => write(entry(logLevel.ERROR, 'Connection error: ECONNREFUSED', 'Connection', broker));
    for (; nowMs < 61_000; nowMs += 200) refused('b:1');
    refused('b:2');
    expect(lines).toHaveLength(4);
  });

  it('go to the creator that the application has given, at the same levels', () => {
    const { lines, log } = recording(true);
    const written: LogEntry[] = [];
    const write = filteredLog(log, () => line => void written.push(line), () => 0)(logLevel.INFO);
    write(entry(logLevel.ERROR, 'Connection error: ECONNREFUSED'));
    write(entry(logLevel.ERROR, 'Connection error: ECONNREFUSED'));
    expect(lines).toEqual([]);
    expect(written).toMatchObject([{ level: logLevel.WARN, label: 'WARN' }]);
  });
});
