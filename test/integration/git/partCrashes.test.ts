import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ThreadId } from '../../../src/base/ids.js';
import { silentLog } from '../../../src/base/log.js';
import type { Project } from '../../../src/core/projects/project.js';
import { allOf } from '../../../src/core/threads/partLookup.js';
import { PartWorktrees } from '../../../src/core/threads/partWorktrees.js';
import type { Thread } from '../../../src/core/threads/thread.js';
import { prepareParts } from '../../../src/core/workspaces/partWorkspaces.js';
import { RescueService } from '../../../src/core/workspaces/rescueService.js';
import { WorkspaceService } from '../../../src/core/workspaces/workspaceService.js';
import { createGitRescueDriver } from '../../../src/drivers/git/rescue/gitRescueDriver.js';
import { createGitWorktreeDriver } from '../../../src/drivers/git/worktree/gitWorktreeDriver.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { openDatabase } from '../../../src/drivers/sqlite/openDatabase.js';
import { SqliteStore } from '../../../src/drivers/sqlite/sqliteStore.js';
import { commitIn, gitIn, GitRepository, isolatedGitEnvironment, writeIn } from '../../support/gitRepository.js';
import { countingIds } from '../../support/ids.js';
import { MortalHost } from '../../support/mortalHost.js';
import { agentOf, specOf } from '../../support/projectSpecs.js';
import { randomFrom, seed, soaking } from '../../support/sample.js';

const signal = new AbortController().signal;
const spec = specOf('agents: { dev: { provider: claude, workspace: { repos: [{ path: ../web, as: web }] } } }');

interface Host {
  readonly store: SqliteStore;
  readonly rescues: RescueService;
  readonly parts: PartWorktrees;
  /** Makes the worktrees as a starting run does. */
  prepare(): Promise<void>;
}

/** A thread of two repositories in one folder, which can be put back to how it was in a moment. */
class Scene {
  readonly folder: string;
  readonly repositories: readonly GitRepository[];
  readonly whole: ThreadId;
  readonly #part: ThreadId;
  readonly #ids = countingIds();
  readonly #project: Project;

  constructor(shop: GitRepository, web: GitRepository) {
    this.repositories = [shop, web];
    this.folder = shop.folder;
    this.#project = {
      id: this.#ids.next(),
      name: 'shop',
      folder: shop.root,
      file: shop.path('agent-compose.yml'),
      revision: 1,
      specHash: 'sha256:1',
      spec,
      appliedAt: 1,
    };
    [this.whole, this.#part] = [this.#ids.next(), this.#ids.next()];
  }

  static async create(): Promise<Scene> {
    const shop = await GitRepository.create();
    const web = new GitRepository(shop.folder, join(shop.folder, 'web'));
    await shop.git('clone', '--quiet', '--no-hardlinks', shop.root, web.root);
    for (const [key, value] of Object.entries({ name: 'Ada Person', email: 'ada@example.com' }))
      await web.git('config', `user.${key}`, value);
    await web.git('remote', 'remove', 'origin');
    for (const repository of [shop, web]) await repository.commit({ '.gitignore': '*.secret\n' });
    const scene = new Scene(shop, web);
    await scene.with(undefined, async ({ store }) =>
      store.transact(stores => {
        stores.projects.save(scene.#project);
        for (const id of [scene.whole, scene.#part]) {
          const texts = { projectId: scene.#project.id, agent: 'dev', outcome: 'open', summary: 'Both' } as const;
          stores.threads.insert({ id, ...texts, createdAt: 1, updatedAt: 1 });
        }
        stores.parts.insert({ thread: scene.#part, whole: scene.whole, name: 'web', path: '../web' });
      }),
    );
    return scene;
  }

  async with<T>(mortal: MortalHost | undefined, work: (host: Host) => Promise<T>): Promise<T> {
    const clock = createNodeClock();
    const log = silentLog;
    const stateDir = join(this.folder, 'state');
    await mkdir(stateDir, { recursive: true });
    const real = new SqliteStore(openDatabase(join(stateDir, 'muster.db'), { log, now: () => 1 }), {
      newEpoch: 'epoch',
      onListenerError: error => {
        throw error;
      },
    });
    const environment = isolatedGitEnvironment;
    const driven = {
      ...{ stateDir, clock, log, environment },
      ...(mortal && { git: mortal.git({ clock, environment }), files: mortal.files() }),
    };
    const store = mortal?.store(real) ?? real;
    const common = { store, clock, log, ids: this.#ids };
    const worktreesDir = join(stateDir, 'worktrees');
    const workspaces = new WorkspaceService({ ...common, driver: createGitWorktreeDriver(driven), worktreesDir });
    const notebooks = { endOf: async () => undefined };
    const rescues = new RescueService({ ...common, driver: createGitRescueDriver(driven), workspaces, notebooks });
    const save = (thread: Thread): void =>
      store.transact(stores => {
        stores.threads.update(thread);
        stores.operations.end(thread.id);
      });
    const wanted = (id: ThreadId): Thread => {
      const thread = store.read(stores => stores.threads.get(id));
      if (!thread) throw new Error(`There is no thread ${id}`);
      return thread;
    };
    const prepare = async (): Promise<void> => {
      const agent = agentOf(spec, 'dev');
      save((await workspaces.prepare(wanted(this.whole), this.#project, agent, signal)).thread);
      const parts = store.read(stores => stores.parts.ofWhole(this.whole));
      const making = { workspaces, wanted: ({ thread }: { readonly thread: ThreadId }) => wanted(thread), save };
      await prepareParts(making, parts, { project: this.#project, agent, author: agent }, signal);
    };
    try {
      return await work({
        store: real,
        rescues,
        parts: new PartWorktrees({ ...common, workspaces, rescues }),
        prepare,
      });
    } finally {
      real.dispose();
    }
  }

  threads(): Promise<readonly Thread[]> {
    return this.with(undefined, async ({ store }) =>
      store.read(stores => {
        const whole = stores.threads.get(this.whole);
        return whole ? allOf(stores, whole) : [];
      }),
    );
  }

  /** Commits, staged, unstaged, untracked and ignored work in each of them. */
  async work(): Promise<void> {
    await this.with(undefined, host => host.prepare());
    for (const { worktree: path = '' } of await this.threads()) {
      await commitIn(path, { 'done.txt': 'done\n' });
      await writeIn(path, 'staged.txt', 'staged\n');
      await gitIn(path, 'add', 'staged.txt');
      await writeIn(path, 'README.md', 'edited\n');
      await writeIn(path, 'untracked.txt', 'untracked\n');
      await writeIn(path, 'my.secret', 'secret\n');
    }
  }

  /** Everything of the worktrees that their owner would miss. */
  async look(): Promise<readonly string[]> {
    const looks: string[] = [];
    for (const { worktree: path = '' } of await this.threads()) {
      const files = ['README.md', 'untracked.txt', 'my.secret'].map(name => readFile(join(path, name), 'utf8'));
      const status = await gitIn(path, 'status', '--porcelain=v2', '--branch', '--untracked-files=all');
      looks.push([status, ...(await Promise.all(files))].join('\n'));
    }
    return looks;
  }

  /** Nothing half-done is left in any of them. */
  async assertTidy(at: string): Promise<void> {
    const { operations, kept } = await this.with(undefined, async ({ store }) =>
      store.read(stores => ({
        operations: stores.operations.list(),
        kept: [this.whole, this.#part].map(id => stores.rescues.ofThread(id).map(({ ref }) => ref)),
      })),
    );
    expect(operations, at).toEqual([]);
    const threads = await this.threads();
    for (const [index, repository] of this.repositories.entries()) {
      const refs = await repository.git('for-each-ref', '--format=%(refname)', 'refs/muster');
      expect(refs, at).toBe((kept[index] ?? []).toSorted().join('\n'));
      const worktrees = await repository.git('worktree', 'list', '--porcelain');
      expect(worktrees, at).not.toMatch(/^(?:locked|prunable)/m);
      const there = threads[index]?.worktree === undefined ? 1 : 2;
      expect(worktrees.match(/^worktree /gm), at).toHaveLength(there);
    }
  }

  async save(): Promise<void> {
    await this.#copy(this.folder, `${this.folder}.saved`);
  }

  async reset(): Promise<void> {
    await this.#copy(`${this.folder}.saved`, this.folder);
  }

  async dispose(): Promise<void> {
    await rm(`${this.folder}.saved`, { recursive: true, force: true });
    await this.repositories[0]?.dispose();
  }

  async #copy(from: string, to: string): Promise<void> {
    await rm(to, { recursive: true, force: true });
    await cp(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  }
}

describe('a host killed at any git command, file operation or transaction of a thread of two repositories', () => {
  const random = randomFrom(seed);
  let scene: Scene;
  beforeEach(async () => {
    scene = await Scene.create();
  });
  afterEach(() => scene.dispose());

  /** As the next host does when it starts. */
  const recover = (): Promise<void> =>
    scene.with(undefined, async ({ rescues, parts }) => {
      await rescues.recover();
      await parts.recover();
    });
  const remove = async ({ rescues, parts }: Host): Promise<void> => {
    await rescues.remove(scene.whole, { outcome: 'abandoned' });
    await parts.follow(scene.whole);
  };
  const restore = async ({ rescues, parts }: Host): Promise<void> => {
    await rescues.restore(scene.whole);
    await parts.follow(scene.whole);
  };

  /** Dies at each operation of the story, or at six of them; `after` is told with the next host. */
  async function dieEverywhere(
    story: (host: Host) => Promise<void>,
    after: (threads: readonly Thread[]) => Promise<void>,
  ): Promise<number> {
    await scene.save();
    const whole = new MortalHost();
    await scene.with(whole, story);
    const count = whole.operations.length;
    const all = Array.from({ length: count }, (_, index) => index + 1);
    for (const at of soaking ? all : Array.from({ length: 6 }, () => 1 + Math.floor(random() * count))) {
      await scene.reset();
      // What follows says whether it did harm, also where the end was swallowed.
      await scene.with(new MortalHost(at), story).catch(() => undefined);
      await recover();
      const name = `killed at ${at}: ${whole.operations[at - 1]} (MUSTER_SEED=${seed})`;
      const threads = await scene.threads();
      await scene.assertTidy(name);
      await after(threads).catch((error: unknown) => {
        throw new Error(name, { cause: error });
      });
      await scene.assertTidy(name);
    }
    for (const repository of scene.repositories) await repository.fsck();
    return count;
  }

  test('while it makes their worktrees', { timeout: 400_000 }, async () => {
    const count = await dieEverywhere(
      host => host.prepare(),
      async () => {
        await scene.with(undefined, host => host.prepare());
        const threads = await scene.threads();
        for (const { worktree = '', branch } of threads)
          expect(await gitIn(worktree, 'symbolic-ref', '--short', 'HEAD')).toBe(branch);
        expect(threads[1]?.branch).toBe(threads[0]?.branch);
      },
    );
    expect(count).toBeGreaterThan(10);
  });

  test('while it removes them', { timeout: 400_000 }, async () => {
    await scene.work();
    const before = await scene.look();
    const count = await dieEverywhere(remove, async threads => {
      const there = threads.map(({ worktree }) => worktree !== undefined);
      expect(there[1], 'both or none').toBe(there[0]);
      if (there[0] === false) {
        expect(threads.map(({ outcome }) => outcome)).toEqual(['abandoned', 'abandoned']);
        await scene.with(undefined, restore);
      }
      expect(await scene.look()).toEqual(before);
    });
    expect(count).toBeGreaterThan(40);
  });

  test('while it brings them back', { timeout: 400_000 }, async () => {
    await scene.work();
    const before = await scene.look();
    await scene.with(undefined, remove);
    const count = await dieEverywhere(restore, async threads => {
      const there = threads.map(({ worktree }) => worktree !== undefined);
      expect(there[1], 'both or none').toBe(there[0]);
      if (there[0] === false) await scene.with(undefined, restore);
      expect(await scene.look()).toEqual(before);
    });
    expect(count).toBeGreaterThan(20);
  });
});
