import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
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
import type { Thread } from '../../../src/core/threads/thread.js';
import { createGitMergeDriver } from '../../../src/drivers/git/merge/gitMergeDriver.js';
import { createGitWorktreeDriver } from '../../../src/drivers/git/worktree/gitWorktreeDriver.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { openDatabase } from '../../../src/drivers/sqlite/openDatabase.js';
import { SqliteStore } from '../../../src/drivers/sqlite/sqliteStore.js';
import { commitIn, GitRepository, isolatedGitEnvironment } from '../../support/gitRepository.js';
import { countingIds } from '../../support/ids.js';
import { MortalHost } from '../../support/mortalHost.js';
import { specOf } from '../../support/projectSpecs.js';
import { momentsOf, randomFrom, seed, soaking } from '../../support/sample.js';

const never = new AbortController().signal;
const spec = specOf('agents: { dev: { provider: claude } }');
const names = ['shop', 'web'] as const;

interface Host {
  readonly store: SqliteStore;
  readonly merges: MergeService;
  readonly undos: UndoService;
}

/** A thread with a commit in each of two repositories, whose merges wait as one; a host in miniature works on them. */
class Pair {
  readonly repositories: readonly GitRepository[];
  readonly #ids = countingIds();
  readonly threads: ThreadId[] = [];
  readonly merges: MergeId[] = [];
  readonly commits: string[] = [];
  readonly befores: string[] = [];

  constructor(repositories: readonly GitRepository[]) {
    this.repositories = repositories;
  }

  static async create(): Promise<Pair> {
    const pair = new Pair([await GitRepository.create(), await GitRepository.create({ name: 'web' })]);
    await pair.with(undefined, async host => pair.#fill(host));
    await pair.save();
    return pair;
  }

  get #stateDir(): string {
    return join(this.repositories[0]?.folder ?? '', 'state');
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
      run: async () => ({ exitCode: 0, output: '', truncated: false }),
    };
    const checkouts = createCandidateCheckouts(options);
    const common = { store, clock, log, ids: this.#ids, driver };
    const verifier = new CandidateVerifier({ ...common, checkouts, shell });
    const settler = { settled: async () => undefined, snapshot: async ({ head }: Thread) => head };
    const merges = new MergeService({ ...common, verifier, settler });
    try {
      return await work({ store: real, merges, undos: new UndoService(common) });
    } finally {
      await merges.dispose();
      real.dispose();
    }
  }

  /** Works on what waits, until it has ended or the host is dead. */
  async workOff(mortal?: MortalHost): Promise<readonly Merge[]> {
    return await this.with(mortal, async ({ merges, store }) => {
      const ended = merges.wait(this.merges[0] ?? '', never);
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
    for (const { folder } of this.repositories) await this.#copy(folder, `${folder}.saved`);
  }

  async reset(): Promise<void> {
    for (const { folder } of this.repositories) await this.#copy(`${folder}.saved`, folder);
  }

  async dispose(): Promise<void> {
    for (const repository of this.repositories) {
      await rm(`${repository.folder}.saved`, { recursive: true, force: true });
      await repository.dispose();
    }
  }

  async tips(): Promise<readonly string[]> {
    return await Promise.all(this.repositories.map(repository => repository.git('rev-parse', 'main')));
  }

  async #copy(from: string, to: string): Promise<void> {
    await rm(to, { recursive: true, force: true });
    await cp(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  }

  async #fill({ store }: Host): Promise<void> {
    const worktrees = createGitWorktreeDriver({
      stateDir: this.#stateDir,
      clock: createNodeClock(),
      log: silentLog,
      environment: isolatedGitEnvironment,
    });
    const projectId = this.#ids.next<'project'>();
    const undos = names.map(() => this.#ids.next<'merge'>());
    for (const [index, name] of names.entries()) {
      const repository = this.repositories[index];
      if (repository === undefined) throw new Error('No repository');
      const [id, merge] = [this.#ids.next<'thread'>(), this.#ids.next<'merge'>()];
      const path = join(repository.folder, 'worktrees', name);
      const ref = { repository: repository.root, path, branch: 'muster/both' };
      const { head } = await worktrees.create(ref, never);
      const commit = await commitIn(ref.path, { [`${name}.txt`]: `${name}\n` });
      this.befores.push(await repository.git('rev-parse', 'main'));
      store.transact(stores => {
        if (index === 0)
          stores.projects.save({
            id: projectId,
            name: 'shop',
            folder: repository.root,
            file: repository.path('agent-compose.yml'),
            revision: 1,
            specHash: 'sha256:1',
            spec,
            appliedAt: 1,
          });
        stores.threads.insert({
          id,
          projectId,
          agent: 'dev',
          outcome: 'open',
          summary: 'Both',
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
      });
      this.threads.push(id);
      this.merges.push(merge);
      this.commits.push(commit);
    }
    const [whole, part] = this.threads;
    const [first] = this.merges;
    if (whole === undefined || part === undefined || first === undefined) throw new Error('Nothing was made');
    store.transact(stores => {
      stores.parts.insert({ thread: part, whole, name: 'web', path: '../web' });
      const members = this.merges.map((merge, index) => ({
        merge,
        name: index === 0 ? '' : 'web',
        verify: ['test'],
        undo: undos[index] ?? first,
        landed: false,
      }));
      stores.mergeSets.save({ id: first, step: 'asked', members });
      stores.mergeQueue.save({ merge: first, lane: 'main', priority: 0, place: 1, verify: ['test'], batch: 1 });
    });
  }
}

describe('a host killed at any git command, file operation or transaction of merges of two repositories', () => {
  let pair: Pair | undefined;
  afterEach(() => pair?.dispose());
  const random = randomFrom(seed);

  async function dieEverywhere(scene: Pair, check: (merges: readonly Merge[]) => Promise<void>): Promise<number> {
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

  async function isSound(scene: Pair): Promise<void> {
    for (const repository of scene.repositories) {
      expect(await repository.git('worktree', 'list', '--porcelain')).not.toContain('/verify/');
      await repository.fsck();
    }
  }

  test('both land, once', { timeout: soaking ? 3_600_000 : 900_000 }, async () => {
    const scene = await Pair.create();
    pair = scene;
    const count = await dieEverywhere(scene, async merges => {
      expect(merges.map(({ status }) => status)).toEqual(['merged', 'merged']);
      for (const [index, repository] of scene.repositories.entries()) {
        expect(await repository.git('rev-list', '--count', '--merges', 'main')).toBe('1');
        await repository.git('merge-base', '--is-ancestor', scene.commits[index] ?? '', 'main');
        expect(await repository.git('status', '--porcelain')).toBe('');
      }
      await isSound(scene);
    });
    expect(count).toBeGreaterThan(40);
    await scene.with(undefined, ({ undos }) => undos.undo(scene.threads[0] ?? '', never));
    expect(await scene.tips()).toEqual(scene.befores);
  });

  test('the second cannot, and neither lands', { timeout: soaking ? 3_600_000 : 900_000 }, async () => {
    const scene = await Pair.create();
    pair = scene;
    const [, web] = scene.repositories;
    await writeFile(web?.path('web.txt') ?? '', 'not committed\n');
    await scene.save();
    await dieEverywhere(scene, async merges => {
      expect(merges).toMatchObject([
        { status: 'blocked', reason: 'target_has_edits', files: ['web:web.txt'] },
        { status: 'blocked' },
      ]);
      expect(await scene.tips()).toEqual(scene.befores);
      expect(await scene.repositories[0]?.git('status', '--porcelain')).toBe('');
      expect(await web?.git('status', '--porcelain')).toBe('?? web.txt');
      await isSound(scene);
    });
  });

  test('what somebody built on the first before the second failed stays, and is told', async () => {
    const scene = await Pair.create();
    pair = scene;
    const [shop, web] = scene.repositories;
    const hook = web?.path('.git/hooks/reference-transaction') ?? '';
    const commit = `git -C ${shop?.root} -c user.name=me -c user.email=me@test commit --quiet --allow-empty -m mine`;
    await mkdir(web?.path('.git/hooks') ?? '', { recursive: true });
    // In the middle of the second landing somebody commits on the first, and then that is refused.
    await writeFile(
      hook,
      `#!/bin/sh\n[ "$1" = prepared ] && grep -q refs/heads/main || exit 0\nenv -i PATH="$PATH" ${commit}\nexit 1\n`,
      { mode: 0o755 },
    );
    const merges = await scene.workOff();
    expect(merges).toMatchObject([{ status: 'failed' }, { status: 'failed' }]);
    expect(merges[0]?.message).toContain('Only a part of this is merged. main of ');
    expect(merges[0]?.message).toContain('keeps it: Something came on top of it in main.');
    expect(await shop?.git('log', '-1', '--format=%s', 'main')).toBe('mine');
    expect(await web?.git('rev-parse', 'main')).toBe(scene.befores[1]);

    // Asked again it brings in the rest, and leaves what is there.
    await rm(hook);
    const tip = await shop?.git('rev-parse', 'main');
    const { status } = await scene.with(undefined, async host => {
      const { id } = await host.merges.request({ thread: scene.threads[0] ?? '' });
      return await host.merges.wait(id, never);
    });
    expect(status).toBe('merged');
    expect(await shop?.git('rev-parse', 'main')).toBe(tip);
    await web?.git('merge-base', '--is-ancestor', scene.commits[1] ?? '', 'main');
  });
});
