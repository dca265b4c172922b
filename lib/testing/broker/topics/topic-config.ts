import { ErrorCode } from '../protocol/error-codes.js';
import { KafkaError } from '../protocol/kafka-error.js';

/** What kind of value a setting has, in the numbers of DescribeConfigs. */
export const ConfigType = { boolean: 1, string: 2, int: 3, long: 5, double: 6, list: 7 } as const;

interface Setting {
  readonly value: string;
  readonly type: number;
  readonly allowed?: readonly string[];
}

/** The settings of topics that Kafka has, with its defaults. Only those of `TopicConfig`'s getters have an effect here. */
const SETTINGS: Readonly<Record<string, Setting>> = {
  'cleanup.policy': { value: 'delete', type: ConfigType.list },
  'compression.type': { value: 'producer', type: ConfigType.string },
  'delete.retention.ms': { value: '86400000', type: ConfigType.long },
  'file.delete.delay.ms': { value: '60000', type: ConfigType.long },
  'flush.messages': { value: '9223372036854775807', type: ConfigType.long },
  'flush.ms': { value: '9223372036854775807', type: ConfigType.long },
  'index.interval.bytes': { value: '4096', type: ConfigType.int },
  'max.compaction.lag.ms': { value: '9223372036854775807', type: ConfigType.long },
  'max.message.bytes': { value: '1048588', type: ConfigType.int },
  'message.timestamp.after.max.ms': { value: '3600000', type: ConfigType.long },
  'message.timestamp.before.max.ms': { value: '9223372036854775807', type: ConfigType.long },
  'message.timestamp.type': { value: 'CreateTime', type: ConfigType.string, allowed: ['CreateTime', 'LogAppendTime'] },
  'min.cleanable.dirty.ratio': { value: '0.5', type: ConfigType.double },
  'min.compaction.lag.ms': { value: '0', type: ConfigType.long },
  'min.insync.replicas': { value: '1', type: ConfigType.int },
  preallocate: { value: 'false', type: ConfigType.boolean },
  'retention.bytes': { value: '-1', type: ConfigType.long },
  'retention.ms': { value: '604800000', type: ConfigType.long },
  'segment.bytes': { value: '1073741824', type: ConfigType.int },
  'segment.index.bytes': { value: '10485760', type: ConfigType.int },
  'segment.jitter.ms': { value: '0', type: ConfigType.long },
  'segment.ms': { value: '604800000', type: ConfigType.long },
  'unclean.leader.election.enable': { value: 'false', type: ConfigType.boolean },
};

export interface ConfigEntry {
  readonly name: string;
  readonly value: string;
  readonly type: number;
  readonly isDefault: boolean;
}

/** The settings of one topic. */
export class TopicConfig {
  private readonly changed = new Map<string, string>();

  /** @throws KafkaError INVALID_CONFIG for a setting or a value that Kafka does not have. */
  constructor(entries: Iterable<readonly [string, string | null]> = []) {
    for (const [name, value] of entries) this.set(name, value);
  }

  get maxMessageBytes(): number {
    return Number(this.value('max.message.bytes'));
  }
  get maxTimestampAheadMs(): number {
    return Number(this.value('message.timestamp.after.max.ms'));
  }
  get minInSyncReplicas(): number {
    return Number(this.value('min.insync.replicas'));
  }
  get appendTime(): boolean {
    return this.value('message.timestamp.type') === 'LogAppendTime';
  }
  get compacted(): boolean {
    return this.value('cleanup.policy').split(',').includes('compact');
  }

  /** Milliseconds after which what was written is compacted by the next append. */
  get segmentMs(): number {
    return Number(this.value('segment.ms'));
  }

  value(name: string): string {
    return this.changed.get(name) ?? SETTINGS[name]?.value ?? '';
  }

  entries(): ConfigEntry[] {
    return Object.entries(SETTINGS).map(([name, { type }]) => ({ name, value: this.value(name), type, isDefault: !this.changed.has(name) }));
  }

  /** What is not default. */
  own(): [string, string][] {
    return [...this.changed];
  }

  /** Null takes back what was set. */
  set(name: string, value: string | null): void {
    if (value === null) this.changed.delete(name);
    else this.changed.set(name, checked(name, value));
  }
}

function checked(name: string, value: string): string {
  const setting = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined;
  if (setting === undefined) throw new KafkaError(ErrorCode.INVALID_CONFIG, `Unknown topic config name: ${name}`);
  if (!fits(setting, value)) throw new KafkaError(ErrorCode.INVALID_CONFIG, `Invalid value ${value} for configuration ${name}`);
  return value;
}

function fits({ type, allowed }: Setting, value: string): boolean {
  if (type === ConfigType.int || type === ConfigType.long) return /^-?\d+$/.test(value);
  if (type === ConfigType.double) return value !== '' && Number.isFinite(Number(value));
  if (type === ConfigType.boolean) return /^(true|false)$/i.test(value);
  return allowed === undefined || allowed.includes(value);
}
