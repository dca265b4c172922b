import { dockerAnswers, startDockerCluster } from './docker-cluster.js';
import { startJavaCluster } from './java-cluster.js';
import type { KafkaCluster, StartKafkaOptions } from './kafka-cluster.js';
import { javaToolchain, KAFKA_VERSION } from './kafka-install.js';
import { namedCluster } from './named-cluster.js';

/** Neither KAFKA_BROKERS nor Java with Maven nor Docker is here. */
export class NoKafkaError extends Error {
  constructor(java: string, docker: string) {
    super(
      `No Kafka broker can be started: ${java}; ${docker}. ` +
        'Install Java 17 or newer and Maven, or start Docker, or set KAFKA_BROKERS=host:port of a broker that may be filled with test topics.',
    );
    this.name = 'NoKafkaError';
  }
}

/**
 * A real Kafka: the one that the environment variable KAFKA_BROKERS names (comma separated), else brokers of our own on Java, else in Docker.
 * @throws NoKafkaError which says what to install.
 */
export async function startKafka(options: StartKafkaOptions = {}): Promise<KafkaCluster> {
  const named = process.env['KAFKA_BROKERS'];
  return named ? namedCluster(named, options.brokers ?? 1) : startOwnKafka(options);
}

/** Brokers that may be broken: our own, whatever KAFKA_BROKERS names. @throws NoKafkaError */
export async function startOwnKafka(options: StartKafkaOptions = {}): Promise<KafkaCluster> {
  const toolchain = await javaToolchain();
  if (typeof toolchain !== 'string') return startJavaCluster(toolchain.java, options);
  const docker = await dockerAnswers();
  if (docker === true) return startDockerCluster(KAFKA_VERSION, options);
  throw new NoKafkaError(toolchain, docker);
}
