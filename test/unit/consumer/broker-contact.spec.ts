import { BrokerContact } from '../../../lib/consumer/broker-contact.js';

/** One that hears answers every second in these spans. */
function heard(...spans: readonly (readonly [number, number])[]): BrokerContact {
  const contact = new BrokerContact(1000);
  for (const [from, to] of spans) for (let at = from; at <= to; at += 1000) contact.answered(at);
  return contact;
}

describe('the age of something', () => {
  it('is 0 before any broker has answered', () => {
    expect(new BrokerContact(1000).ageOf(-Infinity)).toBe(0);
    expect(new BrokerContact(1000).ageAtCoordinator(-5000)).toBe(0);
  });

  it('counts from the first answer where it is older than that', () => {
    expect(heard([5000, 9000]).ageOf(-Infinity)).toBe(4000);
  });

  it('ends with the last answer, and is never negative', () => {
    const contact = heard([0, 10_000]);
    expect(contact.ageOf(4000)).toBe(6000);
    expect(contact.ageOf(11_000)).toBe(0);
    expect(contact.ageOf(Infinity)).toBe(0);
  });

  it('leaves silences out: before it, across its beginning, within it', () => {
    const contact = heard([0, 10_000], [610_000, 620_000], [900_000, 901_000]);
    expect(contact.ageOf(0)).toBe(21_000);
    expect(contact.ageOf(300_000)).toBe(11_000);
    expect(contact.ageOf(615_000)).toBe(6000);
    expect(contact.ageOf(700_000)).toBe(1000);
    expect(contact.ageOf(900_500)).toBe(500);
  });

  it('counts pauses of up to three heartbeats, which are none', () => {
    const contact = new BrokerContact(1000);
    for (const at of [0, 3000, 6000, 9001]) contact.answered(at);
    expect(contact.ageOf(0)).toBe(6000);
  });

  it('at the coordinator begins anew when there was none', () => {
    const contact = heard([0, 10_000]);
    contact.coordinatorMissed(7000);
    expect(contact.ageAtCoordinator(0)).toBe(3000);
    expect(contact.ageAtCoordinator(8000)).toBe(2000);
    expect(contact.ageOf(0)).toBe(10_000);
  });

  it('stays cheap and errs on the side of life after thousands of silences', () => {
    const contact = heard(...Array.from({ length: 5000 }, (_, index): [number, number] => [index * 10_000, index * 10_000 + 1000]));
    expect(contact.ageOf(0)).toBeLessThanOrEqual(5000 * 1000);
    expect(contact.ageOf(0)).toBeGreaterThanOrEqual(1000 * 1000);
    expect(contact.ageOf(4_990 * 10_000)).toBe(10 * 1000);
  });
});
