import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLog } from '../../src/base/log.js';
import { parseId } from '../../src/base/ids.js';
import type { CandidateCheckouts } from '../../src/core/merges/candidateVerifier.js';
import type { Landing } from '../../src/core/merges/landing.js';
import type { MergeDriver, MergeRequest } from '../../src/core/merges/mergeDriver.js';
import { performMerge } from '../../src/core/merges/performMerge.js';
import { performTrain } from '../../src/core/merges/performTrain.js';
import { parsePatch } from '../../src/core/reviews/patch.js';
import { createCandidateCheckouts } from '../../src/drivers/git/merge/candidateCheckout.js';
import { createGitMergeDriver } from '../../src/drivers/git/merge/gitMergeDriver.js';
import { createGitWorktreeDriver } from '../../src/drivers/git/worktree/gitWorktreeDriver.js';
import { createNodeClock } from '../../src/drivers/process/nodeClock.js';
import type { Figure } from '../../src/build/benchFigures.ts';
import { benchEnvironment, makeHome } from './benchHost.js';
import { percentile } from './figures.js';

const threads = 50;
const merged = 20;
const changedFiles = 500;
const rounds = 5;
const never = new AbortController().signal;

/** Reviews, the queue and the prediction of conflicts, each beside plain git on the same repository. */
export async function measure(): Promise<readonly Figure[]> {
  const home = makeHome();
  const env = benchEnvironment(home);
  Object.assign(process.env, {
    GIT_CONFIG_GLOBAL: env['GIT_CONFIG_GLOBAL'],
    GIT_CONFIG_SYSTEM: '/dev/null',
    HOME: home,
  });
  try {
    const scene = new Scene(home, env);
    await scene.fill();
    return [...(await scene.review()), ...(await scene.prediction()), ...(await scene.queue())];
  } finally {
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

class Scene {
  readonly #home: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #repository: string;
  readonly #merging: MergeDriver;
  readonly #checkouts: CandidateCheckouts;
  readonly #worktrees;
  readonly #heads: { readonly branch: string; readonly path: string; readonly head: string }[] = [];
  #base = '';

  constructor(home: string, env: NodeJS.ProcessEnv) {
    this.#home = home;
    this.#env = env;
    this.#repository = join(home, 'repository');
    const landings = new Map<string, Landing>();
    const journal = {
      get: (merge: string) => landings.get(merge),
      save: (landing: Landing) => void landings.set(landing.merge, landing),
      remove: (merge: string) => void landings.delete(merge),
      unfinished: () => [...landings.values()].filter(({ step }) => step !== 'done'),
    };
    const options = { stateDir: join(home, 'state'), clock: createNodeClock(), log: silentLog };
    this.#merging = createGitMergeDriver({ ...options, journal });
    this.#checkouts = createCandidateCheckouts(options);
    this.#worktrees = createGitWorktreeDriver(options);
  }

  /** 2,000 files; threads that change one of their own, and one that changes 500. */
  async fill(): Promise<void> {
    for (let n = 0; n < 2_000; n++) this.#write(this.#repository, `src/part${n % 20}/file${n}.ts`, lines(n));
    this.#git(this.#repository, 'init', '-q', '-b', 'main');
    this.#git(this.#repository, 'add', '-A');
    this.#git(this.#repository, 'commit', '-qm', 'Begin');
    this.#base = this.#git(this.#repository, 'rev-parse', 'HEAD');
    // Nothing is checked out at the targets, as with a person who works on a branch of their own.
    this.#git(this.#repository, 'checkout', '-q', '-b', 'mine');
    for (let n = 0; n <= threads; n++) {
      const path = join(this.#home, 'threads', String(n));
      const branch = `muster/task-${n}`;
      await this.#worktrees.create({ repository: this.#repository, path, branch, base: 'main' }, never);
      const changed = n === threads ? changedFiles : 1;
      for (let file = 0; file < changed; file++) {
        const number = n === threads ? file : n * 7;
        this.#write(
          path,
          `src/part${number % 20}/file${number}.ts`,
          lines(number).replace('line 3', `changed by ${n}`),
        );
      }
      this.#git(path, 'commit', '-qam', `Task ${n}`);
      this.#heads.push({ branch, path, head: this.#git(path, 'rev-parse', 'HEAD') });
    }
  }

  async review(): Promise<readonly Figure[]> {
    const { head = '' } = this.#heads[threads] ?? {};
    const [ours, plain]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      plain.push(await timed(async () => this.#git(this.#repository, 'diff', '--no-ext-diff', this.#base, head)));
      ours.push(
        await timed(async () => {
          const commits = { base: this.#base, head };
          const files = await this.#worktrees.committedChanges(this.#repository, commits);
          const { text } = await this.#worktrees.committedPatch(this.#repository, commits, 32_000_000);
          if (files.length !== changedFiles || parsePatch(text).length !== changedFiles)
            throw new Error('Files are missing');
        }),
      );
    }
    const note = `${changedFiles} changed files, ${rounds} rounds in turn, medians`;
    return [
      { name: 'review: files and hunks of a thread', value: percentile(ours, 0.5), unit: 'ms', note },
      { name: '`git diff` of the same', value: percentile(plain, 0.5), unit: 'ms', note },
    ];
  }

  async prediction(): Promise<readonly Figure[]> {
    const ours = await timed(async () => {
      for (const { head } of this.#heads.slice(0, threads))
        await this.#worktrees.conflicts({ repository: this.#repository }, { head, target: 'main' });
    });
    const plain = await timed(async () => {
      for (const { head } of this.#heads.slice(0, threads))
        this.#git(this.#repository, 'merge-tree', '--write-tree', 'main', head);
    });
    const note = `${threads} threads, one after the other, when the target moved`;
    return [
      { name: 'conflicts predicted', value: ours, unit: 'ms', note },
      { name: '`git merge-tree` of the same', value: plain, unit: 'ms', note },
    ];
  }

  async queue(): Promise<readonly Figure[]> {
    const each = (total: number): number => total / merged;
    const plain = await this.#plainMerges();
    const bare = await timed(async () => {
      for (const request of this.#requests('bare')) await landed(performMerge(this.#merging, request, never));
    });
    const verified = await timed(async () => {
      for (const request of this.#requests('verified')) {
        const verify = (candidate: { readonly to: string }) => this.#verify(request, candidate.to);
        await landed(performMerge(this.#merging, request, never, { verify }));
      }
    });
    const together = await timed(async () => this.#trains(10));
    const note = `${merged} merges of 2,000 files`;
    return [
      { name: 'merge of the queue, each', value: each(bare), unit: 'ms', note },
      { name: '`git merge --no-ff` of the same, each', value: each(plain), unit: 'ms', note },
      { name: 'merge of the queue, verified by `true`, each', value: each(verified), unit: 'ms', note },
      { name: 'merge of the queue, verified in batches of 10, each', value: each(together), unit: 'ms', note },
    ];
  }

  async #plainMerges(): Promise<number> {
    const path = join(this.#home, 'plain');
    this.#git(this.#repository, 'worktree', 'add', '-q', '-b', 'plain', path, 'main');
    return await timed(async () => {
      for (const { head } of this.#heads.slice(0, merged)) this.#git(path, 'merge', '-q', '--no-ff', '--no-edit', head);
    });
  }

  async #trains(size: number): Promise<void> {
    const requests = this.#requests('together');
    for (let start = 0; start < requests.length; start += size) {
      const part = requests.slice(start, start + size);
      await performTrain(this.#merging, part, never, {
        alone: () => Promise.reject(new Error('They fit together')),
        couple: ({ cars }) => ({ ...(cars[0]?.request ?? part[0]!), id: idOf(`train${start}`) }),
        verify: ({ cars, candidate }) => this.#verify(cars[0]?.request ?? part[0]!, candidate.to),
        onLanding: () => undefined,
        landed: () => undefined,
      });
    }
  }

  async #verify(request: MergeRequest, commit: string): Promise<undefined> {
    const checkout = await this.#checkouts.make(request, commit, never);
    execFileSync('true', { cwd: checkout.path });
    await checkout.remove();
  }

  #requests(target: string): readonly MergeRequest[] {
    this.#git(this.#repository, 'branch', target, 'main');
    return this.#heads.slice(0, merged).map(({ branch, path, head }, index) => ({
      id: idOf(`${target}${index}`),
      worktree: { repository: this.#repository, path, branch },
      commit: head,
      baseCommit: this.#base,
      target,
      strategy: 'merge',
      message: `Task ${index}\n`,
    }));
  }

  #write(folder: string, file: string, text: string): void {
    const path = join(folder, file);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
  }

  #git(cwd: string, ...args: readonly string[]): string {
    return execFileSync('git', args, { cwd, env: this.#env, encoding: 'utf8', maxBuffer: 100_000_000 }).trim();
  }
}

/** Twelve characters of the alphabet of ids. */
function idOf(name: string): MergeRequest['id'] {
  return parseId(
    name
      .replace(/[ilou]/g, 'x')
      .padStart(12, '0')
      .slice(-12),
  );
}

function lines(number: number): string {
  return Array.from({ length: 20 }, (_, line) => `line ${line} of ${number}\n`).join('');
}

async function landed(outcome: Promise<{ readonly kind: string }>): Promise<void> {
  const { kind } = await outcome;
  if (kind !== 'merged') throw new Error(`A merge ended as ${kind}`);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}
