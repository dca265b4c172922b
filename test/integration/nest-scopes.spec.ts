import {
  type CallHandler, type CanActivate, Catch, type ExceptionFilter, type ExecutionContext, Inject, Injectable, type NestInterceptor, type PipeTransform, Scope, UseGuards, UseInterceptors,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, ContextIdFactory, type ContextIdStrategy, type HostComponentInfo, REQUEST } from '@nestjs/core';
import { EMPTY, type Observable, tap } from 'rxjs';
import { type KafkaContext, KafkaHandler, KafkaValue } from '../../lib/index.js';
import { createTopic, produce } from '../support/kafka.js';
import { withApp } from '../support/nest-app.js';

let topics: Record<string, string>;
beforeAll(async () => {
  topics = { numbers: await createTopic('numbers') };
  await produce(topics.numbers, 0, [{ key: 'a', value: '1' }, { key: 'a', value: '2' }]);
});

describe('a handler class', () => {
  it('that depends on something of request scope is made for each record, with the context as its request', async () => {
    const seen: unknown[] = [];
    @Injectable({ scope: Scope.REQUEST })
    class Tenant {
      constructor(@Inject(REQUEST) private readonly context: KafkaContext) {}
      get offset(): string {
        return this.context.record.offset;
      }
    }
    @Injectable()
    class Handlers {
      private calls = 0;
      constructor(private readonly tenant: Tenant) {}
      @KafkaHandler('numbers')
      handle(value: number): void {
        seen.push([value, this.tenant.offset, ++this.calls]);
      }
    }
    await withApp({ providers: [Handlers, Tenant], options: { topics } }, async (app) => {
      await app.until('both are handled', () => seen.length === 2);
      expect(seen).toEqual([[1, '0', 1], [2, '1', 1]]);
    });
  });

  it('of the default scope may have guards and interceptors of request scope', async () => {
    const seen: string[] = [];
    @Injectable({ scope: Scope.REQUEST })
    class OnlyOdd implements CanActivate {
      constructor(@Inject(REQUEST) private readonly context: KafkaContext<number>) {}
      canActivate(): boolean {
        return this.context.record.value % 2 === 1;
      }
    }
    @Injectable({ scope: Scope.REQUEST })
    class Timed implements NestInterceptor {
      private readonly began = 'began';
      intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
        return next.handle().pipe(tap(() => seen.push(this.began)));
      }
    }
    @Injectable()
    class Handlers {
      @UseGuards(OnlyOdd)
      @UseInterceptors(Timed)
      @KafkaHandler('numbers', { onExhausted: 'skip', retry: { retries: 0 } })
      handle(value: number): void {
        seen.push(String(value));
      }
    }
    await withApp({ providers: [Handlers, OnlyOdd, Timed], options: { topics } }, async (app) => {
      await app.until('both are complete', () => app.consumers.getStats().committedCount === 2);
      expect(seen).toEqual(['1', 'began']);
      expect(app.consumers.getStats()).toMatchObject({ processedCount: 1, skippedCount: 1 });
    });
  });

  it('that is durable has one instance for all records that its strategy puts together', async () => {
    const seen: number[] = [];
    const tenants = { a: ContextIdFactory.create() };
    const strategy: ContextIdStrategy = {
      attach: (contextId, request) =>
        'record' in (request as object)
          ? { resolve: ({ isTreeDurable }: HostComponentInfo) => (isTreeDurable ? tenants.a : contextId), payload: { tenant: 'a' } }
          : undefined,
    };
    ContextIdFactory.apply(strategy);
    @Injectable({ scope: Scope.REQUEST, durable: true })
    class Durable {
      private calls = 0;
      @KafkaHandler('numbers')
      handle(): void {
        seen.push(++this.calls);
      }
    }
    try {
      await withApp({ providers: [Durable], options: { topics } }, async (app) => {
        await app.until('both are handled', () => seen.length === 2);
        expect(seen).toEqual([1, 2]);
      });
    } finally {
      ContextIdFactory.apply({ attach: () => undefined });
    }
  });
});

describe('a global enhancer', () => {
  it.each([Scope.REQUEST, Scope.TRANSIENT])('of scope %i is made for the record: a pipe that needs its constructor works on handlers of the default scope', async (scope) => {
    const seen: unknown[] = [];
    @Injectable()
    class Factor {
      readonly factor = 10;
    }
    @Injectable({ scope })
    class Scaled implements PipeTransform {
      constructor(private readonly factor: Factor) {}
      transform(value: number): number {
        return value * this.factor.factor;
      }
    }
    @Injectable()
    class Handlers {
      @KafkaHandler('numbers')
      handle(@KafkaValue() value: number): void {
        seen.push(value);
      }
    }
    await withApp({ providers: [Handlers, Factor, { provide: APP_PIPE, useClass: Scaled, scope }], options: { topics } }, async (app) => {
      await app.until('both are handled', () => seen.length === 2);
      expect(seen).toEqual([10, 20]);
    });
  });

  it.each<[string, boolean | Record<string, boolean> | undefined, string[]]>([
    ['pipes alone, by default', undefined, ['pipe', 'handler']],
    ['none', false, ['handler']],
    ['all', true, ['guard', 'interceptor', 'pipe', 'handler', 'filter']],
    ['guards beside pipes', { guards: true }, ['guard', 'pipe', 'handler']],
    ['interceptors without pipes', { pipes: false, interceptors: true }, ['interceptor', 'handler']],
    ['filters alone', { pipes: false, filters: true }, ['handler', 'filter']],
  ])('runs where globalEnhancers ask for it: %s', async (_, globalEnhancers, expected) => {
    const seen: string[] = [];
    const guard: CanActivate = { canActivate: () => seen.push('guard') > 0 };
    const interceptor: NestInterceptor = { intercept: (__, next) => (seen.push('interceptor'), next.handle()) };
    const pipe: PipeTransform = { transform: (value: unknown) => (seen.push('pipe'), value) };
    @Catch()
    class Filter implements ExceptionFilter {
      catch(): Observable<never> {
        seen.push('filter');
        return EMPTY;
      }
    }
    @Injectable()
    class Handlers {
      @KafkaHandler('numbers', { ordering: 'partition', onExhausted: 'skip', retry: { retries: 0 } })
      handle(@KafkaValue() value: number): void {
        seen.push('handler');
        if (value === 1) throw new Error('for the filter');
      }
    }
    const providers = [Handlers, { provide: APP_GUARD, useValue: guard }, { provide: APP_INTERCEPTOR, useValue: interceptor }, { provide: APP_PIPE, useValue: pipe }, { provide: APP_FILTER, useClass: Filter }];
    await withApp({ providers, options: { topics, globalEnhancers } }, async (app) => {
      await app.until('both are complete', () => app.consumers.getStats().committedCount === 2);
      const ofFirst = seen.slice(0, expected.length);
      expect(ofFirst).toEqual(expected);
      expect(app.consumers.getStats().skippedCount).toBe(expected.includes('filter') ? 0 : 1);
    });
  });
});
