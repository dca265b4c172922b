import { posix } from 'node:path';
import type { Document } from './documents.js';

/** Names that a fragment may use without importing them. A block with an import of its own is a whole file and has all of them. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  '@nestjs/common': [
    'BadRequestException', 'Body', 'Controller', 'Get', 'Injectable', 'Logger', 'Module', 'Param', 'Post', 'Query', 'UseFilters', 'UseGuards', 'UseInterceptors', 'UsePipes', 'ValidationPipe',
    'type ArgumentMetadata', 'type CallHandler', 'type CanActivate', 'type ExecutionContext', 'type LoggerService', 'type NestInterceptor', 'type PipeTransform',
  ],
  'nestjs-kafka-many-threads': [
    'InjectKafka', 'KafkaConsumerService', 'KafkaCtx', 'KafkaDeadLetterException', 'KafkaHandler', 'KafkaHeader', 'KafkaKey', 'KafkaManyThreadsModule', 'KafkaProducerService',
    'KafkaRetryException', 'KafkaSkipException', 'KafkaValue', 'OnKafkaEvent', 'OnPartitionsAssigned', 'OnPartitionsRevoked', 'isKafkaContext',
    'type KafkaCodec', 'type KafkaContext', 'type KafkaEventOf', 'type KafkaLag', 'type KafkaManyThreadsOptions', 'type KafkaPartitions', 'type KafkaRecord',
  ],
  'nestjs-kafka-many-threads/terminus': ['KafkaHealthIndicator'],
  'nestjs-kafka-many-threads/testing': ['EmbeddedKafka', 'createKafkaContext', 'useEmbeddedKafka'],
  '@nestjs/terminus': ['HealthCheck', 'HealthCheckService', 'TerminusModule', 'type HealthCheckResult'],
  '@nestjs/core': ['NestFactory'],
  kafkajs: ['CompressionTypes', 'Kafka'],
  rxjs: ['type Observable'],
};

/** A block of TypeScript as a file that compiles; its lines are those of the document from `line` on. */
export interface Snippet {
  /** `docs/page.md/app.module.ts`, where the block's first line names it; otherwise by its line. */
  readonly path: string;
  readonly line: number;
  readonly source: string;
}

export function snippetsOf(document: Document): Snippet[] {
  return document.blocks('ts').map(({ line, code }) => {
    const [, name = `line-${line}.ts`] = /^\/\/ (?:src\/)?([\w./-]+\.ts)\b/.exec(code) ?? [];
    return { path: posix.join(document.path, name), line, source: /^import /m.test(code) ? code : asFile(code) };
  });
}

function asFile(fragment: string): string {
  const code = fragment.replace(/\{ \.\.\. \}/g, '{}');
  const imports = Object.entries(NAMES).flatMap(([from, names]) => {
    const used = names.filter((name) => new RegExp(`(?<![\\w.])${name.replace('type ', '')}\\b`).test(code) && !new RegExp(`class ${name}\\b`).test(code));
    return used.length === 0 ? [] : [`import { ${used.join(', ')} } from '${from}'; `];
  });
  return `${imports.join('')}export {}; ${withClass(code.split(/\n\n(?=\S)/)).join('\n\n')}`;
}

/** Paragraphs that are members of a class get one class around them. */
function withClass(paragraphs: readonly string[]): string[] {
  const members = paragraphs.flatMap((paragraph, index) => (isMember(paragraph) ? [index] : []));
  const own = [...paragraphs.join('\n').matchAll(/\b(?:private|protected|public) (?:readonly )?(\w+):/g)].map(([, name]) => `'${name}'`);
  const head = `interface Members extends Omit<AssumedMembers, ${own.join(' | ') || 'never'}> {} class Members { `;
  return paragraphs.map((paragraph, index) => {
    const isDecoratorAlone = members.includes(index) && /^@.*\)\s*$/.test(paragraph.trim());
    return `${index === members[0] ? head : ''}${paragraph}${isDecoratorAlone ? ' method(_: unknown): void {}' : ''}${index === members.at(-1) ? ' }' : ''}`;
  });
}

function isMember(paragraph: string): boolean {
  const begin = /^(?:\/\/.*\n)*(?:@|constructor\(|(?:async )?\w+\([^)]*\)(?:: [^{]+)? \{)/;
  return begin.test(paragraph) && !/^(?:if|for|while|switch) /.test(paragraph) && !/^(?:export )?(?:abstract )?class /m.test(paragraph);
}
