import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import * as vscode from 'vscode';
import { SandboxSchema, type Sandbox } from '../../../src/protocol/gen/muster/v1/sandboxes_pb.js';
import type { RecordedSandbox } from '../../support/recordedSandboxes.ts';

export type PodPhase = 'waiting' | 'running' | 'over';

/** What a host told of a pod of a real cluster, as `test/cluster/sandboxRecord.test.ts` keeps it. */
export async function recordedPod(): Promise<Readonly<Record<PodPhase, RecordedSandbox>>> {
  const folder = vscode.extensions.getExtension('muster.muster')?.extensionPath ?? '';
  const text = await readFile(join(folder, 'test', 'fixtures', 'sandboxes', 'pod.json'), 'utf8');
  return JSON.parse(text) as Readonly<Record<PodPhase, RecordedSandbox>>;
}

/** As it comes from the host; what takes a moment to find out only when it is asked for. */
export function podSandbox(threadId: string, recorded: RecordedSandbox, isMeasured: boolean): Sandbox {
  const { sandbox: id, agent, driver, image, state, problem, progress, node, phase, happenings = [], usage } = recorded;
  return create(SandboxSchema, {
    ...{ id, threadId, agent, driver, image, state, usedAt: 1n, runtimeIds: [...recorded.runtime_ids] },
    ...{ problem: problem ?? '', progress: progress ?? '', node: node ?? '', phase: phase ?? '' },
    happenings: isMeasured ? [...happenings] : [],
    ...(isMeasured &&
      usage && {
        usage: {
          cpus: usage.cpus,
          memoryBytes: BigInt(usage.memory_bytes),
          memoryLimitBytes: BigInt(usage.memory_limit_bytes),
          processes: usage.processes,
        },
      }),
  });
}
