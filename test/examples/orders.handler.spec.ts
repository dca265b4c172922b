import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { createKafkaContext, EmbeddedKafka, useEmbeddedKafka } from 'nestjs-kafka-many-threads/testing';
import { AppModule } from './app.module.js';
import { type Order, OrdersHandler, Payments } from './orders.handler.js';

const NOT_COORDINATOR = 16;

describe('OrdersHandler, by itself', () => {
  it('charges the order and sends a receipt', async () => {
    const payments: Payments = { charge: async () => 'receipt 7' };
    const context = createKafkaContext<Order>({ value: { id: 7, amount: 10 }, topic: 'orders', key: 'ada', partition: 1, offset: '42' });
    await new OrdersHandler(payments).handle(context.record.value, context);
    expect(context.sent).toEqual([{ topic: 'receipts', key: 'ada', value: 'receipt 7', headers: { order: '1/42' } }]);
  });

  it('gives the charge up when its attempt is aborted', async () => {
    const payments: Payments = { charge: (_, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))) };
    const context = createKafkaContext<Order>({ value: { id: 7, amount: 10 } });
    const handled = new OrdersHandler(payments).handle(context.record.value, context);
    context.abort(new Error('too slow'));
    await expect(handled).rejects.toThrow('too slow');
    expect(context.sent).toEqual([]);
  });
});

describe('the application, with Kafka', () => {
  let kafka: EmbeddedKafka;
  let app: INestApplicationContext;
  const charge = jest.fn<Promise<string>, [Order]>();

  beforeEach(async () => {
    kafka = await EmbeddedKafka.start({ topics: [{ name: 'orders', partitions: 2 }, { name: 'receipts' }] });
    charge.mockReset().mockImplementation(async ({ id }) => `receipt ${id}`);
    const builder = Test.createTestingModule({ imports: [AppModule] }).overrideProvider(Payments).useValue({ charge });
    app = (await useEmbeddedKafka(builder, kafka).compile()).createNestApplication({ logger: ['error'] });
    await app.init();
  });
  afterEach(async () => {
    await app.close();
    await kafka.stop();
  });

  it('charges each order once, and commits when the receipts are written', async () => {
    await kafka.produce('orders', [1, 2, 3].map((id) => ({ key: `customer-${id}`, value: JSON.stringify({ id, amount: 10 }) })));
    await kafka.whenCommitted('shop', 'orders');
    expect(charge).toHaveBeenCalledTimes(3);
    expect(kafka.records('receipts').map(({ value }) => String(value)).sort()).toEqual(['receipt 1', 'receipt 2', 'receipt 3']);
  });

  it('tries again when the payment provider fails', async () => {
    charge.mockRejectedValueOnce(new Error('503'));
    await kafka.produce('orders', [{ value: '{"id":1,"amount":10}' }]);
    const [receipt] = await kafka.whenRecords('receipts');
    expect(String(receipt?.value)).toBe('receipt 1');
    expect(charge).toHaveBeenCalledTimes(2);
  });

  it('commits although the coordinator refuses it at first', async () => {
    kafka.inject({ api: 'OffsetCommit', error: NOT_COORDINATOR, times: 2 });
    await kafka.produce('orders', [{ value: '{"id":1,"amount":10}' }]);
    await kafka.whenIdle('shop');
    expect(charge).toHaveBeenCalledTimes(1);
    kafka.assertNoPendingFaults();
  });
});
