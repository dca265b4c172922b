import fc from 'fast-check';
import { AssignerProtocol } from 'kafkajs';
import { CorruptError } from '../../../lib/kafkajs/byte-reader.js';
import { decodeAssignment, decodeMetadata, encodeAssignment, encodeMetadata } from '../../../lib/kafkajs/group-codec.js';

const { MemberMetadata, MemberAssignment } = AssignerProtocol;
const userData = Buffer.from([1, 2, 3]);

describe('what members tell each other', () => {
  it('is what kafkajs reads and writes', () => {
    expect(MemberMetadata.decode(encodeMetadata(['a', 'ü'], userData))).toEqual({ version: 0, topics: ['a', 'ü'], userData });
    expect(decodeMetadata(MemberMetadata.encode({ version: 1, topics: ['a'], userData }))).toEqual({ topics: ['a'], userData });
    expect(MemberAssignment.decode(encodeAssignment({ partitions: new Map([['a', [0, 2]], ['b', []]]), userData }))).toEqual({ version: 0, assignment: { a: [0, 2], b: [] }, userData });
    expect(decodeAssignment(MemberAssignment.encode({ version: 0, assignment: { a: [1], b: [2, 3] }, userData }))).toEqual({ partitions: new Map([['a', [1]], ['b', [2, 3]]]), userData });
  });

  it('may go on with what later versions have added', () => {
    expect(decodeMetadata(Buffer.concat([encodeMetadata(['a'], userData), Buffer.from('owned partitions')]))).toEqual({ topics: ['a'], userData });
  });

  it('is no partitions where nothing has been assigned, and none twice for a topic named twice', () => {
    expect(decodeAssignment(Buffer.alloc(0)).partitions.size).toBe(0);
    const once = encodeAssignment({ partitions: new Map([['__proto__', [1]], ['b', [2]]]), userData });
    expect([...decodeAssignment(once).partitions]).toEqual([['__proto__', [1]], ['b', [2]]]);
  });

  it('is refused where it is something else, however much it announces', () => {
    expect(() => decodeAssignment(Buffer.from('00007fffffff', 'hex'))).toThrow(CorruptError);
    expect(() => decodeMetadata(Buffer.from('00007fffffff', 'hex'))).toThrow(CorruptError);
    expect(() => decodeMetadata(Buffer.from([0]))).toThrow(CorruptError);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), raw => {
        for (const decode of [decodeAssignment, decodeMetadata]) {
          try {
            decode(Buffer.from(raw));
          } catch (error) {
            expect(error).toBeInstanceOf(CorruptError);
          }
        }
      }),
    );
  });
});
