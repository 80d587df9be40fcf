import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { MergeId, ThreadId } from '../../../src/base/ids.js';
import { silentLog } from '../../../src/base/log.js';
import type { CommandShell } from '../../../src/core/commands/commandShell.js';
import { CandidateVerifier } from '../../../src/core/merges/candidateVerifier.js';
import type { Merge } from '../../../src/core/merges/merge.js';
import { MergeService } from '../../../src/core/merges/mergeService.js';
import { storedLandings } from '../../../src/core/merges/storedLandings.js';
import { UndoService } from '../../../src/core/merges/undoService.js';
import { createCandidateCheckouts } from '../../../src/drivers/git/merge/candidateCheckout.js';
import { createGitMergeDriver } from '../../../src/drivers/git/merge/gitMergeDriver.js';
import { createGitWorktreeDriver } from '../../../src/drivers/git/worktree/gitWorktreeDriver.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { openDatabase } from '../../../src/drivers/sqlite/openDatabase.js';
import { SqliteStore } from '../../../src/drivers/sqlite/sqliteStore.js';
import { commitIn, gitIn, GitRepository, isolatedGitEnvironment } from '../../support/gitRepository.js';
import { countingIds } from '../../support/ids.js';
import { MortalHost } from '../../support/mortalHost.js';
import { specOf } from '../../support/projectSpecs.js';
import { momentsOf, randomFrom, seed, soaking } from '../../support/sample.js';

const never = new AbortController().signal;
const spec = specOf('agents: { dev: { provider: claude } }');
const names = ['one', 'two', 'three'];

interface Host {
  readonly store: SqliteStore;
  readonly merges: MergeService;
  readonly undos: UndoService;
}

/** Three threads with a commit each, whose merges wait in the queue of a database; a host in miniature works on them. */
class Queue {
  readonly repository: GitRepository;
  readonly #ids = countingIds();
  readonly threads: ThreadId[] = [];
  readonly merges: MergeId[] = [];
  readonly commits: string[] = [];
  /** The thread whose file makes verifying red. */
  readonly #red: string | undefined;
  readonly verified: string[] = [];

  constructor(repository: GitRepository, red?: string) {
    this.repository = repository;
    this.#red = red;
  }

  static async create(red?: string): Promise<Queue> {
    const queue = new Queue(await GitRepository.create(), red);
    await queue.with(undefined, async host => queue.#fill(host));
    await queue.save();
    return queue;
  }

  get #stateDir(): string {
    return join(this.repository.folder, 'state');
  }

  async with<T>(mortal: MortalHost | undefined, work: (host: Host) => Promise<T>): Promise<T> {
    const clock = createNodeClock();
    const log = silentLog;
    await mkdir(this.#stateDir, { recursive: true });
    const real = new SqliteStore(openDatabase(join(this.#stateDir, 'muster.db'), { log, now: () => 1 }), {
      newEpoch: 'epoch',
      onListenerError: error => {
        throw error;
      },
    });
    const environment = isolatedGitEnvironment;
    const store = mortal?.store(real) ?? real;
    const options = {
      stateDir: this.#stateDir,
      clock,
      log,
      environment,
      ...(mortal && { git: mortal.git({ clock, environment }), files: mortal.files() }),
    };
    const driver = createGitMergeDriver({ ...options, journal: storedLandings(store) });
    const shell: CommandShell = {
      endLeftovers: async () => undefined,
      run: async ({ cwd }) => {
        const files = await gitIn(cwd, 'ls-files');
        this.verified.push(await gitIn(cwd, 'rev-parse', 'HEAD^{tree}'));
        const red = this.#red !== undefined && files.includes(`${this.#red}.txt`);
        return { exitCode: red ? 1 : 0, output: 'said\n', truncated: false };
      },
    };
    const checkouts = createCandidateCheckouts(options);
    const common = { store, clock, log, ids: this.#ids, driver };
    const verifier = new CandidateVerifier({ ...common, checkouts, shell });
    const settler = { settled: async () => undefined, snapshot: async () => undefined };
    const merges = new MergeService({ ...common, verifier, settler });
    try {
      return await work({ store: real, merges, undos: new UndoService(common) });
    } finally {
      await merges.dispose();
      real.dispose();
    }
  }

  /** Works on everything that waits, until it has ended or the host is dead. */
  async workOff(mortal?: MortalHost): Promise<readonly Merge[]> {
    return await this.with(mortal, async ({ merges, store }) => {
      const ended = Promise.all(this.merges.map(id => merges.wait(id, never)));
      try {
        merges.recover();
      } catch (error) {
        if (mortal === undefined) throw error;
      }
      await (mortal === undefined ? ended : Promise.race([ended, mortal.died]));
      return this.merges.flatMap(id => store.read(stores => stores.merges.get(id)) ?? []);
    });
  }

  async save(): Promise<void> {
    await this.#copy(this.repository.folder, `${this.repository.folder}.saved`);
  }

  async reset(): Promise<void> {
    await this.#copy(`${this.repository.folder}.saved`, this.repository.folder);
    this.verified.length = 0;
  }

  async dispose(): Promise<void> {
    await rm(`${this.repository.folder}.saved`, { recursive: true, force: true });
    await this.repository.dispose();
  }

  async #copy(from: string, to: string): Promise<void> {
    await rm(to, { recursive: true, force: true });
    await cp(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  }

  async #fill({ store }: Host): Promise<void> {
    const { repository } = this;
    const worktrees = createGitWorktreeDriver({
      stateDir: this.#stateDir,
      clock: createNodeClock(),
      log: silentLog,
      environment: isolatedGitEnvironment,
    });
    const projectId = this.#ids.next<'project'>();
    store.transact(stores =>
      stores.projects.save({
        id: projectId,
        name: 'shop',
        folder: repository.root,
        file: repository.path('agent-compose.yml'),
        revision: 1,
        specHash: 'sha256:1',
        spec,
        appliedAt: 1,
      }),
    );
    for (const name of names) {
      const [id, merge] = [this.#ids.next<'thread'>(), this.#ids.next<'merge'>()];
      const ref = {
        repository: repository.root,
        path: join(repository.folder, 'worktrees', name),
        branch: `muster/${name}`,
      };
      const { head } = await worktrees.create(ref, never);
      const commit = await commitIn(ref.path, { [`${name}.txt`]: `${name}\n` });
      store.transact(stores => {
        stores.threads.insert({
          id,
          projectId,
          agent: 'dev',
          outcome: 'open',
          summary: name,
          createdAt: 1,
          updatedAt: 1,
          repository: ref.repository,
          worktree: ref.path,
          branch: ref.branch,
          baseCommit: head,
          baseRef: 'main',
          head: commit,
        });
        stores.merges.insert({
          id: merge,
          threadId: id,
          status: 'queued',
          target: 'main',
          strategy: 'merge',
          expect: commit,
          commitMessage: `Merge ${name}\n`,
          message: '',
          files: [],
          createdAt: 1,
        });
        stores.mergeQueue.save({
          merge,
          lane: 'main',
          priority: 0,
          place: names.indexOf(name),
          verify: ['test'],
          batch: 5,
        });
      });
      this.threads.push(id);
      this.merges.push(merge);
      this.commits.push(commit);
    }
  }
}

describe('a host killed at any git command, file operation or transaction of merges that land together', () => {
  let queue: Queue | undefined;
  afterEach(() => queue?.dispose());
  const random = randomFrom(seed);

  async function dieEverywhere(scene: Queue, check: (merges: readonly Merge[]) => Promise<void>): Promise<number> {
    const whole = new MortalHost();
    await check(await scene.workOff(whole));
    const count = whole.operations.length;
    for (const at of momentsOf(count, random)) {
      await scene.reset();
      await scene.workOff(new MortalHost(at));
      const next = await scene.workOff();
      await check(next).catch((error: unknown) => {
        throw new Error(`killed at ${at}: ${whole.operations[at - 1]} (MUSTER_SEED=${seed})`, { cause: error });
      });
    }
    return count;
  }

  /** Each thread's commit is in the target once, by a merge of its own, and what stands there was verified. */
  async function landedOnce(scene: Queue, merged: readonly number[]): Promise<void> {
    const { repository } = scene;
    expect(await repository.git('rev-list', '--count', '--merges', 'main')).toBe(String(merged.length));
    for (const index of merged) {
      await repository.git('merge-base', '--is-ancestor', scene.commits[index] ?? '', 'main');
      const found = await repository.git('log', '--format=%s', '--merges', 'main');
      expect(found.split('\n').filter(line => line === `Merge ${names[index]}`)).toHaveLength(1);
    }
    expect(scene.verified).toContain(await repository.git('rev-parse', 'main^{tree}'));
    expect(await repository.git('status', '--porcelain')).toBe('');
    await repository.fsck();
  }

  test('all green', { timeout: soaking ? 3_600_000 : 900_000 }, async () => {
    const scene = await Queue.create();
    queue = scene;
    const count = await dieEverywhere(scene, async merges => {
      expect(merges.map(({ status }) => status)).toEqual(['merged', 'merged', 'merged']);
      await landedOnce(scene, [0, 1, 2]);
    });
    expect(count).toBeGreaterThan(40);
    // Each can be taken back by itself, also in the middle.
    await scene.with(undefined, ({ undos }) => undos.undo(scene.threads[1] ?? '', never));
    expect(await scene.repository.git('ls-files')).not.toContain('two.txt');
    expect(await scene.repository.git('ls-files')).toContain('three.txt');
  });

  test('one of them red', { timeout: soaking ? 3_600_000 : 900_000 }, async () => {
    const scene = await Queue.create('two');
    queue = scene;
    await dieEverywhere(scene, async merges => {
      expect(merges.map(({ status }) => status)).toEqual(['merged', 'blocked', 'merged']);
      await landedOnce(scene, [0, 2]);
      const checks = await scene.with(undefined, async host => host.merges.checks(scene.merges[1] ?? ''));
      expect(checks.at(-1)).toMatchObject({ exitCode: 1, output: 'said\n' });
    });
  });
});
