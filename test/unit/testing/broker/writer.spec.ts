import { Reader } from '../../../../lib/testing/broker/protocol/reader.js';
import { Writer } from '../../../../lib/testing/broker/protocol/writer.js';

describe('A writer', () => {
  it('loses nothing where one of its buffers is full, whatever comes next', () => {
    for (let filled = 0; filled < 64; filled++) {
      const writer = new Writer(0, true, 32);
      for (let byte = 0; byte < filled; byte++) writer.int8(1);
      writer.string('a text of some length');
      writer.uuid('AAAAAAAAAAAAAAAAAAAAAQ');
      writer.raw(Buffer.from('raw'));
      writer.int64(-2);
      const reader = new Reader(Buffer.concat(writer.buffers()), 0, true, filled);
      expect([reader.string(), reader.uuid(), reader.buffer.toString('utf8', reader.position, reader.position + 3)]).toEqual(['a text of some length', 'AAAAAAAAAAAAAAAAAAAAAQ', 'raw']);
      reader.position += 3;
      expect([reader.int64(), reader.remaining]).toEqual([-2, 0]);
    }
  });
});
