import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Kafka, Partitioners, type Producer } from 'kafkajs';
import type { Order } from './orders/order.js';
import { Settings } from './settings.js';

const CUSTOMERS = 50;

/** Where orders come from: one per request, and on request some more each second. */
@Injectable()
export class Till implements OnModuleInit, OnApplicationShutdown {
  private readonly producer: Producer;
  private lastId = 0;
  private traffic: NodeJS.Timeout | undefined;

  constructor(private readonly settings: Settings) {
    const kafka = new Kafka({ clientId: 'till', brokers: settings.brokers });
    this.producer = kafka.producer({ allowAutoTopicCreation: false, createPartitioner: Partitioners.DefaultPartitioner });
  }

  async onModuleInit(): Promise<void> {
    await this.producer.connect();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.traffic);
    await this.producer.disconnect();
  }

  /** Resolves once the broker has the order. */
  async order(customer: string, amount: number): Promise<Order> {
    const order: Order = { id: ++this.lastId, customer, amount, card: 'valid' };
    await this.send(this.settings.ordersTopic, [order]);
    return order;
  }

  /** Orders of random customers from now on; one in ten comes back. */
  startTraffic(ordersPerSecond: number, failed: (error: unknown) => void): void {
    this.traffic = setInterval(() => {
      const orders = Array.from({ length: ordersPerSecond }, () => this.randomOrder());
      const returns = orders.filter(({ id }) => id % 10 === 0);
      Promise.all([this.send(this.settings.ordersTopic, orders), this.send(this.settings.returnsTopic, returns)]).catch(failed);
    }, 1000);
  }

  private async send(topic: string, orders: readonly Order[]): Promise<void> {
    await this.producer.send({ topic, messages: orders.map((order) => ({ key: order.customer, value: JSON.stringify(order) })) });
  }

  private randomOrder(): Order {
    const id = ++this.lastId;
    const customer = `customer-${Math.floor(Math.random() * CUSTOMERS)}`;
    return { id, customer, amount: 1 + Math.floor(Math.random() * 100), card: id % 100 === 0 ? 'expired' : id % 500 === 50 ? 'flaky' : 'valid' };
  }
}
