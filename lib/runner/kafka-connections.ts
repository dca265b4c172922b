import { Injectable } from '@nestjs/common';
import { filter, mergeMap, type Observable, ReplaySubject } from 'rxjs';
import type { GroupLog } from '../consumer/group-consumer.js';
import { KafkaConfigurationError } from '../errors/configuration.error.js';
import { KafkaProducerDisabledError } from '../errors/producer-disabled.error.js';
import { KafkaUnknownConnectionError } from '../errors/unknown-connection.error.js';
import { KafkaUnknownGroupError } from '../errors/unknown-group.error.js';
import type { KafkaEvent } from '../interfaces/index.js';
import type { ConnectionProducer } from './connection-producer.js';
import { EventStream } from './event-stream.js';
import type { KafkaGroup } from './kafka-group.js';

/** The connections of one application and their groups. One per application: two in a process do not see each other. */
@Injectable()
export class KafkaConnections {
  /** Every group, also to those who subscribe before it is there. */
  private readonly groups$ = new ReplaySubject<KafkaGroup>();
  private readonly running = new Set<string>();
  private readonly connections = new Map<string, Connection>();

  get names(): readonly string[] {
    return [...this.connections.keys()];
  }

  /** Without a producer where `producer` is false. */
  register(name: string, log: GroupLog, producer: ConnectionProducer | null): void {
    if (this.connections.has(name)) {
      throw new KafkaConfigurationError('KafkaManyThreadsModule.forRoot', `two connections are called ${name}. Give each forRoot a name of its own, or import one and list its groups there.`);
    }
    this.connections.set(name, { log, producer, groups: new Map(), defaultGroup: undefined });
    this.running.add(name);
  }

  /** Events of a connection's groups from the subscription on; they end when the application does. */
  events(name: string): Observable<KafkaEvent> {
    const report = (error: unknown): void => this.connections.get(name)?.log.error('A subscriber of events$ failed', error);
    const own = this.groups$.pipe(
      filter(({ place }) => place.connection === name),
      mergeMap(({ events }) => events.events$),
    );
    return new EventStream(report, (subscriber) => own.subscribe(subscriber));
  }

  /** The groups of this connection have stopped for good. */
  ended(name: string): void {
    this.running.delete(name);
    if (this.running.size === 0) this.groups$.complete();
  }

  addGroups(name: string, groups: readonly KafkaGroup[], defaultGroup: string | undefined): void {
    const { log, producer } = this.connection(name, 'addGroups');
    this.connections.set(name, { log, producer, groups: new Map(groups.map((group) => [group.groupId, group])), defaultGroup });
    for (const group of groups) this.groups$.next(group);
  }

  /** @throws KafkaUnknownConnectionError */
  groups(connection: string, where: string): readonly KafkaGroup[] {
    return [...this.connection(connection, where).groups.values()];
  }

  /** Without a `groupId` the default group. @throws KafkaUnknownConnectionError, KafkaUnknownGroupError */
  group(connection: string, groupId: string | undefined, where: string): KafkaGroup {
    const { groups, defaultGroup } = this.connection(connection, where);
    const wanted = groupId ?? defaultGroup;
    const group = wanted === undefined ? undefined : groups.get(wanted);
    if (group === undefined) throw new KafkaUnknownGroupError(where, wanted, connection, [...groups.keys()]);
    return group;
  }

  /** @throws KafkaUnknownConnectionError, KafkaProducerDisabledError */
  producer(connection: string, where: string): ConnectionProducer {
    const { producer } = this.connection(connection, where);
    if (producer === null) throw new KafkaProducerDisabledError(where, connection);
    return producer;
  }

  private connection(name: string, where: string): Connection {
    const connection = this.connections.get(name);
    if (connection === undefined) throw new KafkaUnknownConnectionError(where, name, this.names);
    return connection;
  }
}

interface Connection {
  readonly log: GroupLog;
  readonly producer: ConnectionProducer | null;
  readonly groups: ReadonlyMap<string, KafkaGroup>;
  readonly defaultGroup: string | undefined;
}
