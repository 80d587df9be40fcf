import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  SandboxPruneCandidateKind,
  SandboxPruneCandidateSchema,
  SandboxStatus,
  type PruneSandboxesRequest,
  type PruneSandboxesResponseSchema,
} from '../../../protocol/gen/agentcompose/v2/sandboxes_pb.js';
import { time } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { agentsOf, allThreads } from './findThread.js';
import { sandboxOf, sandboxStatus } from './shapes.js';

/** Removes worktrees, or tells which would go. What they hold is kept, as with every removal. */
export async function pruneSandboxes(
  ours: OurCalls,
  request: PruneSandboxesRequest,
): Promise<MessageInitShape<typeof PruneSandboxesResponseSchema>> {
  const { projectId, agentName, driver, force } = request;
  const statuses = request.status.length === 0 ? [SandboxStatus.STOPPED] : request.status;
  const agents = await agentsOf(ours);
  const sandboxes = (await allThreads(ours, projectId))
    .filter(({ worktree, agent }) => worktree !== '' && (agentName === '' || agent === agentName))
    .filter(thread => statuses.includes(sandboxStatus(thread)))
    .map(thread => sandboxOf(thread, agents(thread)))
    .filter(sandbox => driver === '' || sandbox.driver === driver);
  // No ids would mean all of them.
  if (sandboxes.length === 0) return { dryRun: !force };
  const { worktrees } = await ours.worktrees.cleanWorktrees({
    threadIds: sandboxes.map(({ sandboxId }) => sandboxId),
    olderThanMs: request.olderThanSeconds * 1000n,
    unmerged: true,
    force,
  });
  const candidates = sandboxes.flatMap(({ sandboxId, driver: name, status, updatedAt, ...more }) => {
    const looked = worktrees.find(({ worktree }) => worktree?.threadId === sandboxId);
    if (!looked) return [];
    const candidate = create(SandboxPruneCandidateSchema, {
      kind: SandboxPruneCandidateKind.SANDBOX_RECORD,
      sandboxId,
      projectId: more.projectId,
      agentName: more.agentName,
      driver: name,
      status,
      updatedAt: updatedAt ?? time(0n),
      removable: looked.state !== 'kept',
      blockedReasons: looked.reason === '' ? [] : [looked.reason],
    });
    return [{ state: looked.state, candidate }];
  });
  return {
    dryRun: !force,
    matched: candidates.map(({ candidate }) => candidate),
    removed: candidates.flatMap(({ state, candidate }) => (state === 'removed' ? candidate.sandboxId : [])),
    skipped: candidates.flatMap(({ state, candidate }) => (state === 'kept' ? candidate : [])),
  };
}
