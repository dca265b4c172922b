import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PLANTED_BUGS } from './planted-bugs.js';

describe('planted bugs', () => {
  it.each(PLANTED_BUGS.map(({ name, edits }) => [name, edits] as const))('can be planted: %s', (_, edits) => {
    for (const { file, search } of edits) {
      const source = readFileSync(join(__dirname, '../../lib', file), 'utf8');
      expect([file, search, source.split(search).length - 1]).toEqual([file, search, 1]);
    }
  });
});
