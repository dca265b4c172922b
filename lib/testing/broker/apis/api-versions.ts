import { ErrorCode } from '../protocol/error-codes.js';
import { array, int16, int64, since, string, struct, tagged, throttleTime } from '../protocol/types.js';
import { type Api, defineApi } from './api.js';

/**
 * ApiVersions, 0 to 4. What the registry holds, and nothing else. An unknown version is answered with version 0 and
 * UNSUPPORTED_VERSION, so that the client can ask again.
 * Left out: features. Clients therefore use transactions of the first protocol (AddPartitionsToTxn before Produce).
 */
export function apiVersions(apis: () => Iterable<Api>) {
  const announced = () => [...apis()].map(({ key, versions: [min, max], announcedFrom = min }) => ({ apiKey: key, minVersion: announcedFrom, maxVersion: max }));
  return defineApi({
    key: 18,
    name: 'ApiVersions',
    versions: [0, 4],
    flexibleFrom: 3,
    request: struct({ clientSoftwareName: since(3, string, ''), clientSoftwareVersion: since(3, string, '') }),
    response: struct({
      errorCode: int16,
      apiKeys: array({ apiKey: int16, minVersion: int16, maxVersion: int16 }),
      throttleTimeMs: throttleTime(1),
      finalizedFeaturesEpoch: tagged(1, int64, -1),
    }),
    handle: () => ({ errorCode: ErrorCode.NONE, apiKeys: announced() }),
    refuse: (_request, errorCode) => ({ errorCode, apiKeys: announced() }),
  });
}
