import { statSync } from 'node:fs';
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ThreadId } from '../../../src/base/ids.js';
import { silentLog } from '../../../src/base/log.js';
import type { Project } from '../../../src/core/projects/project.js';
import type { Thread } from '../../../src/core/threads/thread.js';
import { RescueService } from '../../../src/core/workspaces/rescueService.js';
import { WarmPool } from '../../../src/core/workspaces/warmPool.js';
import { WorkspaceService } from '../../../src/core/workspaces/workspaceService.js';
import { createGitRescueDriver } from '../../../src/drivers/git/rescue/gitRescueDriver.js';
import { createGitWorktreeDriver } from '../../../src/drivers/git/worktree/gitWorktreeDriver.js';
import { createSpareDriver } from '../../../src/drivers/git/worktree/spareWorktree.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { openDatabase } from '../../../src/drivers/sqlite/openDatabase.js';
import { SqliteStore } from '../../../src/drivers/sqlite/sqliteStore.js';
import { gitIn, GitRepository, isolatedGitEnvironment, writeIn } from '../../support/gitRepository.js';
import { countingIds } from '../../support/ids.js';
import { MortalHost } from '../../support/mortalHost.js';
import { agentOf, specOf } from '../../support/projectSpecs.js';
import { randomFrom, seed, soaking } from '../../support/sample.js';

const signal = new AbortController().signal;
const spec = specOf('agents: { dev: { provider: claude } }');

interface Host {
  readonly store: SqliteStore;
  readonly pool: WarmPool;
  readonly rescues: RescueService;
  /** Makes the worktree of a new thread as a starting run does. */
  prepare(thread: Thread): Promise<Thread>;
}

/** A repository, a state directory with its database, and hosts that work on them one after the other. */
class Scene {
  readonly repository: GitRepository;
  readonly ids = countingIds();
  readonly #project: Project;

  constructor(repository: GitRepository) {
    this.repository = repository;
    this.#project = {
      id: this.ids.next(),
      name: 'shop',
      folder: repository.root,
      file: repository.path('agent-compose.yml'),
      revision: 1,
      specHash: 'sha256:1',
      spec,
      appliedAt: 1,
    };
  }

  get stateDir(): string {
    return join(this.repository.folder, 'state');
  }

  async with<T>(mortal: MortalHost | undefined, work: (host: Host) => Promise<T>, size = 1): Promise<T> {
    const clock = createNodeClock();
    const log = silentLog;
    await mkdir(this.stateDir, { recursive: true });
    const real = new SqliteStore(openDatabase(join(this.stateDir, 'muster.db'), { log, now: () => 1 }), {
      newEpoch: 'epoch',
      onListenerError: error => {
        throw error;
      },
    });
    const store = mortal?.store(real) ?? real;
    const environment = isolatedGitEnvironment;
    const options = {
      stateDir: this.stateDir,
      clock,
      log,
      environment,
      ...(mortal && { git: mortal.git({ clock, environment }), files: mortal.files() }),
    };
    const common = { store, clock, log, ids: this.ids };
    const folder = join(this.stateDir, 'ready');
    const pool = new WarmPool({ ...common, driver: createSpareDriver(options), folder, size, worthwhile: 1 });
    const worktreesDir = join(this.stateDir, 'worktrees');
    const workspaces = new WorkspaceService({
      ...common,
      driver: createGitWorktreeDriver(options),
      worktreesDir,
      warm: pool,
    });
    const notebooks = { endOf: async () => undefined };
    const rescues = new RescueService({ ...common, driver: createGitRescueDriver(options), workspaces, notebooks });
    try {
      return await work({
        store: real,
        pool,
        rescues,
        prepare: async thread => {
          const prepared = await workspaces.prepare(thread, this.#project, agentOf(spec, 'dev'), signal);
          store.transact(stores => {
            stores.threads.update(prepared.thread);
            stores.operations.end(thread.id);
          });
          return prepared.thread;
        },
      });
    } finally {
      await pool.dispose().catch(() => undefined);
      real.dispose();
    }
  }

  /** A thread without a worktree. */
  newThread({ store }: Host): Thread {
    const id = this.ids.next<'thread'>();
    const thread: Thread = {
      id,
      projectId: this.#project.id,
      agent: 'dev',
      outcome: 'open',
      summary: `Task ${id}`,
      createdAt: 1,
      updatedAt: 1,
    };
    store.transact(stores => {
      stores.projects.save(this.#project);
      stores.threads.insert(thread);
    });
    return thread;
  }

  /** The first thread, whose repository then has a worktree that stands ready. */
  async warmUp(host: Host): Promise<string> {
    await host.prepare(this.newThread(host));
    await host.pool.idle();
    return host.pool.list()[0]?.path ?? '';
  }

  async look({ worktree = '', branch = '' }: Thread): Promise<void> {
    expect(await gitIn(worktree, 'status', '--porcelain=v2', '--branch', '--ignored')).toBe(
      `# branch.oid ${await this.repository.commitOf('main')}\n# branch.head ${branch}`,
    );
    expect(await gitIn(worktree, 'ls-files')).toBe(await this.repository.git('ls-tree', '-r', '--name-only', 'main'));
  }

  async dispose(): Promise<void> {
    await rm(`${this.repository.folder}.saved`, { recursive: true, force: true });
    await this.repository.dispose();
  }
}

describe('worktrees that stand ready', { timeout: 600_000 }, () => {
  let scene: Scene;
  beforeEach(async () => {
    scene = new Scene(await GitRepository.create());
  });
  afterEach(() => scene.dispose());

  test('the next thread takes one over, with its files as they are, and another one is made', async () => {
    await scene.with(undefined, async host => {
      const ready = await scene.warmUp(host);
      const file = statSync(join(ready, 'README.md')).ino;
      const thread = await host.prepare(scene.newThread(host));
      expect(statSync(join(thread.worktree ?? '', 'README.md')).ino).toBe(file);
      await scene.look(thread);
      await host.pool.idle();
      expect(host.pool.list()).toMatchObject([{ state: 'ready' }]);
      expect(host.pool.list()[0]?.path).not.toBe(ready);
      // It is an ordinary worktree: git knows it by its place, and nothing is locked but what stands ready.
      const worktrees = await scene.repository.git('worktree', 'list', '--porcelain');
      expect(worktrees).toContain(`worktree ${thread.worktree}\n`);
      expect(worktrees.match(/^locked .*$/gm)).toEqual(['locked Muster keeps this worktree ready for the next thread']);
      await scene.repository.git('worktree', 'prune');
      await scene.look(thread);
    });
  });

  test('it is never behind: a base that moved meanwhile is what the thread gets', async () => {
    await scene.with(undefined, async host => {
      await scene.warmUp(host);
      await scene.repository.git('rm', '--quiet', 'src/b.txt');
      await scene.repository.commit({ 'README.md': 'newer\n', 'new.txt': 'new\n' });
      const thread = await host.prepare(scene.newThread(host));
      await scene.look(thread);
      expect(thread.baseCommit).toBe(await scene.repository.commitOf('main'));
      expect(await readFile(join(thread.worktree ?? '', 'README.md'), 'utf8')).toBe('newer\n');
    });
  });

  test('when a merge lands it follows, before anybody asks', async () => {
    await scene.with(undefined, async host => {
      const ready = await scene.warmUp(host);
      const first = host.store.read(stores => stores.threads.page({ statuses: [], limit: 5 })).threads[0]?.thread;
      await scene.repository.commit({ 'landed.txt': 'landed\n' });
      host.store.transact(stores =>
        stores.events.append(
          { kind: 'merge_changed', threadId: first?.id as ThreadId, mergeId: scene.ids.next(), status: 'merged' },
          1,
        ),
      );
      await host.pool.idle();
      expect(await readFile(join(ready, 'landed.txt'), 'utf8')).toBe('landed\n');
    });
  });

  test('one whose base is gone keeps what somebody left in it, also when the next host comes, and follows when it is back', async () => {
    const { repository } = scene;
    const landed = (host: Host): Promise<void> => {
      const { threads } = host.store.read(stores => stores.threads.page({ statuses: [], limit: 5 }));
      const threadId = threads[0]?.thread.id ?? scene.ids.next();
      const mergeId = scene.ids.next<'merge'>();
      host.store.transact(({ events }) =>
        events.append({ kind: 'merge_changed', threadId, mergeId, status: 'merged' }, 1),
      );
      return host.pool.idle();
    };
    const ready = await scene.with(undefined, async host => {
      const made = await scene.warmUp(host);
      await writeIn(made, 'mine.txt', 'mine\n');
      await repository.git('symbolic-ref', 'HEAD', 'refs/heads/gone');
      await landed(host);
      return made;
    });
    await scene.with(undefined, async host => {
      host.pool.recover();
      await host.pool.idle();
      expect(await readFile(join(ready, 'mine.txt'), 'utf8')).toBe('mine\n');
      await rm(join(ready, 'mine.txt'));
      await repository.git('symbolic-ref', 'HEAD', 'refs/heads/main');
      await repository.commit({ 'landed.txt': 'landed\n' });
      await landed(host);
      expect(await readFile(join(ready, 'landed.txt'), 'utf8')).toBe('landed\n');
      expect(host.pool.list()).toMatchObject([{ state: 'ready', path: ready }]);
    });
  });

  const intruders: readonly (readonly [string, (path: string) => Promise<unknown>])[] = [
    ['a file of its own', path => writeIn(path, 'planted.txt', 'planted\n')],
    ['a change', path => writeIn(path, 'README.md', 'changed\n')],
    [
      'a commit',
      path => gitIn(path, '-c', 'user.name=A', '-c', 'user.email=a@b.c', 'commit', '-qm', 'x', '--allow-empty'),
    ],
    ['a branch', path => gitIn(path, 'checkout', '--quiet', '-b', 'mine')],
  ];
  test.for(intruders)('one in which somebody left %s is given to nobody, and stays', async ([, intrude]) => {
    await scene.with(undefined, async host => {
      const ready = await scene.warmUp(host);
      await intrude(ready);
      const thread = await host.prepare(scene.newThread(host));
      await scene.look(thread);
      await host.pool.idle();
      expect(host.pool.list()).toMatchObject([{ state: 'touched', path: ready }, { state: 'ready' }]);
      expect(statSync(ready).isDirectory()).toBe(true);
      expect(await host.pool.discard(host.pool.list()[0]?.id ?? scene.ids.next())).toBe(false);
    });
  });

  const changes: readonly (readonly [string, (ready: string) => Promise<unknown>])[] = [
    ['the repository writes other line ends', () => scene.repository.git('config', 'core.autocrlf', 'true')],
    ['its folder is gone', ready => rm(ready, { recursive: true })],
    ['its .git is another one', ready => writeIn(ready, '.git', 'gitdir: /elsewhere\n')],
  ];
  test.for(changes)('one is not used when %s', async ([, change]) => {
    await scene.with(undefined, async host => {
      const ready = await scene.warmUp(host);
      await change(ready);
      const thread = await host.prepare(scene.newThread(host));
      await scene.look(thread);
      await host.pool.idle();
      expect(host.pool.list().filter(({ state }) => state === 'ready')).toHaveLength(1);
      expect(host.pool.list().find(({ state }) => state === 'ready')?.path).not.toBe(ready);
    });
  });

  test('many at once: each thread has one of its own', async () => {
    await scene.with(
      undefined,
      async host => {
        await scene.warmUp(host);
        const threads = await Promise.all(Array.from({ length: 8 }, () => host.prepare(scene.newThread(host))));
        expect(new Set(threads.map(({ worktree }) => worktree)).size).toBe(8);
        for (const thread of threads) await scene.look(thread);
        await host.pool.idle();
        expect(host.pool.list().map(({ state }) => state)).toEqual(['ready', 'ready']);
      },
      2,
    );
  });

  test('a host that dies anywhere leaves nothing that the next one does not finish or remove', async () => {
    const { folder } = scene.repository;
    const saved = `${folder}.saved`;
    const { task, other } = await scene.with(undefined, async host => {
      await scene.warmUp(host);
      return { task: scene.newThread(host), other: scene.newThread(host) };
    });
    await cp(folder, saved, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    const story = (mortal?: MortalHost): Promise<void> =>
      scene.with(mortal, async host => {
        const work = (async () => {
          await host.prepare(task);
          await host.pool.idle();
        })();
        await (mortal === undefined ? work : Promise.race([work, mortal.died]));
        work.catch(() => undefined);
      });
    const whole = new MortalHost();
    await story(whole);
    expect(whole.operations.length).toBeGreaterThan(15);
    const random = randomFrom(seed);
    for (let at = 1; at <= whole.operations.length; at++) {
      if (!soaking && random() > 0.4) continue;
      await rm(folder, { recursive: true, force: true });
      await cp(saved, folder, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
      await story(new MortalHost(at));
      const name = `${at}: ${whole.operations[at - 1]} (MUSTER_SEED=${seed})`;
      await scene.with(undefined, async host => {
        await host.rescues.recover();
        host.pool.recover();
        await host.pool.idle();
        const now = host.store.read(stores => stores.threads.get(task.id));
        const thread = now?.worktree === undefined ? await host.prepare(task) : now;
        await scene.look(thread);
        await host.prepare(other);
        await host.pool.idle();
        expect(
          host.pool.list().map(({ state }) => state),
          name,
        ).toEqual(['ready']);
        expect(
          host.store.read(stores => stores.operations.list()),
          name,
        ).toEqual([]);
        const worktrees = await scene.repository.git('worktree', 'list', '--porcelain');
        // The checkout, three threads and the one that stands ready.
        expect(worktrees.match(/^worktree /gm), name).toHaveLength(5);
        expect(worktrees, name).not.toContain('prunable');
        expect(await scene.repository.git('branch', '--format=%(refname:short)'), name).toMatch(
          /^main(\nmuster\/\S+){3}$/,
        );
      });
    }
    await scene.repository.fsck();
  });
});
