import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.js';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const compose = [
  'name: old',
  'providers: {sh: {command: sh, args: [-c, "cat > task.txt; echo secret > my.secret"], output: {format: text}, permissions: auto}}',
  'agents: {dev: {provider: sh}}',
  '',
].join('\n');

interface Collected {
  readonly garbage: readonly { readonly kind: string; readonly path: string }[];
}

it('what is kept no longer is listed before it goes, and nothing of an open thread does', async () => {
  const home = testHome(programs);
  const cwd = testRepository({ 'agent-compose.yml': compose, '.gitignore': '*.secret\n' });
  // Nothing is kept for a moment longer than it has to be.
  const env = { MUSTER_RETENTION_RUN_DAYS: '0', MUSTER_RETENTION_RESCUE_DAYS: '0' };
  await home.muster(['up', '--yes'], { cwd, env });
  const dispatch = async (task: string): Promise<string> => {
    const { thread_id: thread } = (await home.musterJson(['dispatch', 'dev', task, '--wait'], { cwd, env })) as {
      thread_id: string;
    };
    return thread;
  };
  const open = await dispatch('Stay');
  const gone = await dispatch('Go');
  expect((await home.muster(['abandon', gone], { cwd, env })).status).toBe(0);
  const openRuns = (await home.connect().then(client => client.threads.getThread({ threadId: open }))).thread
    ?.latestRun;

  const listed = (await home.musterJson(['gc', '--dry-run'], { cwd, env })) as Collected;
  expect(listed.garbage.map(({ kind }) => kind).toSorted()).toEqual(['rescue', 'run']);
  const run = listed.garbage.find(({ kind }) => kind === 'run')?.path ?? '';
  expect(run).not.toContain(openRuns?.id);
  expect(existsSync(run)).toBe(true);

  const collected = await home.muster(['gc'], { cwd, env });
  expect(collected.status).toBe(0);
  expect(collected.stdout).toMatch(/rescue .*refs\/muster\/rescue\/go-[^]*Removed 2 of 2/);
  expect(existsSync(run)).toBe(false);
  expect((await home.muster(['gc'], { cwd, env })).stdout).toContain('Nothing is older');
  const restored = await home.muster(['restore', gone], { cwd, env });
  expect(restored.stderr).toMatch(/has been discarded/);
  expect((await home.muster(['logs', gone], { cwd, env })).stderr).not.toContain('unexpected');
});

it('databases that were set aside go after the same time as rescues', async () => {
  const home = testHome(programs);
  mkdirSync(home.stateDir, { recursive: true });
  const aside = join(home.stateDir, 'muster.db.corrupt-2020-01-01T00-00-00-000Z');
  writeFileSync(aside, 'damaged');
  const kept = (await home.musterJson(['gc', '--dry-run'])) as Collected;
  expect(kept.garbage).toEqual([]);
  await home.muster(['daemon', 'stop']);
  const env = { MUSTER_RETENTION_RESCUE_DAYS: '0' };
  const removed = (await home.musterJson(['gc'], { env })) as Collected;
  expect(removed.garbage).toMatchObject([{ kind: 'database', path: aside }]);
  expect(existsSync(aside)).toBe(false);
});
