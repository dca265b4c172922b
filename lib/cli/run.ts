import { parseArgs } from 'node:util';
import kafkajs, { type Admin, type KafkaConfig } from 'kafkajs';
import { clientConfig } from './client-config.js';
import { groupAsJson, readGroup, showGroup } from './group.command.js';
import { readOffsets, showOffsetRows } from './offsets.command.js';
import { UsageError } from './usage-error.js';

const USAGE = `Usage: kafka-many-threads <command> <group> [options]

  offsets <group>   committed offset, end, watermark, holes and decoded map of every partition
  group <group>     members, what each is assigned and claims, and what is being drained

Options
  --brokers <list>  host:port, several separated by commas (default: KAFKA_BROKERS)
  --config <file>   kafkajs's client configuration: JSON, or a module with it as default export
  --json            for programs
  --help
`;

/** A command: reads from the brokers, and answers what to print. */
type Command = (admin: Admin, groupId: string, asJson: boolean) => Promise<string>;

const COMMANDS: Readonly<Record<string, Command>> = {
  offsets: async (admin, groupId, asJson) => {
    const partitions = await readOffsets(admin, groupId);
    return asJson ? json({ groupId, partitions }) : showOffsetRows(partitions);
  },
  group: async (admin, groupId, asJson) => {
    const report = await readGroup(admin, groupId);
    return asJson ? json(groupAsJson(report)) : showGroup(report);
  },
};

export interface Output {
  out(text: string): void;
  error(text: string): void;
}

/** Runs one command line. Resolves to the exit code: 0 done, 1 failed, 2 not understood. */
export async function run(args: readonly string[], environment: Readonly<Record<string, string | undefined>>, output: Output): Promise<number> {
  try {
    const { values, positionals } = parse(args);
    if (values.help || positionals.length === 0) {
      output.out(USAGE);
      return values.help ? 0 : 2;
    }
    const [name, groupId, ...rest] = positionals;
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (command === undefined) throw new UsageError(`There is no command ${name}.\n\n${USAGE}`, 2);
    if (groupId === undefined || rest.length > 0) throw new UsageError(`${name} takes the id of one group.\n\n${USAGE}`, 2);
    const config = await clientConfig(values.config, values.brokers ?? (values.config === undefined ? environment['KAFKA_BROKERS'] : undefined));
    output.out(await withAdmin(config, (admin) => command(admin, groupId, values.json)));
    return 0;
  } catch (error) {
    output.error(error instanceof UsageError ? error.message : `Failed: ${messageOf(error)}`);
    return error instanceof UsageError ? error.exitCode : 1;
  }
}

function parse(args: readonly string[]) {
  try {
    const options = { brokers: { type: 'string' }, config: { type: 'string' }, json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } } as const;
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${messageOf(error)} (see --help)`, 2);
  }
}

async function withAdmin<T>(config: KafkaConfig, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new kafkajs.Kafka({ logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 2 }, ...config }).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
