import { ConnectError } from '@connectrpc/connect';
import { RunSandboxCleanupPolicy, type RunAgentRequest } from '../../../protocol/gen/agentcompose/v2/runs_pb.js';
import type { OurCalls } from '../ours.js';
import { said, type Dispatched } from './dispatched.js';

type Policy = Pick<RunAgentRequest, 'cleanupPolicy'>;

/**
 * Removes the sandbox of a run that has ended, where its request said so. What was not merged is kept, as with every removal. Returns why it
 * could not be removed; empty when it was, or was not to be.
 */
export async function cleanUp(ours: OurCalls, { cleanupPolicy }: Policy, { threadId }: Dispatched): Promise<string> {
  if (cleanupPolicy !== RunSandboxCleanupPolicy.REMOVE_ON_COMPLETION) return '';
  try {
    const { thread } = await ours.threads.getThread({ threadId });
    if (thread && thread.worktree !== '') await ours.worktrees.removeWorktree({ threadId });
    return '';
  } catch (error) {
    return ConnectError.from(error).rawMessage;
  }
}

/** The same of a run for which nobody waits: by this host, when it has ended. */
export function cleanUpLater(ours: OurCalls, policy: Policy, run: Dispatched): void {
  if (policy.cleanupPolicy !== RunSandboxCleanupPolicy.REMOVE_ON_COMPLETION) return;
  const ended = async (): Promise<void> => {
    for await (const _ of said(ours, { ...run, signal: new AbortController().signal }));
    await cleanUp(ours, policy, run);
  };
  // The host ends before the run does: its sandbox stays, as it does when a removal is refused.
  ended().catch(() => undefined);
}
