import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import {
  HealthStatusResponseSchema,
  type HealthService,
  type HealthStatusResponse,
} from '../../protocol/gen/health/v1/health_pb.js';
import { time } from './answers.js';
import type { OurCalls } from './ours.js';

/** Who watches health asks about as often. */
const watchedEveryMs = 5_000;

/** `health.v1.HealthService`. */
export function healthCalls(
  ours: OurCalls,
  sleep: (ms: number, signal: AbortSignal) => Promise<void>,
): ServiceImpl<typeof HealthService> {
  return {
    status: async () => await healthOf(ours),
    async *watchStatus(_, { signal }) {
      while (!signal.aborted) {
        yield await healthOf(ours);
        await sleep(watchedEveryMs, signal);
      }
    },
  };
}

async function healthOf({ host }: OurCalls): Promise<HealthStatusResponse> {
  const { version, startedAt, uptimeS } = await host.getStatus({});
  const { rss, heapTotal, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return create(HealthStatusResponseSchema, {
    version,
    buildVersion: version,
    currentTime: time(BigInt(Date.now())),
    startedAt: time(startedAt),
    uptimeSeconds: BigInt(Math.floor(uptimeS)),
    memory: { heapSys: BigInt(heapTotal), heapAlloc: BigInt(heapUsed), heapInuse: BigInt(heapUsed), sys: BigInt(rss) },
    process: {
      cpuUserMillis: BigInt(Math.round(user / 1000)),
      cpuSystemMillis: BigInt(Math.round(system / 1000)),
      rssBytes: BigInt(rss),
    },
  });
}
