import { isSandboxNode } from '../views/worktreesView.js';
import type { Services } from '../services.js';

export interface SandboxEntry {
  readonly agent: string;
  readonly driver: string;
  /** Of a terminal inside. */
  readonly command: readonly string[];
  /** Of the engine, by id. */
  readonly containers: readonly string[];
}

/** How a terminal gets into the sandbox that a row stands for, or the latest used one of a thread; undefined when it has none. */
export async function sandboxEntry(
  services: Services,
  request: { readonly threadId: string; readonly args: readonly unknown[]; readonly signal: AbortSignal },
): Promise<SandboxEntry | undefined> {
  const { threadId, args, signal } = request;
  const { sandboxes: calls } = await services.host.client(signal);
  const { sandboxes } = await calls.listSandboxes({ threadId }, { signal });
  const row = args.find(isSandboxNode);
  const [latest] = sandboxes.toSorted((a, b) => Number(b.usedAt - a.usedAt));
  const sandbox = sandboxes.find(({ id }) => id === row?.sandbox.id) ?? latest;
  if (!sandbox) return undefined;
  const { terminal } = await calls.enterSandbox({ id: sandbox.id }, { signal });
  // What there is to get into may just have been started.
  const after = await calls.listSandboxes({ threadId }, { signal });
  const containers = after.sandboxes.find(({ id }) => id === sandbox.id)?.runtimeIds ?? [];
  return { agent: sandbox.agent, driver: sandbox.driver, command: terminal, containers };
}
