import { registry } from '../../../lib/testing/broker/apis/registry.js';
import { differences } from '../../support/conformance/differences.js';
import { Document } from '../../support/documents.js';

const { text } = new Document('docs/embedded-kafka.md');

describe('docs/embedded-kafka.md', () => {
  it('names each API with its versions, and no other', () => {
    const section = text.slice(text.indexOf('## What it serves'), text.indexOf('## Differences'));
    const listed = [...section.matchAll(/^\| ([A-Z]\w+) \| ([\d–]+) \|/gm)].map(([, name, versions]) => `${name} ${versions}`);
    const served = [...registry.values()].map(({ name, versions: [first, last] }) => `${name} ${first === last ? first : `${first}–${last}`}`);
    expect(listed.sort()).toEqual(served.sort());
  });

  it.each(Object.values(differences))('tells of $what', ({ what, kafka, embedded }) => {
    expect(text).toContain(`| ${what} | ${kafka} | ${embedded} |`);
  });
});
