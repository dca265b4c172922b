import { type INestApplicationContext, Injectable, type ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { KafkaHandler, KafkaManyThreadsModule, KafkaProducerService } from '../../../lib/index.js';
import { EmbeddedKafka, useEmbeddedKafka } from '../../../lib/testing/index.js';

const elsewhere = { clientId: 'shop', brokers: ['kafka.example:9093'], ssl: true, sasl: { mechanism: 'plain' as const, username: 'shop', password: 'secret' } };

@Injectable()
class Handlers {
  readonly seen: string[] = [];
  @KafkaHandler('orders')
  order(id: number): void {
    this.seen.push(`order ${id}`);
  }
  @KafkaHandler('invoices', { connection: 'billing', groupId: 'billing' })
  invoice(id: number): void {
    this.seen.push(`invoice ${id}`);
  }
}

describe('useEmbeddedKafka', () => {
  let kafka: EmbeddedKafka;
  let app: INestApplicationContext | undefined;
  beforeEach(async () => {
    kafka = await EmbeddedKafka.start({ topics: [{ name: 'orders' }, { name: 'invoices' }] });
  });
  afterEach(async () => {
    await app?.close();
    await kafka.stop();
  });

  const boot = async (imports: NonNullable<ModuleMetadata['imports']>): Promise<INestApplicationContext> => {
    const module = await useEmbeddedKafka(Test.createTestingModule({ imports, providers: [Handlers] }), kafka).compile();
    app = module.createNestApplication({ logger: false });
    return app.init();
  };

  it('points every connection at the broker, however it was configured, and whenever the records were produced', async () => {
    await kafka.produce('orders', [{ value: '1' }]);
    const booted = await boot([
      KafkaManyThreadsModule.forRoot({ client: elsewhere, consumer: { groupId: 'shop', preset: 'oneAtATime' } }),
      KafkaManyThreadsModule.forRootAsync({ name: 'billing', useFactory: async () => ({ client: elsewhere, groups: [{ groupId: 'billing', commit: { intervalMs: 60_000 } }] }) }),
    ]);
    await booted.get(KafkaProducerService).for('billing').send('invoices', { value: 2 });
    await Promise.all([kafka.whenCommitted('shop', 'orders', { withinMs: 20_000 }), kafka.whenCommitted('billing', 'invoices', { withinMs: 20_000 })]);
    expect(booted.get(Handlers).seen.sort()).toEqual(['invoice 2', 'order 1']);
    expect(new Set(kafka.requests().map(({ clientId }) => clientId))).toContain('shop');
  }, 60_000);

  it('leaves options that cannot be where they are refused', () => {
    expect(() => KafkaManyThreadsModule.forRoot({ client: elsewhere, consumer: { groupId: '' } })).toThrow('groupId');
  });
});
