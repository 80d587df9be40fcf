import { beforeEach, expect } from 'vitest';
import { mcpWorld, shellProvider } from './mcpWorld.ts';

/** Agents that do as their task says, one of them in the person's checkout; merges wait for what `hold('verify')` holds. */
export const landingFile = `name: shop
limits: {concurrency: 6}
providers:
${shellProvider}
agents:
  dev: {provider: shell}
  here: {provider: shell, workspace: {provider: shared}}
merge:
  verify: ['while [ -e "$HOME/hold-verify" ]; do sleep 0.05; done']
`;

/** A file that is written, and said so. */
export const writes = (name: string, text = name): string => `echo ${text} > ${name}\necho I wrote it.`;

/** What `orch_close` takes of a thread. */
export const closed = (thread: string, status = 'completed'): Record<string, unknown> => ({
  thread_id: thread,
  from: 'operator',
  status,
});

/** A world for threads that land; call it at the top of a test file. */
export function landingWorld() {
  const world = mcpWorld(landingFile, { files: { 'app.txt': 'one\ntwo\nthree\n' } });
  // Nothing of what a test left is in the way of the next one.
  beforeEach(() => {
    world.git('reset', '--quiet', '--hard');
    world.git('clean', '--quiet', '-fd');
  });
  return {
    world,
    /** A thread that did what the body says. */
    work: async (body: string, more: object = {}): Promise<string> => (await world.done(body, { ...more })).thread,
    /** Its merge, once that has ended. */
    async merge(thread: string, more: object = {}): Promise<Readonly<Record<string, unknown>>> {
      const queued = await world.mcp.ok('orch_merge', { thread_id: thread, from: 'operator', ...more });
      return await world.mcp.ok('orch_wait_merge', { op_id: queued['op_id'] });
    },
    /** What a tool says that must not succeed. */
    async refused(tool: string, args: Record<string, unknown>): Promise<string> {
      const { isError, text } = await world.mcp.call(tool, args);
      expect(isError, `${tool} succeeded: ${text}`).toBe(true);
      return text;
    },
  };
}
