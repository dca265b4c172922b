import { Inject, Injectable, Optional } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { messageOf } from '../consumer/error-text.js';
import type { GroupHealth } from '../consumer/group-health.js';
import { KafkaConfigurationError } from '../errors/configuration.error.js';
import { KafkaUnknownGroupError } from '../errors/unknown-group.error.js';
import { KafkaConnections } from '../runner/kafka-connections.js';
import { KafkaConsumerService } from '../services/kafka-consumer.service.js';
import { type CheckedGroup, detailOf, type KafkaHealthDetail, notLive, notReady, notStarted } from './health-report.js';

const STUCK_MS = 1_800_000;
const STALLED_MS = 300_000;
/** A probe gives up sooner than a client that repeats its requests. */
const LAG_PATIENCE_MS = 3000;

export interface KafkaHealthOptions {
  /** @default every connection of the application */
  connection?: string;
  /** Group ids. @default every group */
  groups?: string[];
}
export interface KafkaLivenessOptions extends KafkaHealthOptions {
  /** Age at which a record in flight is stuck, where nothing of its partition has completed since; never below twice the handler's `timeoutMs`. A hook for assigned partitions, too. @default 1800000 */
  stuckMs?: number;
  /** Time without a fetch round, a commit that is due, or an end to a rebalance. @default 300000 */
  stalledMs?: number;
}
export interface KafkaReadinessOptions extends KafkaHealthOptions {
  /** Most records that a group's partitions of this process may be behind. Asks the brokers. @default no limit */
  maxLag?: number;
}

/** In the form of Terminus, which answers 200 for 'up' and 503 for 'down'. */
export type KafkaHealthResult<K extends string> = HealthIndicatorResult<K, 'up' | 'down', KafkaHealthDetail>;

/**
 * Kafka's part of an application's health checks. A provider beside `TerminusModule`; a check that fails says why in its
 * `reason`. A connection or group that does not exist throws, and so do limits that are none.
 *
 * @example
 * @Get('live')
 * @HealthCheck()
 * live() { return this.health.check([() => this.kafka.isLive('kafka')]); }
 */
@Injectable()
export class KafkaHealthIndicator {
  /** @internal */
  constructor(
    @Inject(KafkaConnections) private readonly connections: HealthConnections,
    @Inject(KafkaConsumerService) private readonly consumers: LagSource,
    @Optional() @Inject(HealthIndicatorService) private readonly results: HealthIndicatorService = new HealthIndicatorService(),
  ) {}

  /** For a startup probe: whether every group has joined once. */
  isStarted<const K extends string>(key: K, options: KafkaHealthOptions = {}): KafkaHealthResult<K> {
    const groups = this.checked('isStarted', options);
    return this.result(key, groups, groups.flatMap(notStarted));
  }

  /**
   * For a liveness probe: down only where a restart helps. That is a fetch loop that hangs, a stuck record, commits that are due
   * and not made, a rebalance or an assigned hook that never ends, as many abandoned handlers as `concurrency`, and a consumer
   * that has failed. Never lag; and while no broker answers the clocks stand still.
   */
  isLive<const K extends string>(key: K, options: KafkaLivenessOptions = {}): KafkaHealthResult<K> {
    const { stuckMs = STUCK_MS, stalledMs = STALLED_MS } = options;
    requirePositive('isLive', { stuckMs, stalledMs });
    const groups = this.checked('isLive', options, stuckMs);
    return this.result(key, groups, groups.flatMap((group) => notLive(group, stalledMs)));
  }

  /** For a readiness probe: whether every group is connected, joined, neither draining nor stopped, not full of held records, and not behind more than `maxLag`. */
  async isReady<const K extends string>(key: K, options: KafkaReadinessOptions = {}): Promise<KafkaHealthResult<K>> {
    const { maxLag } = options;
    if (maxLag !== undefined && !(maxLag >= 0)) throw new KafkaConfigurationError('KafkaHealthIndicator.isReady', `maxLag: expected a number of records, got ${maxLag}.`);
    const groups = this.checked('isReady', options);
    const findings = groups.flatMap(notReady);
    // Where no broker answers, asking for lag would only keep the probe waiting.
    if (maxLag === undefined || findings.length > 0) return this.result(key, groups, findings);
    const measured = await Promise.all(groups.map((group) => this.withLag(group, maxLag)));
    return this.result(key, measured.map(({ group }) => group), measured.flatMap(({ finding }) => finding));
  }

  private async withLag(group: SelectedGroup, maxLag: number): Promise<{ group: CheckedGroup; finding: string[] }> {
    const { name, groupId, connection, health } = group;
    try {
      const rows = await soon(this.consumers.for(connection).getLag(groupId));
      const lag = rows.reduce((sum, row) => sum + row.lag, 0);
      const finding = lag > maxLag ? [`group ${name} is ${lag} records behind, more than ${maxLag}`] : [];
      return { group: { ...group, health: { ...health, lag } }, finding };
    } catch (error) {
      return { group, finding: [`group ${name}: its lag could not be asked for (${messageOf(error)})`] };
    }
  }

  private checked(method: string, options: KafkaHealthOptions, stuckMs = STUCK_MS): SelectedGroup[] {
    const groups = this.selected(`KafkaHealthIndicator.${method}`, options);
    return groups.map((group) => {
      const { groupId, place } = group;
      const isAmbiguous = groups.some((other) => other !== group && other.groupId === groupId);
      const name = isAmbiguous ? `${place.connection}/${groupId}` : groupId;
      return { name, groupId, connection: place.connection, health: group.health(stuckMs) };
    });
  }

  private selected(where: string, { connection, groups: wanted }: KafkaHealthOptions): HealthGroup[] {
    const names = connection === undefined ? this.connections.names : [connection];
    const groups = names.flatMap((name) => this.connections.groups(name, where));
    if (wanted === undefined) return groups;
    if (!Array.isArray(wanted) || wanted.length === 0) throw new KafkaConfigurationError(where, 'groups: expected a list of group ids that is not empty; leave it out to check every group.');
    const known = groups.map(({ groupId }) => groupId);
    const missing = wanted.find((groupId) => !known.includes(groupId));
    if (missing !== undefined) throw new KafkaUnknownGroupError(where, missing, names.join(', '), known);
    return groups.filter(({ groupId }) => wanted.includes(groupId));
  }

  private result<K extends string>(key: K, groups: readonly CheckedGroup[], findings: readonly string[]): KafkaHealthResult<K> {
    const check = this.results.check(key);
    const detail = { ...detailOf(groups, findings) };
    return findings.length === 0 ? check.up(detail) : check.down(detail);
  }
}

/** What the indicator needs of the module, and no more of it in its declarations. */
export interface HealthGroup {
  readonly groupId: string;
  readonly place: { readonly connection: string };
  health(stuckMs: number): GroupHealth;
}
export interface HealthConnections {
  readonly names: readonly string[];
  groups(connection: string, where: string): readonly HealthGroup[];
}
export interface LagSource {
  for(connection: string): { getLag(groupId: string): Promise<readonly { readonly lag: number }[]> };
}

interface SelectedGroup extends CheckedGroup {
  readonly connection: string;
}

async function soon<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${LAG_PATIENCE_MS} ms`)), LAG_PATIENCE_MS);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

function requirePositive(method: string, limits: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(limits)) {
    if (!(value > 0)) throw new KafkaConfigurationError(`KafkaHealthIndicator.${method}`, `${name}: expected milliseconds above 0, got ${value}.`);
  }
}
