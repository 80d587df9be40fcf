import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parseId } from '../../../src/base/ids.js';
import { silentLog } from '../../../src/base/log.js';
import type { MergeDriver, MergeOutcome, MergeRequest } from '../../../src/core/merges/mergeDriver.js';
import { performMerge } from '../../../src/core/merges/performMerge.js';
import type { WorktreeDriver, WorktreeRef } from '../../../src/core/workspaces/worktreeDriver.js';
import type { GitDriverOptions } from '../../../src/drivers/git/command/gitContext.js';
import { createGitMergeDriver, type GitMergeDriverOptions } from '../../../src/drivers/git/merge/gitMergeDriver.js';
import { createGitRescueDriver } from '../../../src/drivers/git/rescue/gitRescueDriver.js';
import { createGitWorktreeDriver } from '../../../src/drivers/git/worktree/gitWorktreeDriver.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { commitIn, gitIn, GitRepository, isolatedGitEnvironment, lines, writeIn } from '../../support/gitRepository.js';
import { Rescuer } from '../../support/rescuer.js';
import { fileJournal } from '../../support/fileJournal.js';
import { interposedGit, type Interposition } from '../../support/interposedGit.js';

export const mergeId = parseId<'merge'>('0000000000m1');

/** A repository with a thread that has one reviewed commit (src/a.txt changed, work.txt new), ready to merge into `main`. */
export class MergeFixture {
  readonly repository: GitRepository;
  readonly options: GitDriverOptions;
  readonly worktrees: WorktreeDriver;
  readonly rescuer: Rescuer;
  readonly thread: WorktreeRef;
  readonly base: string;
  #reviewed: string;
  readonly #commits = new Set<string>();
  readonly #edits = new Map<string, string>();

  constructor(
    fixed: Pick<MergeFixture, 'repository' | 'options' | 'worktrees' | 'rescuer' | 'thread' | 'base' | 'reviewed'>,
  ) {
    this.repository = fixed.repository;
    this.options = fixed.options;
    this.worktrees = fixed.worktrees;
    this.rescuer = fixed.rescuer;
    this.thread = fixed.thread;
    this.base = fixed.base;
    this.#reviewed = fixed.reviewed;
    this.#commits.add(fixed.reviewed).add(fixed.base);
  }

  static async create(name?: string): Promise<MergeFixture> {
    const repository = await GitRepository.create(name === undefined ? {} : { name });
    await repository.write('.gitignore', '*.secret\n');
    await repository.commit({ 'main.txt': lines('main') });
    const options = {
      stateDir: join(repository.folder, 'state'),
      clock: createNodeClock(),
      log: silentLog,
      environment: isolatedGitEnvironment,
    };
    const worktrees = createGitWorktreeDriver(options);
    const rescuer = new Rescuer(createGitRescueDriver(options));
    const path = join(repository.folder, 'worktrees', 'task');
    const thread = { repository: repository.root, path, branch: 'muster/task-abc123' };
    const { head: base } = await worktrees.create(thread, new AbortController().signal);
    const reviewed = await commitIn(path, { 'src/a.txt': lines('a').replace('a 0', 'a zero'), 'work.txt': 'work\n' });
    return new MergeFixture({ repository, options, worktrees, rescuer, thread, base, reviewed });
  }

  /** The commit that was reviewed. */
  get reviewed(): string {
    return this.#reviewed;
  }

  review(commit: string): void {
    this.#reviewed = commit;
  }

  get root(): string {
    return this.repository.root;
  }

  /** A folder of the fixture outside of the repository. */
  path(name: string): string {
    return join(this.repository.folder, name);
  }

  /** A new folder outside of the repository. */
  folder(name: string): Promise<string> {
    return mkdtemp(this.path(name));
  }

  /** Somebody's commit: it must be there afterwards. */
  async commit(where: string, files: Readonly<Record<string, string>>): Promise<string> {
    const commit = await commitIn(where, files);
    this.#commits.add(commit);
    return commit;
  }

  keeps(commit: string): void {
    this.#commits.add(commit);
  }

  /** Somebody's edit: it must be there afterwards, byte for byte. */
  async edit(file: string, text: string): Promise<void> {
    await writeIn('/', file, text);
    this.#edits.set(file, text);
  }

  /** Frees the branch `main` of the main checkout. */
  async leaveMain(): Promise<void> {
    await this.repository.git('checkout', '--quiet', '-b', 'elsewhere');
  }

  driver(options: Partial<GitMergeDriverOptions> = {}): MergeDriver {
    return createGitMergeDriver({ ...this.options, journal: fileJournal(this.options.stateDir), ...options });
  }

  /** The request, with changes. */
  request(change: Partial<MergeRequest> = {}): MergeRequest {
    return {
      id: mergeId,
      worktree: this.thread,
      commit: this.reviewed,
      baseCommit: this.base,
      target: 'main',
      strategy: 'merge',
      message: 'Do the task\n\nMuster-Thread: abc123',
      ...change,
    };
  }

  async merge(
    change: Partial<MergeRequest> = {},
    between?: Interposition,
    signal?: AbortSignal,
  ): Promise<MergeOutcome> {
    const binary = between && (await interposedGit(await this.folder('between'), between));
    const driver = this.driver(binary === undefined ? {} : { binary });
    return performMerge(driver, this.request(change), signal ?? new AbortController().signal);
  }

  /** No commit and no edit of anyone is lost, and the object store is sound. */
  async assertNothingLost(): Promise<void> {
    await this.repository.fsck();
    for (const commit of this.#commits) {
      expect(await this.repository.isKept(commit), `commit ${commit} is kept by a ref`).toBe(true);
    }
    for (const [file, text] of this.#edits) expect(await readFile(file, 'utf8'), `edit of ${file}`).toBe(text);
  }

  /** The checkout's index and files are those of its commit, but for these paths. */
  async assertClean(checkout: string, except: readonly string[] = []): Promise<void> {
    const status = await gitIn(checkout, 'status', '--porcelain', '-z', '--untracked-files=all');
    const paths = status.split('\0').map(entry => entry.slice(3));
    expect(paths.filter(path => path !== '').toSorted()).toEqual([...except].toSorted());
  }
}
