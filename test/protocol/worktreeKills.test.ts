import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { isAnyAppError } from '../../src/base/errors.js';
import type { HostClient } from '../../src/client/hostClient.js';
import type { Thread } from '../../src/protocol/gen/muster/v1/threads_pb.js';
import { buildPrograms, testHome, testRepository, type Programs, type TestHome } from '../support/hostProcess.js';
import { randomFrom, seed, soaking } from '../support/sample.js';
import { tempDirectory } from '../support/tempDirectory.js';

const execute = promisify(execFile);

const kills = soaking ? 200 : 6;
/** Tasks that are under way at once. */
const people = 3;
const longestLifeMs = 500;
const strategies = ['merge', 'squash', 'rebase'] as const;

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

/** An agent with committed, uncommitted and ignored work, which says outside what it committed. */
function composeFile(proof: string): string {
  const script = [
    'read -r task; mkdir -p work; echo "$task" > "work/$task.txt"; git add work',
    `git -c user.name=Agent -c user.email=agent@example.com commit -qm "$task"; git rev-parse HEAD > "${proof}/$task"`,
    'echo "$task, more" > "work/$task.more.txt"; echo "$task, secret" > "$task.secret"',
  ].join('\n');
  return [
    'name: kills',
    'limits: {concurrency: 8}',
    'providers:',
    `  sh: {command: sh, args: [-c, ${JSON.stringify(script)}], output: {format: text}, permissions: auto}`,
    'agents: {dev: {provider: sh}}',
    '',
  ].join('\n');
}

/** What a client hears of a host that was killed; it asks the next one. */
const gone = new Set(['host.unreachable', 'cancelled']);

class Killed {
  readonly home: TestHome;
  readonly repository: string;
  readonly proof: string;
  readonly random: () => number;
  /** Every commit of the target that anybody saw, in that order. */
  readonly tips: string[] = [];
  readonly userCommits: string[] = [];
  readonly tasks: { readonly name: string; readonly thread: string; readonly goal: 'merged' | 'kept' }[] = [];
  #client: Promise<HostClient> | undefined;
  #kills = 0;
  #user = Promise.resolve();

  constructor(fixed: Pick<Killed, 'home' | 'repository' | 'proof' | 'random'>) {
    this.home = fixed.home;
    this.repository = fixed.repository;
    this.proof = fixed.proof;
    this.random = fixed.random;
  }

  get over(): boolean {
    return this.#kills >= kills;
  }

  git(...args: readonly string[]): Promise<string> {
    return execute('git', args, { cwd: this.repository, env: this.home.env }).then(({ stdout }) => stdout.trimEnd());
  }

  /** Lets each host live for a random time, then kills it as a crash would. */
  async killRepeatedly(): Promise<void> {
    while (!this.over) {
      await this.#reach(async () => undefined);
      await new Promise(resolve => setTimeout(resolve, this.random() * longestLifeMs));
      await this.home.killHost();
      this.#client = undefined;
      this.#kills++;
    }
  }

  /** One person: task after task until the killing is over, each brought to an end. */
  async work(person: number): Promise<void> {
    for (let n = 0; n === 0 || !this.over; n++) {
      const name = `task-${person}-${n}`;
      const thread = await this.#reach(async client => {
        const key = { idempotencyKey: name };
        return (await client.threads.dispatch({ folder: this.repository, agent: 'dev', prompt: name, ...key }))
          .threadId;
      });
      const goal = this.random() < 0.7 ? 'merged' : 'kept';
      this.tasks.push({ name, thread, goal });
      await this.#until(thread, ({ status }) => status === 'ready');
      if (this.random() < 0.5) await this.#commitAsUser(name);
      if (goal === 'kept' || this.random() < 0.4) await this.#removeAndRestore(thread, goal);
      if (goal === 'merged') await this.#merge(thread);
      await this.#look();
    }
  }

  /** The thread as soon as it is so; a host that is killed is asked again when it is back. */
  async #until(threadId: string, is: (thread: Thread) => boolean): Promise<Thread> {
    for (;;) {
      const { thread } = await this.#reach(client => client.threads.getThread({ threadId }));
      if (thread && is(thread)) return thread;
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }

  async #merge(threadId: string): Promise<void> {
    const strategy = strategies[Math.floor(this.random() * strategies.length)] ?? 'merge';
    for (;;) {
      const thread = await this.#until(threadId, ({ status }) => status !== 'merging');
      if (thread.status === 'merged') return;
      // A request whose answer was killed may be the one that is refused now.
      await this.#attempt(async client => {
        const { merge } = await client.merges.requestMerge({ threadId, strategy });
        await client.merges.waitMerge({ mergeId: merge?.id ?? '' });
      });
    }
  }

  async #removeAndRestore(threadId: string, goal: 'merged' | 'kept'): Promise<void> {
    const isGone = (thread: Thread): boolean => thread.worktree === '';
    await this.#repeat(threadId, isGone, async client => {
      if (goal === 'kept') await client.threads.abandonThread({ threadId, ignored: 'archive' });
      else await client.worktrees.removeWorktree({ threadId, ignored: 'archive' });
    });
    const isBack = ({ worktree, status }: Thread): boolean => worktree !== '' && status === 'ready';
    await this.#repeat(threadId, isBack, client => client.threads.restoreThread({ threadId }));
  }

  async #repeat(
    threadId: string,
    isDone: (thread: Thread) => boolean,
    work: (client: HostClient) => Promise<unknown>,
  ): Promise<void> {
    for (;;) {
      const { thread } = await this.#reach(client => client.threads.getThread({ threadId }));
      if (thread && isDone(thread)) return;
      await this.#attempt(work);
    }
  }

  /** Refusals (busy, done meanwhile, nothing to do) are told by the state that is looked at next; nothing internal is among them. */
  async #attempt(work: (client: HostClient) => Promise<unknown>): Promise<void> {
    try {
      await this.#reach(work);
    } catch (error) {
      if (!isAnyAppError(error) || error.code === 'internal') throw error;
    }
  }

  /** Asks the host that is there, and the next one when that was killed meanwhile. */
  async #reach<T>(work: (client: HostClient) => Promise<T>): Promise<T> {
    for (;;) {
      const client = (this.#client ??= this.home.connect());
      try {
        return await work(await client);
      } catch (error) {
        if (!isAnyAppError(error) || !gone.has(error.code)) throw error;
        if (this.#client === client) this.#client = undefined;
      }
    }
  }

  /** A person commits one file at a time, and tries again when git holds a lock. */
  #commitAsUser(name: string): Promise<void> {
    this.#user = this.#user.then(async () => {
      const file = `user-${name}.txt`;
      writeFileSync(join(this.repository, file), `${name}\n`);
      for (;;) {
        const done = await this.git('add', file)
          .then(() => this.git('commit', '--quiet', '--message', name, '--', file))
          .then(
            () => true,
            () => false,
          );
        if (done) break;
      }
      this.userCommits.push(await this.git('log', '-1', '--format=%H', '--', file));
    });
    return this.#user;
  }

  /** The target's history only grows. */
  async #look(): Promise<void> {
    const before = this.tips.at(-1);
    const now = await this.git('rev-parse', 'main');
    if (before !== undefined) await this.git('merge-base', '--is-ancestor', before, now);
    this.tips.push(now);
  }

  /** Everything that anybody did is there, once. */
  async assertNothingLost(): Promise<void> {
    await this.git('fsck', '--full', '--strict', '--no-dangling');
    for (const tip of this.tips) await this.git('merge-base', '--is-ancestor', tip, 'main');
    for (const commit of this.userCommits) await this.git('merge-base', '--is-ancestor', commit, 'main');
    for (const { name, thread: threadId, goal } of this.tasks) {
      const { thread } = await this.#reach(client => client.threads.getThread({ threadId }));
      expect(thread?.trouble, name).toBe('');
      const commit = readFileSync(join(this.proof, name), 'utf8').trim();
      expect(await this.git('for-each-ref', `--contains=${commit}`), `the commit of ${name} is kept`).not.toBe('');
      if (goal === 'merged') {
        expect(thread?.status, name).toBe('merged');
        expect(await this.git('show', `main:work/${name}.txt`)).toBe(name);
        expect(await this.git('show', `main:work/${name}.more.txt`)).toBe(`${name}, more`);
        const landed = await this.git('log', '--first-parent', '--format=%H', 'main', '--', `work/${name}.more.txt`);
        expect(landed.split('\n'), `${name} landed once`).toHaveLength(1);
        continue;
      }
      const worktree = thread?.worktree ?? '';
      expect(readFileSync(join(worktree, 'work', `${name}.more.txt`), 'utf8')).toBe(`${name}, more\n`);
      expect(readFileSync(join(worktree, `${name}.secret`), 'utf8')).toBe(`${name}, secret\n`);
    }
  }

  /** No worktree, lock or journal of a killed host stays. */
  async assertNothingLeft(): Promise<void> {
    const known = await Promise.all(
      this.tasks.map(({ thread: threadId }) => this.#reach(client => client.threads.getThread({ threadId }))),
    );
    const worktrees = known.flatMap(({ thread }) => (thread?.worktree ? [realpathSync(thread.worktree)] : []));
    const listed = (await this.git('worktree', 'list', '--porcelain')).split('\n');
    const places = listed.filter(line => line.startsWith('worktree ')).map(line => line.slice('worktree '.length));
    expect(places.toSorted()).toEqual([realpathSync(this.repository), ...worktrees].toSorted());
    expect(listed.filter(line => /^(?:prunable|locked)/.test(line))).toEqual([]);
    const lock = join(this.repository, '.git', 'index.lock');
    expect(existsSync(lock)).toBe(false);
  }
}

describe('worktrees and merges under a host that is killed again and again', () => {
  test(
    `after ${kills} kills every commit and every edit is where it belongs (seed ${seed})`,
    { timeout: soaking ? 60 * 60_000 : 300_000 },
    async () => {
      const proof = join(tempDirectory(), 'proof');
      mkdirSync(proof);
      const home = testHome(programs);
      const repository = testRepository({
        'agent-compose.yml': composeFile(proof),
        '.gitignore': '*.secret\n',
        'mine.txt': 'committed\n',
      });
      writeFileSync(join(repository, 'mine.txt'), 'edited by hand\n');
      const first = await home.connect();
      await first.projects.applyProject({ file: join(repository, 'agent-compose.yml'), consent: true });
      const killed = new Killed({ home, repository, proof, random: randomFrom(seed) });
      await Promise.all([
        killed.killRepeatedly(),
        ...Array.from({ length: people }, (_, person) => killed.work(person)),
      ]);
      await killed.assertNothingLost();
      await killed.assertNothingLeft();
      expect(readFileSync(join(repository, 'mine.txt'), 'utf8')).toBe('edited by hand\n');
      expect(await killed.git('status', '--porcelain')).toBe(' M mine.txt');
    },
  );
});
