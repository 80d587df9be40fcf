import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLog } from '../../src/base/log.js';
import { createGitWorktreeDriver } from '../../src/drivers/git/worktree/gitWorktreeDriver.js';
import { createSpareDriver } from '../../src/drivers/git/worktree/spareWorktree.js';
import { createNodeClock } from '../../src/drivers/process/nodeClock.js';
import { benchEnvironment, makeHome } from './benchHost.js';
import type { Figure } from '../../src/build/benchFigures.ts';
import { percentile } from './figures.js';

const files = 40_000;
const rounds = 5;

/** Worktrees of a large repository, ours and plain `git worktree add` in turn. */
export async function measure(): Promise<readonly Figure[]> {
  const home = makeHome();
  const env = benchEnvironment(home);
  Object.assign(process.env, {
    GIT_CONFIG_GLOBAL: env['GIT_CONFIG_GLOBAL'],
    GIT_CONFIG_SYSTEM: '/dev/null',
    HOME: home,
  });
  const repository = join(home, 'large');
  makeRepository(repository, env);
  const driver = createGitWorktreeDriver({ stateDir: join(home, 'state'), clock: createNodeClock(), log: silentLog });
  const spares = createSpareDriver({ stateDir: join(home, 'state'), clock: createNodeClock(), log: silentLog });
  const ours: number[] = [];
  const plain: number[] = [];
  const claimed: number[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      plain.push(
        await timed(async () => {
          execFileSync('git', ['worktree', 'add', '-q', '-b', `plain-${round}`, join(home, `plain-${round}`), 'main'], {
            cwd: repository,
            env,
          });
        }),
      );
      ours.push(
        await timed(() =>
          driver.create(
            { repository, path: join(home, `ours-${round}`), branch: `muster/ours-${round}`, base: 'main' },
            AbortSignal.timeout(120_000),
          ),
        ),
      );
      const request = { repository, path: join(home, 'state', 'ready', `spare-${round}`), base: 'main' };
      const spare = { ...request, ...(await spares.make(request, AbortSignal.timeout(120_000))) };
      claimed.push(
        await timed(() =>
          driver.create(
            {
              repository,
              path: join(home, `claimed-${round}`),
              branch: `muster/claimed-${round}`,
              base: 'main',
              spare,
            },
            AbortSignal.timeout(120_000),
          ),
        ),
      );
    }
  } finally {
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
  const note = `${files} files, ${rounds} rounds in turn, medians`;
  return [
    {
      name: 'worktree ready, from those that stand ready',
      value: percentile(claimed, 0.5),
      unit: 'ms',
      note,
      budget: 100,
    },
    { name: 'worktree ready', value: percentile(ours, 0.5), unit: 'ms', note },
    { name: '`git worktree add` of the same', value: percentile(plain, 0.5), unit: 'ms', note },
    {
      name: 'worktree ready against `git worktree add`',
      value: percentile(ours, 0.5) / percentile(plain, 0.5),
      unit: '×',
      budget: 1.1,
    },
  ];
}

function makeRepository(repository: string, env: NodeJS.ProcessEnv): void {
  for (let folder = 0; folder < files / 100; folder++) {
    const path = join(repository, `src${folder % 20}`, `part${folder}`);
    mkdirSync(path, { recursive: true });
    for (let n = 0; n < 100; n++)
      writeFileSync(join(path, `file${n}.ts`), `export const value${n} = ${folder * 100 + n};\n`.repeat(10));
  }
  for (const args of [
    ['init', '-q'],
    ['add', '-A'],
    ['commit', '-qm', 'Begin'],
    ['gc', '-q'],
  ])
    execFileSync('git', args, { cwd: repository, env });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}
