import { existsSync } from 'node:fs';
import { cp, lstat, mkdir, readFile, readdir, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { IdSource } from '../../../src/base/ids.js';
import { silentLog } from '../../../src/base/log.js';
import type { Project } from '../../../src/core/projects/project.js';
import type { Thread } from '../../../src/core/threads/thread.js';
import { RescueService } from '../../../src/core/workspaces/rescueService.js';
import { WorkspaceService } from '../../../src/core/workspaces/workspaceService.js';
import { createGitRescueDriver } from '../../../src/drivers/git/rescue/gitRescueDriver.js';
import { createGitWorktreeDriver } from '../../../src/drivers/git/worktree/gitWorktreeDriver.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { openDatabase } from '../../../src/drivers/sqlite/openDatabase.js';
import { SqliteStore } from '../../../src/drivers/sqlite/sqliteStore.js';
import { gitIn, GitRepository, isolatedGitEnvironment, writeIn } from '../../support/gitRepository.js';
import { countingIds } from '../../support/ids.js';
import { HostKilled, MortalHost } from '../../support/mortalHost.js';
import { agentOf, specOf } from '../../support/projectSpecs.js';
import { momentsOf, randomFrom, seed } from '../../support/sample.js';

const signal = new AbortController().signal;
const identity = ['-c', 'user.name=T', '-c', 'user.email=t@example.com'];
const random = randomFrom(seed);
const spec = specOf('agents: { dev: { provider: claude } }');

/** One host on the folder of a {@link Scene}. */
interface Host {
  readonly store: SqliteStore;
  readonly rescues: RescueService;
  /** Makes the thread's worktree as a starting run does. */
  prepare(): Promise<void>;
  thread(): Thread;
}

/**
 * A repository, a state directory and a database in one folder that can be put back to how it was in a moment, so that one
 * story is told again for each place where a host can die in it.
 */
class Scene {
  readonly repository: GitRepository;
  readonly #ids: IdSource = countingIds();
  readonly #thread: Thread;
  readonly #project: Project;
  #saved = '';

  constructor(repository: GitRepository) {
    this.repository = repository;
    this.#project = {
      id: this.#ids.next(),
      name: 'shop',
      folder: repository.root,
      file: repository.path('agent-compose.yml'),
      revision: 1,
      specHash: 'sha256:1',
      spec,
      appliedAt: 1,
    };
    this.#thread = {
      id: this.#ids.next(),
      projectId: this.#project.id,
      agent: 'dev',
      outcome: 'open',
      summary: 'Fix the login',
      createdAt: 1,
      updatedAt: 1,
    };
  }

  static async create(): Promise<Scene> {
    const repository = await GitRepository.create();
    await repository.write('.gitignore', '*.secret\n');
    await repository.commit({ 'main.txt': 'main\n' });
    const scene = new Scene(repository);
    await scene.with(undefined, async ({ store }) => {
      store.transact(stores => {
        stores.projects.save(scene.#project);
        stores.threads.insert(scene.#thread);
      });
    });
    return scene;
  }

  get stateDir(): string {
    return join(this.repository.folder, 'state');
  }

  /** Gives a host the folder for as long as `work` takes. */
  async with<T>(mortal: MortalHost | undefined, work: (host: Host) => Promise<T>): Promise<T> {
    const clock = createNodeClock();
    const log = silentLog;
    await mkdir(this.stateDir, { recursive: true });
    const real = new SqliteStore(openDatabase(join(this.stateDir, 'muster.db'), { log, now: () => 1 }), {
      newEpoch: 'epoch',
      onListenerError: error => {
        throw error;
      },
    });
    const environment = isolatedGitEnvironment;
    const options = {
      stateDir: this.stateDir,
      clock,
      log,
      environment,
      ...(mortal && { git: mortal.git({ clock, environment }), files: mortal.files() }),
    };
    const store = mortal?.store(real) ?? real;
    const workspaces = new WorkspaceService({
      log: silentLog,
      driver: createGitWorktreeDriver(options),
      store,
      clock,
      worktreesDir: join(this.stateDir, 'worktrees'),
    });
    const driver = createGitRescueDriver(options);
    const thread = (): Thread => real.read(stores => stores.threads.get(this.#thread.id)) ?? this.#thread;
    try {
      return await work({
        store: real,
        rescues: new RescueService({
          store,
          clock,
          log,
          ids: this.#ids,
          driver,
          workspaces,
          notebooks: { endOf: async () => undefined },
        }),
        thread,
        prepare: async () => {
          const prepared = await workspaces.prepare(thread(), this.#project, agentOf(spec, 'dev'), signal);
          store.transact(stores => {
            stores.threads.update(prepared.thread);
            stores.operations.end(this.#thread.id);
          });
        },
      });
    } finally {
      real.dispose();
    }
  }

  /** Remembers the folder as it is. */
  async save(): Promise<void> {
    this.#saved = `${this.repository.folder}.saved`;
    await rm(this.#saved, { recursive: true, force: true });
    await cp(this.repository.folder, this.#saved, {
      recursive: true,
      preserveTimestamps: true,
      verbatimSymlinks: true,
    });
  }

  async reset(): Promise<void> {
    await rm(this.repository.folder, { recursive: true, force: true });
    await cp(this.#saved, this.repository.folder, {
      recursive: true,
      preserveTimestamps: true,
      verbatimSymlinks: true,
    });
  }

  async dispose(): Promise<void> {
    await rm(this.#saved, { recursive: true, force: true });
    await this.repository.dispose();
  }

  /** Everything of the worktree that its owner would miss. */
  async look(): Promise<{ readonly status: string; readonly files: readonly string[] }> {
    const path = await this.with(undefined, async ({ thread }) => thread().worktree ?? '');
    return {
      // Commit, branch, and what is staged, unstaged and untracked with the hashes of what is staged.
      status: await gitIn(path, 'status', '--porcelain=v2', '--branch', '--untracked-files=all'),
      files: await filesIn(path),
    };
  }

  /** Nothing half-done is left anywhere. */
  async assertTidy(): Promise<void> {
    await this.with(undefined, async ({ store, thread }) => {
      const { operations, refs, kept } = store.read(stores => ({
        operations: stores.operations.list(),
        refs: stores.rescues.ofThread(thread().id).map(({ ref }) => ref),
        kept: stores.rescues.ofThread(thread().id),
      }));
      expect(operations).toEqual([]);
      const found = await this.repository.git('for-each-ref', '--format=%(refname)', 'refs/muster');
      expect(
        found
          .split('\n')
          .filter(ref => ref !== '')
          .toSorted(),
      ).toEqual([...refs].toSorted());
      const folders = join(this.stateDir, 'rescues');
      expect((await namesIn(folders)).toSorted()).toEqual(kept.map(({ id }) => id).toSorted());
      for (const { id, archived } of kept)
        expect(await namesIn(join(folders, id))).toEqual([...(archived ? ['files.tar.gz'] : []), 'record.json']);
      const { worktree, branch } = thread();
      const worktrees = await this.repository.git('worktree', 'list', '--porcelain');
      expect(worktrees).not.toContain('locked');
      expect(worktrees).not.toContain('prunable');
      expect(worktrees.split('\n').filter(line => line.startsWith('worktree '))).toHaveLength(
        worktree === undefined ? 1 : 2,
      );
      const branches = (await this.repository.git('branch', '--format=%(refname:short)')).split('\n');
      expect(branches).toEqual(worktree === undefined ? ['main'] : ['main', branch]);
      const folder = join(this.stateDir, 'worktrees', thread().id);
      expect(await namesIn(folder)).toEqual(worktree === undefined ? [] : [worktree.slice(folder.length + 1)]);
    });
  }
}

/** Tells the story once to the end and then once for each chosen operation at which its host dies; `after` is told with the next host. */
async function dieEverywhere(
  scene: Scene,
  story: (host: Host) => Promise<void>,
  after: (at: string) => Promise<void>,
): Promise<readonly string[]> {
  await scene.save();
  const whole = new MortalHost();
  await scene.with(whole, story);
  for (const at of momentsOf(whole.operations.length, random, 12)) {
    const name = whole.operations[at - 1] ?? '';
    for (const half of name === 'removeTree' ? [false, true] : [false]) {
      await scene.reset();
      const end = await scene.with(new MortalHost(at, half), story).then(
        () => 'finished',
        (error: unknown) => error,
      );
      // An end that is only swallowed is an end as well: what follows says whether it did harm.
      if (end !== 'finished' && !isKilled(end)) throw end;
      await after(`${at}: ${name}${half ? ' (half)' : ''} (MUSTER_SEED=${seed})`);
    }
  }
  await scene.repository.fsck();
  return whole.operations;
}

function isKilled(error: unknown): boolean {
  return error instanceof HostKilled || (error instanceof Error && error.message.includes('The host was killed'));
}

/** Paths with modes and contents, `.git` of the worktree left out. */
async function filesIn(root: string, path = ''): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of (await readdir(join(root, path))).toSorted()) {
    const inner = join(path, name);
    if (inner === '.git' || inner.endsWith('/.git/index')) continue;
    const stats = await lstat(join(root, inner));
    if (stats.isDirectory()) found.push(`${inner}/`, ...(await filesIn(root, inner)));
    else if (stats.isSymbolicLink()) found.push(`${inner} -> ${await readlink(join(root, inner))}`);
    else
      found.push(
        `${inner} ${(stats.mode & 0o777).toString(8)} ${(await readFile(join(root, inner))).toString('base64')}`,
      );
  }
  return found;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return existsSync(folder) ? readdir(folder) : [];
}

/** The worktree as an agent leaves it: commits, staged, unstaged, untracked and ignored files, a repository of its own. */
async function work(scene: Scene): Promise<void> {
  await scene.with(undefined, host => host.prepare());
  const path = await scene.with(undefined, async ({ thread }) => thread().worktree ?? '');
  await writeIn(path, 'done.txt', 'done\n');
  await gitIn(path, 'add', '--all');
  await gitIn(path, ...identity, 'commit', '--quiet', '-m', 'Done');
  await writeIn(path, 'staged.txt', 'staged\n');
  await gitIn(path, 'add', 'staged.txt');
  await writeIn(path, 'README.md', 'edited\n');
  await writeIn(path, 'untracked.txt', 'untracked\n');
  await writeIn(path, 'my.secret', 'secret\n');
  await gitIn(path, 'init', '--quiet', '--initial-branch=main', '--template=', 'tool');
  await writeIn(join(path, 'tool'), 'tool.txt', 'tool\n');
  await gitIn(join(path, 'tool'), 'add', '--all');
  // Few files: each is an operation that the host dies at.
  await gitIn(join(path, 'tool'), ...identity, '-c', 'core.logAllRefUpdates=false', 'commit', '--quiet', '-m', 'Tool');
}

describe('a host killed at any git command, file operation or transaction', () => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await Scene.create();
  });
  afterEach(() => scene.dispose());

  const recover = (): Promise<void> => scene.with(undefined, ({ rescues }) => rescues.recover());
  const thread = (): Promise<Thread> => scene.with(undefined, async host => host.thread());

  test('while it makes a worktree', { timeout: 400_000 }, async () => {
    const operations = await dieEverywhere(
      scene,
      host => host.prepare(),
      async at => {
        await recover();
        if ((await thread()).worktree === undefined) await scene.with(undefined, host => host.prepare());
        expect(await scene.look(), at).toMatchObject({ status: expect.stringMatching(/branch\.head muster\/[^\n]+$/) });
        await scene.assertTidy();
      },
    );
    expect(operations.length).toBeGreaterThan(5);
  });

  test('while it removes one', { timeout: 400_000 }, async () => {
    await work(scene);
    const before = await scene.look();
    const { id } = await thread();
    const operations = await dieEverywhere(
      scene,
      ({ rescues }) => rescues.remove(id, { outcome: 'abandoned' }),
      async at => {
        await recover();
        // Before the first transaction nobody knows that it was wanted.
        const { worktree, outcome } = await thread();
        if (worktree === undefined) {
          expect(outcome, at).toBe('abandoned');
          await scene.with(undefined, ({ rescues }) => rescues.restore(id));
        }
        expect(await scene.look(), at).toEqual(before);
        await scene.assertTidy();
      },
    );
    expect(operations.length).toBeGreaterThan(20);
  });

  test('while it brings one back', { timeout: 400_000 }, async () => {
    await work(scene);
    const before = await scene.look();
    const { id } = await thread();
    await scene.with(undefined, ({ rescues }) => rescues.remove(id, { outcome: 'abandoned' }));
    const operations = await dieEverywhere(
      scene,
      ({ rescues }) => rescues.restore(id),
      async at => {
        await recover();
        if ((await thread()).worktree === undefined) await scene.with(undefined, ({ rescues }) => rescues.restore(id));
        expect(await scene.look(), at).toEqual(before);
        await scene.assertTidy();
      },
    );
    expect(operations.length).toBeGreaterThan(20);
  });

  test('while it puts away one whose folder was deleted by hand', { timeout: 400_000 }, async () => {
    await work(scene);
    const { id, worktree: path = '' } = await thread();
    const head = await gitIn(path, 'rev-parse', 'HEAD');
    await rm(path, { recursive: true });
    await dieEverywhere(
      scene,
      ({ rescues }) => rescues.remove(id, { outcome: 'open' }),
      async at => {
        await recover();
        if ((await thread()).worktree !== undefined) {
          await scene.with(undefined, ({ rescues }) => rescues.remove(id, { outcome: 'open' }));
        }
        await scene.with(undefined, ({ rescues }) => rescues.restore(id));
        const { status } = await scene.look();
        expect(status, at).toContain(head);
        expect(status, at).toMatch(/1 A\. .* staged\.txt$/);
        await scene.assertTidy();
      },
    );
  });
});
