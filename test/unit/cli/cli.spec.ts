import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientConfig } from '../../../lib/cli/client-config.js';
import { showOffsets, showPartitions } from '../../../lib/cli/ranges.js';
import { run } from '../../../lib/cli/run.js';
import { table } from '../../../lib/cli/table.js';

async function cli(args: string[], environment: Record<string, string> = {}): Promise<{ code: number; out: string; error: string }> {
  const texts = { out: '', error: '' };
  const code = await run(args, environment, { out: (text) => (texts.out += text), error: (text) => (texts.error += text) });
  return { code, ...texts };
}

describe('the command line', () => {
  it('shows how it is used, asked to or not', async () => {
    expect(await cli(['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('offsets <group>') as string });
    expect(await cli([])).toMatchObject({ code: 2, out: expect.stringContaining('Usage') as string });
  });

  it.each<[string[], RegExp]>([
    [['lag', 'shop'], /There is no command lag/],
    [['toString', 'shop'], /There is no command toString/],
    [['offsets'], /offsets takes the id of one group/],
    [['group', 'a', 'b'], /group takes the id of one group/],
    [['group', 'a', '--jsn'], /Unknown option '--jsn'/],
  ])('says what it has not understood of %j', async (args, message) => {
    const { code, error } = await cli(args);
    expect(code).toBe(2);
    expect(error).toMatch(message);
  });

  it('says where brokers may be named, and when none answers', async () => {
    expect((await cli(['group', 'shop'])).error).toMatch(/^No brokers: give --brokers/);
    const unreachable = await cli(['group', 'shop', '--brokers', '127.0.0.1:1']);
    expect(unreachable.code).toBe(1);
    expect(unreachable.error).toMatch(/^Failed: .*ECONNREFUSED|Connection error/);
  });

  it('takes a configuration from JSON or a module, and brokers from the command line over it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cli-'));
    const [json, broken] = [join(folder, 'kafka.json'), join(folder, 'broken.json')];
    await writeFile(json, '{"brokers":["a:1"],"ssl":true}');
    await writeFile(broken, '{');
    expect(await clientConfig(json, undefined)).toEqual({ clientId: 'kafka-many-threads', brokers: ['a:1'], ssl: true });
    expect(await clientConfig(json, 'b:2, c:3')).toMatchObject({ brokers: ['b:2', 'c:3'], ssl: true });
    await expect(clientConfig(broken, undefined)).rejects.toThrow(`--config ${broken} cannot be read`);
    await expect(clientConfig(join(folder, 'none.json'), undefined)).rejects.toThrow('ENOENT');
    await rm(folder, { recursive: true });
  });
});

describe('what it prints', () => {
  it('writes stretches of offsets and of partitions as people do', () => {
    expect(showOffsets([[41, 42], [44, 47]], 8)).toBe('41, 44-46');
    expect(showOffsets([[1, 2], [3, 4], [5, 6]], 2)).toBe('1, 3, ... (1 more)');
    expect(showPartitions(new Map([['orders', [7, 0, 2, 1]], ['returns', [1]]]))).toBe('orders 0-2,7; returns 1');
    expect(showPartitions(new Map())).toBe('-');
  });

  it('aligns columns, numbers at the right', () => {
    expect(table([{ title: 'TOPIC' }, { title: 'LAG', right: true }, { title: 'HOLES' }], [['a', '12', ''], ['longer', '3', '4-9']])).toBe(
      'TOPIC   LAG  HOLES\na        12\nlonger    3  4-9',
    );
  });
});
