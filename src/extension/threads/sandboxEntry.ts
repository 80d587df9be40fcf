import { isSandboxNode } from '../views/worktreesView.js';
import type { Services } from '../services.js';

/** How a terminal gets into the sandbox that a row stands for, or the latest used one of a thread; undefined when it has none. */
export async function sandboxEntry(
  services: Services,
  request: { readonly threadId: string; readonly args: readonly unknown[]; readonly signal: AbortSignal },
): Promise<{ readonly agent: string; readonly command: readonly string[] } | undefined> {
  const { threadId, args, signal } = request;
  const { sandboxes: calls } = await services.host.client(signal);
  const { sandboxes } = await calls.listSandboxes({ threadId }, { signal });
  const row = args.find(isSandboxNode);
  const [latest] = sandboxes.toSorted((a, b) => Number(b.usedAt - a.usedAt));
  const sandbox = sandboxes.find(({ id }) => id === row?.sandbox.id) ?? latest;
  if (!sandbox) return undefined;
  const { terminal } = await calls.enterSandbox({ id: sandbox.id }, { signal });
  return { agent: sandbox.agent, command: terminal };
}
