import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';
import {
  type ArgumentMetadata, BadRequestException, type CallHandler, type CanActivate, Catch, Controller, createParamDecorator, type ExceptionFilter, type ExecutionContext, Inject, Injectable,
  type NestInterceptor, ParseIntPipe, type PipeTransform, Scope, UseFilters, UseGuards, UseInterceptors, UsePipes,
} from '@nestjs/common';
import { APP_GUARD, APP_PIPE, REQUEST } from '@nestjs/core';
import { EMPTY, finalize, ignoreElements, type Observable, tap, timer } from 'rxjs';
import { isKafkaContext, type KafkaContext, KafkaCtx, KafkaHandler, KafkaHeader, KafkaKey, KafkaSkipException, KafkaValue } from '../../lib/index.js';
import { createTopic, produce, unique } from '../support/kafka.js';
import { quickGroup, withApp } from '../support/nest-app.js';

const SECOND_GROUP = unique('second');
/** Real names by those in the decorators. */
const topics = { json: '', text: '', other: '' };
beforeAll(async () => {
  topics.json = await createTopic('json');
  topics.text = await createTopic('text');
  topics.other = await createTopic('other');
  await produce(topics.json, 0, [{ key: 'a', value: '{"n":1}', headers: { trace: 't1', twice: ['x', 'y'] } }, { key: 'b', value: '{"n":2}' }]);
  await produce(topics.text, 0, [{ key: 'k', value: '7' }]);
  await produce(topics.other, 0, [{ key: null, value: '{"other":true}' }, { key: 'gone', value: null }]);
});

describe('a handler', () => {
  it('of a provider gets the decoded value and the context, and one of a controller, too', async () => {
    const seen: unknown[] = [];
    @Injectable()
    class Provider {
      private readonly label = 'provider';
      @KafkaHandler('json')
      async handle(value: { n: number }, { record, origin, attempt, epoch }: KafkaContext): Promise<void> {
        seen.push([this.label, value, record.key, record.headers, record.offset, origin.topic === topics.json, attempt, epoch, record.value === value, record.timestampMs > 0]);
      }
    }
    @Controller()
    class OfController {
      @KafkaHandler('other')
      handle(value: unknown): void {
        seen.push(['controller', value]);
      }
    }
    await withApp({ providers: [Provider], controllers: [OfController], options: { topics } }, async (app) => {
      await app.until('all four are handled', () => seen.length === 4);
      expect(seen).toEqual(
        expect.arrayContaining([
          ['provider', { n: 1 }, 'a', { trace: 't1', twice: ['x', 'y'] }, '0', true, 1, 1, true, true],
          ['provider', { n: 2 }, 'b', {}, '1', true, 1, 1, true, true],
          ['controller', { other: true }],
          ['controller', null],
        ]),
      );
      expect(app.logger.lines.filter((line) => line.startsWith('log ') && line.includes(' reads '))).toEqual([
        expect.stringMatching(/^log Provider\.handle reads json-\w+ \(group group-\w+; 100 at once in the order of each key; 3 retries, then hold\)$/),
        expect.stringMatching(/^log OfController\.handle reads other-\w+ \(/),
      ]);
    });
  });

  it('gets what its parameter decorators name, through their pipes', async () => {
    const seen: unknown[] = [];
    @Injectable()
    class Handlers {
      @KafkaHandler('json')
      handle(@KafkaCtx() context: KafkaContext, @KafkaKey() key: string, @KafkaValue('n') n: number, @KafkaHeader('trace') trace: string, @KafkaHeader() all: object): void {
        seen.push([context.record.key === key, key, n, trace, Object.keys(all)]);
      }
      @KafkaHandler('text', { codec: 'string' })
      piped(@KafkaValue(ParseIntPipe) n: number, @KafkaKey() key: string): void {
        seen.push([n, key]);
      }
    }
    await withApp({ providers: [Handlers], options: { topics } }, async (app) => {
      await app.until('all are handled', () => seen.length === 3);
      expect(seen).toEqual(expect.arrayContaining([[true, 'a', 1, 't1', ['trace', 'twice']], [true, 'b', 2, undefined, []], [7, 'k']]));
    });
  });

  it('gets its value through the pipes of the method and of the application, decorated or not, with the type of the parameter', async () => {
    const seen: unknown[] = [];
    class Order {
      n = 0;
    }
    @Injectable()
    class Typed implements PipeTransform {
      transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
        return type === 'body' ? { ...(value as Order), as: metatype?.name } : value;
      }
    }
    @Injectable()
    class Doubled implements PipeTransform {
      transform(value: unknown, { type }: ArgumentMetadata): unknown {
        return type === 'body' ? { ...(value as Order), n: 2 * (value as Order).n } : value;
      }
    }
    @Injectable()
    class Handlers {
      @KafkaHandler('json')
      handle(order: Order): void {
        seen.push(order);
      }
      @UsePipes(Doubled)
      @KafkaHandler('json', { groupId: SECOND_GROUP })
      decorated(@KafkaKey() _key: string, @KafkaValue() order: Order): void {
        seen.push(order);
      }
    }
    const options = { topics, groups: [quickGroup(SECOND_GROUP)] };
    await withApp({ providers: [Handlers, { provide: APP_PIPE, useClass: Typed }], options }, async (app) => {
      await app.until('all four are handled', () => seen.length === 4);
      expect(seen).toEqual(expect.arrayContaining([{ n: 1, as: 'Order' }, { n: 2, as: 'Order' }, { n: 2, as: 'Order' }, { n: 4, as: 'Order' }]));
    });
  });

  it('runs inside its own guards, interceptors and filters, of providers and of controllers', async () => {
    const seen: string[] = [];
    @Injectable()
    class Guard implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        const [value] = context.getArgs<[{ n?: number }]>();
        seen.push(`guard ${isKafkaContext(context)} ${context.getHandler().name}`);
        return value.n !== 2;
      }
    }
    @Injectable()
    class Interceptor implements NestInterceptor {
      intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
        return next.handle().pipe(finalize(() => seen.push('intercepted')));
      }
    }
    @Catch()
    class Filter implements ExceptionFilter {
      catch(error: Error): Observable<never> {
        seen.push(`caught ${error.message}`);
        return EMPTY;
      }
    }
    @Controller()
    class Guarded {
      @UseGuards(Guard)
      @UseInterceptors(Interceptor)
      @UseFilters(Filter)
      @KafkaHandler('json', { ordering: 'partition' })
      guarded(): void {
        seen.push('handled');
      }
    }
    await withApp({ controllers: [Guarded], options: { topics } }, async (app) => {
      await app.until('both records are complete', () => app.consumers.getStats().processedCount === 2);
      expect(seen).toEqual(['guard true guarded', 'handled', 'intercepted', 'guard true guarded', 'caught Forbidden resource']);
    });
  });

  it('knows parameter decorators of the application, and pipes that need injection', async () => {
    const seen: unknown[] = [];
    const Offset = createParamDecorator((plus: number, context: ExecutionContext) => plus + Number(context.getArgs<[unknown, KafkaContext]>()[1].record.offset));
    @Injectable()
    class Rates {
      readonly factor = 10;
    }
    @Injectable()
    class Converted implements PipeTransform {
      constructor(private readonly rates: Rates) {}
      transform(value: number): number {
        return value * this.rates.factor;
      }
    }
    @Injectable()
    class Handlers {
      @KafkaHandler('json')
      handle(@Offset(100) offset: number, @KafkaValue('n', Converted) n: number): void {
        seen.push([offset, n]);
      }
    }
    await withApp({ providers: [Handlers, Rates], options: { topics } }, async (app) => {
      await app.until('both are handled', () => seen.length === 2);
      expect(seen).toEqual(expect.arrayContaining([[100, 10], [101, 20]]));
    });
  });

  it('is not touched by a global guard, unless the options ask for it', async () => {
    class ForHttp implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        return context.switchToHttp().getRequest<{ user: { isAdmin: boolean } }>().user.isAdmin;
      }
    }
    @Injectable()
    class Handlers {
      @KafkaHandler('json', { retry: { retries: 0 } })
      handle(): void {}
    }
    const setup = { providers: [Handlers, { provide: APP_GUARD, useClass: ForHttp }] };
    await withApp({ ...setup, options: { topics } }, (app) => app.until('both are handled', () => app.consumers.getStats().processedCount === 2));
    await withApp({ ...setup, options: { topics, globalEnhancers: true } }, async (app) => {
      await app.until('the guard has failed for both', () => app.consumers.getStats().heldCount === 2);
      expect(app.consumers.getStats().processedCount).toBe(0);
    });
  });

  it('may be request-scoped or transient: an instance for each record, or one of its own', async () => {
    const seen: unknown[] = [];
    @Injectable({ scope: Scope.REQUEST })
    class PerRecord {
      private calls = 0;
      constructor(@Inject(REQUEST) private readonly context: KafkaContext) {}
      @KafkaHandler('json')
      handle(value: { n: number }, context: KafkaContext): void {
        seen.push([value.n, ++this.calls, this.context === context]);
      }
    }
    @Injectable({ scope: Scope.TRANSIENT })
    class Transient {
      private calls = 0;
      @KafkaHandler('other')
      handle(): void {
        seen.push(['transient', ++this.calls]);
      }
    }
    await withApp({ providers: [PerRecord, Transient], options: { topics } }, async (app) => {
      await app.until('all four are handled', () => seen.length === 4);
      expect(seen).toEqual(expect.arrayContaining([[1, 1, true], [2, 1, true], ['transient', 1], ['transient', 2]]));
    });
  });

  it('may answer with an Observable, which counts when it completes, with a value or without', async () => {
    const seen: string[] = [];
    @Injectable()
    class Handlers {
      @KafkaHandler('json', { ordering: 'partition' })
      handle({ n }: { n: number }): Observable<unknown> {
        return n === 1 ? EMPTY : timer(50).pipe(tap(() => seen.push('ticked')), ignoreElements());
      }
      @KafkaHandler('text', { codec: 'string' })
      async later(): Promise<Observable<unknown>> {
        return timer(20).pipe(tap(() => seen.push('later')));
      }
    }
    await withApp({ providers: [Handlers], options: { topics } }, async (app) => {
      await app.until('all three are complete', () => app.consumers.getStats().processedCount === 3);
      expect(seen.sort()).toEqual(['later', 'ticked']);
    });
  });

  it('leaves nothing of its async context to the next record', async () => {
    const store = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    @Injectable()
    class Handlers {
      @KafkaHandler(['json', 'text', 'other'], { codec: 'buffer', ordering: 'none' })
      handle(_: Buffer, { record }: KafkaContext): void {
        seen.push(store.getStore());
        store.enterWith(record.offset);
      }
      @KafkaHandler('json', { groupId: SECOND_GROUP, concurrency: 1 })
      async slowly(_: unknown, { record }: KafkaContext): Promise<void> {
        seen.push(store.getStore());
        store.enterWith(record.offset);
        await Promise.resolve();
        seen.push(store.getStore() === record.offset ? undefined : 'lost its own');
      }
    }
    // Not even what surrounds the boot of the application.
    await store.run('boot', () =>
      withApp({ providers: [Handlers], options: { topics, groups: [{ ...quickGroup(SECOND_GROUP), groupId: SECOND_GROUP }] } }, async (app) => {
        await app.until('all are handled', () => seen.length >= 5);
        expect(seen.filter((each) => each !== undefined)).toEqual([]);
      }),
    );
  });

  it('that throws a KafkaSkipException has completed the record', async () => {
    @Injectable()
    class Handlers {
      @KafkaHandler('json')
      handle(): void {
        throw new KafkaSkipException('not for us');
      }
    }
    await withApp({ providers: [Handlers], options: { topics } }, async (app) => {
      await app.until('both are skipped and committed', () => app.consumers.getStats().committedCount === 2);
      expect(app.consumers.getStats()).toMatchObject({ skippedCount: 2, failedCount: 2, heldCount: 0, retriedCount: 0 });
    });
  });

  it('is not called for a value that does not decode: no retry, held, an error without the payload', async () => {
    const seen: unknown[] = [];
    const topic = await createTopic('broken');
    await produce(topic, 0, [{ value: '{"card":4711' }, { value: Buffer.from([0x22, 0xff, 0x22]) }, { value: '"good"' }]);
    @Injectable()
    class Handlers {
      @KafkaHandler('broken')
      handle(value: unknown): void {
        seen.push(value);
      }
    }
    await withApp({ providers: [Handlers], options: { topics: { broken: topic } } }, async (app) => {
      await app.until('all are decided', () => app.consumers.getStats().heldCount === 2 && seen.length === 1);
      expect(seen).toEqual(['good']);
      expect(app.consumers.getStats().retriedCount).toBe(0);
      const errors = app.logger.lines.filter((line) => line.startsWith('error'));
      expect(errors).toEqual([
        expect.stringMatching(/broken-\w+\/0 offset 0 failed in attempt 1 and is held.*KafkaDecodeError: .* does not decode as json/),
        expect.stringMatching(/offset 1 .*the bytes are not UTF-8/),
      ]);
      expect(errors.join()).not.toContain('4711');
    });
  });

  it('gets hostile names, headers and payloads as what they are: data', async () => {
    const seen: unknown[] = [];
    const topic = await createTopic('hostile');
    const hostile = JSON.stringify({ safe: 1 }).replace('safe', '__proto__');
    await produce(topic, 0, [
      { key: '__proto__', value: hostile, headers: { ['__proto__']: 'polluted', constructor: 'c', [String.fromCharCode(0xd800)]: Buffer.from([0xff, 0xfe]) } },
      { key: Buffer.from([0xff, 0x00]), value: '['.repeat(100_000) },
      { key: null, value: '"after"' },
    ]);
    @Injectable()
    class Handlers {
      @KafkaHandler('hostile')
      handle(value: unknown, { record }: KafkaContext): void {
        seen.push([record.key, JSON.stringify(value), Object.keys(record.headers).length, Object.getPrototypeOf(record.headers) === Object.prototype]);
      }
    }
    await withApp({ providers: [Handlers], options: { topics: { hostile: topic } } }, async (app) => {
      await app.until('the good ones are handled and the deep one is held', () => seen.length === 2 && app.consumers.getStats().heldCount === 1);
      expect(seen).toEqual([['__proto__', hostile, 3, true], [null, '"after"', 0, true]]);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    });
  });

  it('that gives a record up for good leaves a line in the log, with what a pipe has found', async () => {
    @Injectable()
    class Strict implements PipeTransform {
      transform(value: unknown, { type }: ArgumentMetadata): unknown {
        if (type === 'body') throw new BadRequestException(['n must not be less than 5', 'n must be even']);
        return value;
      }
    }
    @Injectable()
    class Handlers {
      @UsePipes(Strict)
      @KafkaHandler('json', { ordering: 'partition', onExhausted: 'skip', retry: { retries: 0 } })
      handle(_: unknown): void {}
    }
    await withApp({ providers: [Handlers], options: { topics } }, async (app) => {
      await app.until('both are skipped', () => app.consumers.getStats().skippedCount === 2);
      const [line, ...others] = app.logger.lines.filter((each) => each.startsWith('warn json'));
      expect(line).toMatch(/^warn json-\w+\/0 offset 0 failed in attempt 1 and is skipped for good \(BadRequestException: .*\(n must not be less than 5; n must be even\)\)$/);
      expect(others).toEqual([]);
    });
  });

  it('that prints its context shows the record, and not the fetch that it came with', async () => {
    const seen: string[] = [];
    @Injectable()
    class Handlers {
      @KafkaHandler('json', { ordering: 'partition' })
      handle(_: unknown, context: KafkaContext): void {
        seen.push(JSON.stringify(context), inspect(context, { depth: 9 }));
      }
    }
    await withApp({ providers: [Handlers], options: { topics } }, async (app) => {
      await app.until('both are handled', () => seen.length === 4);
      expect(JSON.parse(seen[0])).toEqual({
        record: { topic: topics.json, partition: 0, offset: '0', key: 'a', value: { n: 1 }, headers: { trace: 't1', twice: ['x', 'y'] }, timestampMs: expect.any(Number) as number },
        connection: 'default',
        groupId: expect.any(String) as string,
        epoch: 1,
        attempt: 1,
      });
      expect(seen[1]).toContain("key: 'a'");
      expect(seen[1]).not.toMatch(/buffer|chunk|delivery/i);
    });
  });
});
