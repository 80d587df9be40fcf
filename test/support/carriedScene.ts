import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parseId } from '../../src/base/ids.js';
import { silentLog } from '../../src/base/log.js';
import type { MergeDriver, MergeOutcome, MergeStrategy } from '../../src/core/merges/mergeDriver.js';
import { performMerge } from '../../src/core/merges/performMerge.js';
import type { CarriedChanges, WorktreeDriver, WorktreeRef } from '../../src/core/workspaces/worktreeDriver.js';
import { createGitMergeDriver } from '../../src/drivers/git/merge/gitMergeDriver.js';
import { createGitWorktreeDriver } from '../../src/drivers/git/worktree/gitWorktreeDriver.js';
import { createNodeClock } from '../../src/drivers/process/nodeClock.js';
import { fileJournal } from './fileJournal.js';
import { commitIn, gitIn, GitRepository, isolatedGitEnvironment, lines } from './gitRepository.js';

const signal = new AbortController().signal;

/** A repository whose person has work that is not committed, and a thread that takes it along. */
export class Carried {
  readonly repository: GitRepository;
  readonly worktrees: WorktreeDriver;
  readonly merges: MergeDriver;
  readonly thread: WorktreeRef;
  #requests = 0;

  constructor(repository: GitRepository) {
    const options = {
      stateDir: join(repository.folder, 'state'),
      clock: createNodeClock(),
      log: silentLog,
      environment: isolatedGitEnvironment,
    };
    this.repository = repository;
    this.worktrees = createGitWorktreeDriver(options);
    this.merges = createGitMergeDriver({ ...options, journal: fileJournal(options.stateDir) });
    const path = join(repository.folder, 'worktrees', 'task');
    this.thread = { repository: repository.root, path, branch: 'muster/task-abc123' };
  }

  get git(): GitRepository['git'] {
    return (...args) => this.repository.git(...args);
  }

  async carry(base?: string): Promise<CarriedChanges> {
    const carried = await this.worktrees.carry(this.thread, base);
    if (!carried) throw new Error('Nothing was taken along');
    return carried;
  }

  /** Takes the changes along into the thread's worktree. */
  async begin(): Promise<CarriedChanges> {
    const carried = await this.carry();
    const request = { ...this.thread, carried: carried.commit };
    const created = await this.worktrees.create({ ...request, base: carried.branch ?? carried.onto }, signal);
    expect(created).toMatchObject({ baseRef: carried.branch, baseCommit: carried.commit, head: carried.commit });
    return carried;
  }

  work(files: Readonly<Record<string, string>>): Promise<string> {
    return commitIn(this.thread.path, files, 'Work');
  }

  inThread(...args: readonly string[]): Promise<string> {
    return gitIn(this.thread.path, ...args);
  }

  async merge({ commit }: CarriedChanges, strategy: MergeStrategy, landed?: string): Promise<MergeOutcome> {
    const request = {
      id: parseId<'merge'>(`0000000000${(++this.#requests).toString().padStart(2, '0')}`),
      worktree: this.thread,
      commit: await this.inThread('rev-parse', 'HEAD'),
      baseCommit: commit,
      carried: commit,
      ...(landed === undefined ? {} : { landed }),
      target: 'main',
      strategy,
      message: 'Do the task',
    };
    return await performMerge(this.merges, request, signal);
  }

  /** The person commits what was taken along. */
  async commitAll(): Promise<void> {
    await this.git('add', '--all');
    await this.git('commit', '--quiet', '--message', 'Mine');
  }

  /** The patch that a reviewer sees. */
  async review({ commit: carried }: CarriedChanges): Promise<string> {
    const head = await this.inThread('rev-parse', 'HEAD');
    const base = await this.worktrees.comparison(this.thread, { head, target: 'main', base: carried, carried });
    return (await this.worktrees.patch(this.thread, base, 1_000_000)).text;
  }

  async predicted({ commit: carried }: CarriedChanges): Promise<readonly string[]> {
    const head = await this.inThread('rev-parse', 'HEAD');
    const found = await this.worktrees.conflicts(this.thread, { head, target: 'main', carried });
    return found.kind === 'known' ? found.files : [found.kind];
  }
}

/** Such a repository, with staged, unstaged, untracked and ignored files. */
export async function carriedScene(): Promise<Carried> {
  const repository = await GitRepository.create();
  await repository.commit({ '.gitignore': '.env\nbuild/\n', 'main.txt': lines('main'), 'other.txt': lines('other') });
  await mkdir(join(repository.folder, 'state'));
  const mine = lines('a').replace('a 2\n', 'a 2, PERSON\n');
  await repository.write('src/a.txt', mine);
  await repository.write('src/b.txt', lines('b').replace('b 0\n', 'b 0, PERSON staged\n'));
  await repository.git('add', 'src/b.txt');
  await repository.write('notes/new.txt', 'PERSON\nwrote\nthis\n');
  await repository.write('.env', 'SECRET=1\n');
  await repository.write('build/out.txt', 'built\n');
  return new Carried(repository);
}
