import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { inRepository } from '../../src/build/paths.ts';
import {
  notebookWorld,
  printed,
  runCell,
  sayings,
  withJupyter,
  type NotebookWorld,
} from '../support/guestNotebooks.js';
import { buildPrograms, type Programs } from '../support/hostProcess.js';
import { folderOutOfReach } from '../support/privateFolder.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

interface Answer {
  readonly isError?: boolean;
  readonly content: readonly { readonly type: string; readonly text?: string; readonly data?: string }[];
}

/** A world whose agent `dev` has a kernel; each of its runs makes these calls of its tool. */
async function toolWorld(calls: readonly unknown[], agent = 'permissions: auto'): Promise<NotebookWorld> {
  const world = await notebookWorld(programs, { 'calls.json': JSON.stringify(calls) });
  const file = join(world.repository, 'agent-compose.yml');
  writeFileSync(file, `name: notebooks\nagents: {dev: {provider: claude, jupyter: {enabled: true}, ${agent}}}\n`);
  await world.client.projects.applyProject({ file, consent: true });
  return world;
}

function fakeClaude({ home }: NotebookWorld): string {
  const bin = join(home.env['HOME'] ?? '', 'bin');
  mkdirSync(bin, { recursive: true });
  copyFileSync(inRepository('test/fixtures/toolCaller.mjs'), join(bin, 'claude'));
  chmodSync(join(bin, 'claude'), 0o755);
  return bin;
}

function answersIn(worktree: string) {
  return JSON.parse(readFileSync(join(worktree, 'answers.json'), 'utf8')) as {
    readonly tools: readonly string[];
    readonly allowed: string;
    readonly answers: readonly Answer[];
  };
}

/** A run whose first cell is at work: it makes the file `begun` and waits for the file `go`. */
async function begun(world: NotebookWorld) {
  const path = `${fakeClaude(world)}:${withJupyter(world.home)}`;
  const task = { folder: world.repository, agent: 'dev', prompt: 'Work', environment: { PATH: path } };
  const { threadId } = await world.client.threads.dispatch(task);
  const worktree = async () => (await world.client.threads.getThread({ threadId })).thread?.worktree ?? '';
  await expect.poll(async () => existsSync(join(await worktree(), 'begun')), { timeout: 120_000 }).toBe(true);
  return { threadId, worktree: await worktree() };
}

async function whenReady({ home }: NotebookWorld, threadId: string): Promise<void> {
  const client = await home.connect();
  const status = async () => (await client.threads.getThread({ threadId })).thread?.status;
  await expect.poll(status, { timeout: 120_000 }).toBe('ready');
}

const words = ({ content }: Answer): string => content.map(({ text = '' }) => text).join('\n');

describe('the tool of an agent that executes code', () => {
  it('runs it in the kernel of its thread, gives text, pictures and files, and is recorded', async () => {
    const picture = `from IPython.display import Image, display\nimport base64\ndisplay(Image(base64.b64decode("${png}")))`;
    const world = await toolWorld([
      { code: 'kept = 20\nprint("one")' },
      { code: `${picture}\nkept + 1`, save_to: 'plots' },
      { code: '1 / 0' },
      { code: 'import time\nkept = 30\ntime.sleep(600)', timeout_seconds: 1 },
      { code: 'print(kept)' },
      { code: 'input("name?")' },
      { code: 'import os\nos._exit(1)' },
    ]);
    const { id, worktree } = await world.dispatch(fakeClaude(world));
    const { tools, allowed, answers } = answersIn(worktree);
    expect(tools).toEqual(['execute']);
    expect(allowed).toBe('mcp__muster__execute');
    const [first, second, third, fourth, fifth, sixth, seventh] = answers;
    expect(first).toMatchObject({ isError: false, content: [{ type: 'text', text: 'one\n' }] });
    expect(second?.content).toContainEqual({ type: 'image', data: png, mimeType: 'image/png' });
    expect(words(second!)).toContain('21');
    expect(readFileSync(join(worktree, 'plots/output-1.png')).toString('base64')).toBe(png);
    expect(third?.isError).toBe(true);
    expect(words(third!)).toContain('ZeroDivisionError');
    expect(words(fourth!)).toMatch(/KeyboardInterrupt[\s\S]*was interrupted/);
    expect(words(fifth!)).toBe('30\n');
    expect(words(sixth!)).toContain('StdinNotImplementedError');
    expect(words(seventh!)).toContain('ended or was restarted');
    const { cells } = await world.client.notebooks.listCells({ threadId: id });
    expect(cells.slice(0, 3)).toMatchObject([
      { source: 'kept = 20\nprint("one")', text: 'one\n', executionCount: 1 },
      { outputs: expect.arrayContaining(['image/png']) as string[] },
      { source: '1 / 0', error: 'ZeroDivisionError' },
    ]);
    expect(cells[0]?.endedAt).toBeGreaterThan(0n);
  });

  it('uses the kernel of a notebook that a person has open', async () => {
    const waits = 'import os, time\nopen("begun", "w")\nwhile not os.path.exists("go"): time.sleep(0.05)';
    const world = await toolWorld([{ code: waits }, { code: 'print("agent", shared)', notebook: 'a.ipynb' }]);
    const { threadId, worktree } = await begun(world);
    const kernel = await (await world.guest(threadId)).kernelOf('a.ipynb', { kernel: 'python3' });
    await runCell(kernel, 'shared = "hello"');
    writeFileSync(join(worktree, 'go'), '');
    await whenReady(world, threadId);
    expect(answersIn(worktree).answers.map(words)).toEqual(['Executed. It showed nothing.', 'agent hello\n']);
    expect(printed((await runCell(kernel, 'print(shared)')).said)).toBe('hello\n');
    kernel.dispose();
  });

  it('executes once, and answers, when the host is killed meanwhile', async () => {
    const marks = 'import os, time\nprint("begun", flush=True)\nopen("begun", "a").write("x")';
    const wait = 'while not os.path.exists("go"): time.sleep(0.05)\nprint("ended")';
    const world = await toolWorld([{ code: `${marks}\n${wait}` }]);
    const { threadId, worktree } = await begun(world);
    await world.home.killHost();
    const client = await world.home.connect();
    writeFileSync(join(worktree, 'go'), '');
    await whenReady(world, threadId);
    const [answer] = answersIn(worktree).answers;
    expect(words(answer!)).toBe('begun\nended\n');
    const { cells } = await client.notebooks.listCells({ threadId });
    expect(cells).toHaveLength(1);
    // The kernel takes this after everything else that it was asked.
    const kernel = await (await world.guest(threadId)).runningKernelOf('muster-exec');
    expect(printed((await runCell(kernel!, 'print(open("begun").read())')).said)).toBe('x\n');
    kernel?.dispose();
    expect(printed(await sayings({ ...world, thread: threadId }, cells[0]?.messageId ?? ''))).toBe('begun\nended\n');
  });

  it('writes where a strict agent may, and nowhere else', async () => {
    const attempt = (path: string) =>
      `try:\n    open(${path}, "w").write("x")\n    print("wrote")\nexcept OSError: print("refused")`;
    // Not below the folder for temporary files, where everybody may write.
    const outside = join(folderOutOfReach('outside'), 'outside.txt');
    const world = await toolWorld(
      [{ code: `import os\n${attempt('"inside.txt"')}` }, { code: attempt(JSON.stringify(outside)) }],
      'permissions: auto, sandbox: strict',
    );
    const { worktree } = await world.dispatch(fakeClaude(world));
    expect(answersIn(worktree).answers.map(words)).toEqual(['wrote\n', 'refused\n']);
    expect(existsSync(outside)).toBe(false);
  });

  it('is not there for agents that may not run commands, and asks a person where commands do', async () => {
    const world = await toolWorld([], 'permissions: ask');
    const { worktree } = await world.dispatch(fakeClaude(world));
    expect(answersIn(worktree)).toMatchObject({ tools: ['ask', 'permission', 'execute'], allowed: 'mcp__muster__ask' });
  });
});
