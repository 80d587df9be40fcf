import type { Clock } from '../../base/clock.js';
import type { SandboxStats } from '../../core/sandboxes/sandboxDriver.js';
import { runInside } from './insidePod.js';
import type { PodContainer } from './podChannels.js';

/** What the kernel counts for a container, whichever of its two hierarchies is mounted: nanoseconds, bytes, bytes, processes. */
const count = String.raw`
cd /sys/fs/cgroup
if [ -r cpu.stat ]; then
  while read -r name value; do [ "$name" = usage_usec ] && echo "$value"000; done <cpu.stat
  cat memory.current memory.max pids.current
else
  cat cpuacct/cpuacct.usage memory/memory.usage_in_bytes memory/memory.limit_in_bytes
  cat pids/pids.current
fi
`;

const betweenMs = 500;
/** A limit that is none. */
const unlimited = 2 ** 53;

/**
 * What a container uses, as its own kernel says: two looks, for processors are counted in time. The metrics API of a cluster is seldom
 * there, and a minute old. What an agent could make of these numbers concerns nobody but who looks at them.
 */
export async function usageOf(place: PodContainer, clock: Clock): Promise<SandboxStats | undefined> {
  const look = async (): Promise<{ readonly at: number; readonly numbers: readonly number[] }> => {
    const said = await runInside(place, ['/bin/sh', '-c', count]);
    return { at: clock.awake(), numbers: said.trim().split('\n').map(Number) };
  };
  const first = await look();
  await clock.sleep(betweenMs, new AbortController().signal);
  const second = await look();
  const [used = NaN, memoryBytes = NaN, limit = NaN, processes = NaN] = second.numbers;
  if (!Number.isFinite(memoryBytes) || !Number.isFinite(processes)) return undefined;
  const passed = (second.at - first.at) * 1e6;
  const spent = used - (first.numbers[0] ?? NaN);
  return {
    cpus: passed > 0 && spent > 0 ? spent / passed : 0,
    memoryBytes,
    ...(limit < unlimited ? { memoryLimitBytes: limit } : {}),
    processes,
  };
}
