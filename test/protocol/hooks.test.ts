import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';
import { startMcp } from '../support/mcpClient.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

/** Each hook writes what it gets to read as one line of a file outside of the repository. */
const file = `name: shop
providers:
  author: {command: sh, args: ["-c", "echo hi > hi.txt; echo Done."]}
  broken: {command: sh, args: ["-c", "exit 3"]}
agents:
  dev: {provider: author}
  bad: {provider: broken}
hooks:
  on_run_started: &told
    - {command: nothing-of-this-name}
    - {command: sh, args: ["-c", "cat >> \\"$HOME/told\\"; echo >> \\"$HOME/told\\""], env: {APP_X: "1"}}
  on_run_finished: *told
  on_thread_closed: *told
  on_thread_failed: *told
  on_merge_finished:
    - {command: sh, args: ["-c", "cat >> \\"$HOME/told\\"; echo >> \\"$HOME/told\\""], filter: {status: merged}}
    - {command: sh, args: ["-c", "touch \\"$HOME/never\\""], filter: {status: merged, nothing: here}}
    - {command: git, args: [push, --quiet, origin, main], filter: {status: merged, target: main}}
`;

test('hooks hear of runs, merges and threads, whatever way they ended by, and one that fails changes nothing', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  const user = home.env['HOME'] ?? '';
  const told = (): readonly Record<string, unknown>[] => {
    const path = join(user, 'told');
    if (!existsSync(path)) return [];
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as Record<string, unknown>);
  };
  const heard = async (event: string, more: object): Promise<void> => {
    await vi.waitFor(() => expect(told()).toContainEqual(expect.objectContaining({ event, ...more })), {
      timeout: 20_000,
    });
  };
  const remote = join(user, 'remote.git');
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: repository, env: { ...process.env, ...home.env }, encoding: 'utf8' }).trim();
  git('init', '--quiet', '--bare', remote);
  git('remote', 'add', 'origin', remote);
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  const dispatch = async (agent: string): Promise<string> => {
    const { thread_id: id } = (await home.musterJson(['dispatch', agent, 'Do it'], { cwd: repository })) as {
      thread_id: string;
    };
    await home.muster(['wait', id], { cwd: repository });
    return id;
  };
  const thread = await dispatch('dev');
  await heard('run_started', { thread, agent: 'dev', project_name: 'shop' });
  await heard('run_finished', { thread, status: 'completed', answer: 'Done.' });
  await home.muster(['merge', thread], { cwd: repository });
  await heard('merge_finished', { thread, status: 'merged', target: 'main' });
  await vi.waitFor(() => expect(git('ls-remote', remote, 'main').split('\t')[0]).toBe(git('rev-parse', 'main')), {
    timeout: 20_000,
  });
  await heard('thread_closed', { thread });
  const failed = await dispatch('bad');
  await heard('run_finished', { thread: failed, status: 'failed' });
  const mcp = await startMcp(home, { programs, cwd: repository });
  await mcp.ok('orch_close', { thread_id: failed, status: 'failed' });
  await heard('thread_failed', { thread: failed });
  expect(existsSync(join(user, 'never'))).toBe(false);
  const counts = told().filter(each => each['thread'] === thread);
  expect(new Set(counts.map(({ event }) => event))).toEqual(
    new Set(['merge_finished', 'run_finished', 'run_started', 'thread_closed']),
  );
  expect(counts).toHaveLength(4);
});
