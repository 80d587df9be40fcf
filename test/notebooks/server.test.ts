import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, globSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codePointsTo, matchesOf, textOfInspection, utf16Offset } from '../../src/extension/notebooks/kernelWords.js';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  notebookWorld,
  printed,
  runCell,
  sayings,
  withJupyter,
  type NotebookWorld,
} from '../support/guestNotebooks.js';
import { buildPrograms, type Programs } from '../support/hostProcess.js';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

function tokenOf({ home }: NotebookWorld): string {
  const [file = ''] = globSync(join(home.stateDir, 'notebooks/runs/*/settings.json'));
  return (JSON.parse(readFileSync(file, 'utf8')) as { token: string }).token;
}

/** Command lines of everything that the worktree's server started. */
function processesOf({ home }: NotebookWorld): readonly string[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(pid => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
      } catch {
        return [];
      }
    })
    .filter(line => line.includes(`${home.stateDir}/notebooks`));
}

describe('a guest server', () => {
  it('runs cells in the worktree, with the environment of the agent', async () => {
    const world = await notebookWorld(programs);
    const guest = await world.guest();
    const kernel = await guest.kernelOf('analysis.ipynb', { kernel: 'python3' });
    const { kind, said } = await runCell(kernel, 'import os; print(os.getcwd(), os.environ["APP_COLOUR"])');
    expect(kind).toBe('ok');
    expect(printed(said)).toBe(`${world.worktree} green\n`);
    expect(await guest.kernelSpecs()).toMatchObject([{ name: 'python3', language: 'python', isDefault: true }]);
    kernel.dispose();
  });

  it('outlives a killed host, and nothing that its kernel said meanwhile is lost (JUP-004)', async () => {
    const world = await notebookWorld(programs);
    const kernel = await (await world.guest()).kernelOf('long.ipynb', { kernel: 'python3' });
    const code = 'import time\nkept = 42\nfor n in range(300):\n    print(n, flush=True)\n    time.sleep(0.01)';
    const started = Promise.withResolvers<void>();
    const execution = kernel.execute(code, { onSaying: ({ type }) => type === 'stream' && started.resolve() });
    await started.promise;
    await world.home.killHost();
    expect(await execution.end).toEqual({ kind: 'lost' });
    kernel.dispose();

    const again = await world.guest();
    const said = await sayings(world, execution.messageId);
    expect(printed(said).split('\n')).toEqual([...Array.from({ length: 300 }, (_, n) => String(n)), '']);
    const same = await again.runningKernelOf('long.ipynb');
    expect(same?.id).toBe(kernel.id);
    expect(printed((await runCell(same!, 'print(kept)')).said)).toBe('42\n');
    same!.dispose();
  });

  it('is ended, with its kernels, before the files of its thread go', async () => {
    const world = await notebookWorld(programs);
    const kernel = await (await world.guest()).kernelOf('a.ipynb', { kernel: 'python3' });
    await runCell(kernel, 'import subprocess; subprocess.Popen(["sleep", "1000"], start_new_session=True)');
    kernel.dispose();
    expect(processesOf(world).length).toBeGreaterThanOrEqual(2);
    const { thread } = await world.client.threads.abandonThread({ threadId: world.thread });
    expect(thread?.notebookServer).toMatchObject({ state: 'stopped', reason: 'It was ended.' });
    expect(processesOf(world)).toEqual([]);
    expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toContain('sleep 1000');
    expect(existsSync(world.worktree)).toBe(false);
    expect(globSync(join(world.home.stateDir, 'notebooks/runs/*/{settings.json,sock,runtime}'))).toEqual([]);
  });

  it('has a token that is in no argument, log, database or environment of its kernels', async () => {
    const world = await notebookWorld(programs);
    const kernel = await (await world.guest()).kernelOf('a.ipynb', { kernel: 'python3' });
    const { said } = await runCell(kernel, 'import os; print(dict(os.environ))');
    const token = tokenOf(world);
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    expect(printed(said)).not.toContain(token);
    expect(processesOf(world).join('\n')).not.toContain(token);
    const files = globSync(join(world.home.stateDir, '{host.log,muster.db*,notebooks/runs/*/{spec.json,std*}}'));
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) expect(readFileSync(file, 'latin1'), file).not.toContain(token);
    kernel.dispose();
  });

  it('runs no configuration that lies in the worktree', async () => {
    const world = await notebookWorld(programs);
    for (const name of ['jupyter_config.py', 'jupyter_server_config.py', 'config.py', 'sitecustomize.py'])
      writeFileSync(join(world.worktree, name), `open(${JSON.stringify(join(world.worktree, 'ran'))}, 'w').write('x')`);
    await world.guest();
    expect(existsSync(join(world.worktree, 'ran'))).toBe(false);
  });

  it('says what installs it where it is not installed', async () => {
    const world = await notebookWorld(programs, {}, { jupyter: false });
    await expect(world.guest()).rejects.toMatchObject({
      code: 'notebooks.missing',
      message: expect.stringContaining('`muster jupyter install`') as string,
    });
    const { thread } = await world.client.threads.getThread({ threadId: world.thread });
    expect(thread?.notebookServer?.state).toBe('failed');
  });

  it('that ends before it answers has failed, with what it said', async () => {
    const world = await notebookWorld(programs, {}, { jupyter: false });
    const bin = join(world.home.env['HOME'] ?? '', 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'jupyter-server'), '#!/bin/sh\necho "no module named tornado" >&2\nexit 3\n');
    chmodSync(join(bin, 'jupyter-server'), 0o755);
    const { id } = await world.dispatch(bin);
    await expect(world.client.notebooks.startNotebookServer({ threadId: id })).rejects.toMatchObject({
      code: 'notebooks.failed',
      message: expect.stringContaining('no module named tornado') as string,
    });
    const { thread } = await world.client.threads.getThread({ threadId: id });
    expect(thread?.notebookServer).toMatchObject({ state: 'failed' });
    expect(thread?.notebookServer?.reason).toContain('no module named tornado');
  });

  it('is taken up by the next host, which ends it when asked', async () => {
    const world = await notebookWorld(programs);
    await world.guest();
    await world.home.killHost();
    const client = await world.home.connect();
    const { server } = await client.notebooks.getNotebookServer({ threadId: world.thread });
    expect(server).toMatchObject({ state: 'ready', kernels: 0 });
    const stopped = await client.notebooks.stopNotebookServer({ threadId: world.thread });
    expect(stopped.server?.state).toBe('stopped');
    expect(processesOf(world)).toEqual([]);
  });

  it('records every cell, whoever executed it, with its source and what came of it (JUP-003)', async () => {
    const world = await notebookWorld(programs);
    const guest = await world.guest();
    const kernel = await guest.kernelOf('a.ipynb', { kernel: 'python3' });
    await runCell(kernel, 'print("one")\n1 + 1');
    const failing = await runCell(kernel, '1 / 0');
    kernel.dispose();
    expect(failing.kind).toBe('error');
    const listed = async () => (await world.client.notebooks.listCells({ threadId: world.thread })).cells;
    // The journal hears of an end at the same time as the client.
    await expect.poll(async () => (await listed()).every(({ endedAt }) => endedAt > 0n)).toBe(true);
    const cells = await listed();
    expect(cells).toMatchObject([
      { source: 'print("one")\n1 + 1', executionCount: 1, error: '', text: 'one\n2\n', outputs: ['text/plain'] },
      { messageId: failing.messageId, source: '1 / 0', executionCount: 2, error: 'ZeroDivisionError' },
    ]);
    for (const { startedAt, endedAt } of cells) expect(endedAt).toBeGreaterThanOrEqual(startedAt);
  });

  it('serves several clients and threads at once, each kernel by itself (JUP-005)', async () => {
    const world = await notebookWorld(programs);
    const other = await world.dispatch();
    const [first, second] = await Promise.all([world.guest(), world.guest(other.id)]);
    const kernels = await Promise.all([
      first.kernelOf('a.ipynb', { kernel: 'python3' }),
      first.kernelOf('b.ipynb', { kernel: 'python3' }),
      second.kernelOf('a.ipynb', { kernel: 'python3' }),
    ]);
    const results = await Promise.all(
      kernels.map(async (kernel, n) => {
        await runCell(kernel, `import os; mine = ${n}`);
        return printed((await runCell(kernel, 'print(mine, os.getcwd())')).said);
      }),
    );
    expect(results).toEqual([`0 ${world.worktree}\n`, `1 ${world.worktree}\n`, `2 ${other.worktree}\n`]);
    for (const kernel of kernels) kernel.dispose();
  });

  it('completes and explains names as its kernel knows them', async () => {
    const world = await notebookWorld(programs);
    const kernel = await (await world.guest()).kernelOf('a.ipynb', { kernel: 'python3' });
    await runCell(kernel, 'import time\nduck = "🦆"');
    const code = '"🦆"; time.mono';
    const answer = await kernel.complete(code, codePointsTo(code, code.length));
    if (answer.status !== 'ok') throw new Error('no answer');
    const [first] = matchesOf(answer);
    const start = utf16Offset(code, answer.cursor_start);
    expect(code.slice(0, start) + (first?.text ?? '')).toMatch(/^"🦆"; time\.monotonic$/);
    const said = await kernel.inspect('time.monotonic', 14);
    expect(said.status === 'ok' && textOfInspection(said.data)).toContain('Monotonic clock');
    kernel.dispose();
  });
});

it('starts with a run that `muster run --jupyter` begins', async () => {
  const world = await notebookWorld(programs);
  const call = { cwd: world.repository, env: { PATH: withJupyter(world.home) } };
  expect(await world.home.muster(['run', '--jupyter-expose', 'dev', 'x'], call)).toMatchObject({ status: 4 });
  expect(await world.home.muster(['run', '--jupyter', 'dev', 'Work'], call)).toMatchObject({ status: 0 });
  const { threads } = await world.client.threads.listThreads({});
  const id = threads.find(thread => thread.id !== world.thread)?.id ?? '';
  const state = async () => (await world.client.notebooks.getNotebookServer({ threadId: id })).server?.state;
  await expect.poll(state, { timeout: 60_000 }).toBe('ready');
});

it('starts with the first run of an agent whose compose file enables it', async () => {
  const world = await notebookWorld(programs);
  const enabled = readFileSync(join(world.repository, 'agent-compose.yml'), 'utf8').replace(
    '{provider: sh,',
    '{provider: sh, jupyter: {enabled: true},',
  );
  writeFileSync(join(world.repository, 'agent-compose.yml'), enabled);
  await world.client.projects.applyProject({ file: join(world.repository, 'agent-compose.yml'), consent: true });
  const { id } = await world.dispatch();
  const state = async () => (await world.client.notebooks.getNotebookServer({ threadId: id })).server?.state;
  await expect.poll(state, { timeout: 60_000 }).toBe('ready');
  const others = await world.client.notebooks.getNotebookServer({ threadId: world.thread });
  expect(others.server).toBeUndefined();
});
