import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jupyterPrograms } from '../../src/build/provision/jupyter.ts';
import type { HostClient } from '../../src/client/hostClient.js';
import type { GuestKernel, KernelSaying } from '../../src/client/notebooks/guestKernel.js';
import { GuestServer } from '../../src/client/notebooks/guestServer.js';
import { onTestFinished } from 'vitest';
import { testHome, testRepository, type Programs, type TestHome } from './hostProcess.js';

const compose = [
  'name: notebooks',
  'providers:',
  '  sh: {command: sh, args: [-c, "cat > task.txt"], output: {format: text}, permissions: auto}',
  'agents: {dev: {provider: sh, env: {APP_COLOUR: green}}}',
  '',
].join('\n');

/** A host with one thread whose worktree is ready. */
export interface NotebookWorld {
  readonly home: TestHome;
  readonly client: HostClient;
  readonly repository: string;
  readonly thread: string;
  readonly worktree: string;
  /** A connection to the thread's server over the present host, which is started when there is none. */
  guest(thread?: string): Promise<GuestServer>;
  /** One more thread. `path`: in place of the folder of the real Jupyter. */
  dispatch(path?: string): Promise<{ readonly id: string; readonly worktree: string }>;
}

/** Where the real Jupyter is, in front of PATH. */
export function withJupyter(home: TestHome): string {
  if (!existsSync(join(jupyterPrograms(), 'jupyter-server')))
    throw new Error('Jupyter is not installed for tests: `npm test -- notebooks` does that.');
  return `${jupyterPrograms()}:${home.env['PATH'] ?? ''}`;
}

/** Makes a {@link NotebookWorld}. */
export async function notebookWorld(
  programs: Programs,
  files: Readonly<Record<string, string>> = {},
  { jupyter = true }: { readonly jupyter?: boolean } = {},
): Promise<NotebookWorld> {
  const home = testHome(programs);
  onTestFinished(() => endServers(home));
  const repository = testRepository({ 'agent-compose.yml': compose, ...files });
  const path = jupyter ? withJupyter(home) : (home.env['PATH'] ?? '');
  const client = await home.connect({ env: { ...home.env, PATH: path } });
  await client.projects.applyProject({ file: join(repository, 'agent-compose.yml'), consent: true });
  const dispatch = async (programsFirst?: string): Promise<{ readonly id: string; readonly worktree: string }> => {
    const environment = { PATH: programsFirst === undefined ? path : `${programsFirst}:${path}` };
    const { threadId } = await client.threads.dispatch({
      folder: repository,
      agent: 'dev',
      prompt: 'Work',
      environment,
    });
    for await (const { update } of client.events.watch({}, { signal: AbortSignal.timeout(60_000) })) {
      if (update.case !== 'snapshot' && update.case !== 'changes') continue;
      const thread = update.value.threads.find(({ id, status }) => id === threadId && status === 'ready');
      if (thread) return { id: thread.id, worktree: thread.worktree };
    }
    throw new Error('The feed ended');
  };
  const { id: thread, worktree } = await dispatch();
  return {
    home,
    client,
    repository,
    thread,
    worktree,
    dispatch,
    async guest(of = thread) {
      const present = await home.connect({ env: { ...home.env, PATH: path } });
      const { server } = await present.notebooks.startNotebookServer({ threadId: of });
      const { socket, token } = present.endpoint;
      return new GuestServer({ socket, token }, server?.path ?? '');
    },
  };
}

/** Executes a cell to its end; everything that the kernel said. */
export async function runCell(
  kernel: GuestKernel,
  code: string,
  onInput?: (prompt: string) => Promise<string | undefined>,
): Promise<{ readonly kind: string; readonly messageId: string; readonly said: readonly KernelSaying[] }> {
  const said: KernelSaying[] = [];
  const execution = kernel.execute(code, { onSaying: saying => said.push(saying), ...(onInput ? { onInput } : {}) });
  const { kind } = await execution.end;
  return { kind, messageId: execution.messageId, said };
}

/** What was printed. */
export function printed(said: readonly KernelSaying[]): string {
  return said.map(({ type, content }) => (type === 'stream' ? String(content['text']) : '')).join('');
}

/** Servers outlive their host, and would outlive the test. */
export function endServers({ stateDir }: { readonly stateDir: string }): void {
  for (const file of globSync(join(stateDir, 'notebooks/runs/*/pid'))) {
    const text = readFileSync(file, 'utf8').trim();
    // Of one that never began.
    if (text === '') continue;
    const { group } = JSON.parse(text) as { group: number };
    try {
      process.kill(-group, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}

/** Everything that the journal has of a cell, waiting for its end. */
export async function sayings({ home, thread }: NotebookWorld, messageId: string): Promise<readonly KernelSaying[]> {
  const client = await home.connect();
  const signal = AbortSignal.timeout(60_000);
  const said: KernelSaying[] = [];
  for await (const { lines } of client.notebooks.followCell({ threadId: thread, messageId }, { signal }))
    said.push(...lines.map(line => JSON.parse(line) as KernelSaying));
  return said;
}
