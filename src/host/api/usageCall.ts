import { create } from '@bufbuild/protobuf';
import { defined } from '../../base/defined.js';
import { findProjectOfHistory, projectOfFolder } from '../../core/projects/projectService.js';
import { usageKeys, type UsageSum } from '../../core/runs/runUsage.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import { findThread } from '../../core/threads/threadLookup.js';
import { UsageSchema, type ListUsageRequest, type Usage } from '../../protocol/gen/muster/v1/runs_pb.js';
import { absolutePath, fail, given, oneOf } from './requestFields.js';
import { safeNumber } from './wire.js';

const maxSums = 1000;
const defaultSums = 200;
const minuteMs = 60_000;
/** No place on earth is further from UTC. */
const maxOffsetMinutes = 14 * 60;

/** Answers `RunService.ListUsage`. */
export function listUsage(store: Store<Stores>, request: ListUsageRequest): readonly Usage[] {
  const by = request.by.map(key => oneOf(usageKeys, key, 'by')).filter(key => key !== undefined);
  const { utcOffsetMinutes: offset, limit } = request;
  if (Math.abs(offset) > maxOffsetMinutes) throw fail('utc_offset_minutes', 'no time zone is that far from UTC');
  return store.read(stores => {
    const project =
      request.project !== ''
        ? findProjectOfHistory(stores, request.project)
        : request.folder !== ''
          ? projectOfFolder(stores, absolutePath(request.folder, 'folder'))
          : undefined;
    const sums = stores.usage.sums({
      by,
      dayOffsetMs: offset * minuteMs,
      limit: limit > 0 ? Math.min(maxSums, limit) : defaultSums,
      ...defined({
        project: project?.id,
        agent: given(request.agent),
        batch: given(request.batch),
        thread: request.threadId === '' ? undefined : findThread(stores, request.threadId).thread.id,
        from: moment(request.from, 'from'),
        to: moment(request.to, 'to'),
      }),
    });
    return sums.map(sum => wireUsage(stores, sum));
  });
}

function moment(at: bigint, field: string): number | undefined {
  return at === 0n ? undefined : safeNumber(at, field);
}

function wireUsage(stores: Stores, sum: UsageSum): Usage {
  const { projectId, threadId, agent = '', day = '', batch = '' } = sum;
  return create(UsageSchema, {
    projectId: projectId ?? '',
    projectName: projectId === undefined ? '' : (stores.projects.get(projectId)?.name ?? ''),
    threadId: threadId ?? '',
    threadSummary: threadId === undefined ? '' : (stores.threads.get(threadId)?.summary ?? ''),
    agent,
    day,
    batch,
    runs: sum.runs,
    failed: sum.failed,
    priced: sum.priced,
    durationMs: BigInt(sum.durationMs),
    ...defined({
      inputTokens: wireCount(sum.inputTokens),
      outputTokens: wireCount(sum.outputTokens),
      cacheReadTokens: wireCount(sum.cacheReadTokens),
      cacheWriteTokens: wireCount(sum.cacheWriteTokens),
      costUsd: sum.costUsd,
    }),
  });
}

function wireCount(tokens: number | undefined): bigint | undefined {
  return tokens === undefined ? undefined : BigInt(Math.round(tokens));
}
