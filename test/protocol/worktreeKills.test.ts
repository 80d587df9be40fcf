import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
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

/** Agents with committed, uncommitted and ignored work, which say outside what they committed; one of them works in two repositories. */
function composeFile(proof: string, other: string): string {
  const script = [
    'task=$(grep -o -E "task-[0-9]+-[0-9]+"); for at in . $MUSTER_REPO_WEB; do cd "$at"; mkdir -p work; echo "$task" > "work/$task.txt"; git add work',
    `git -c user.name=Agent -c user.email=agent@example.com commit -qm "$task"; git rev-parse HEAD >> "${proof}/$task"`,
    'echo "$task, more" > "work/$task.more.txt"; echo "$task, secret" > "$task.secret"; done',
  ].join('\n');
  return [
    'name: kills',
    'limits: {concurrency: 8}',
    'providers:',
    `  sh: {command: sh, args: [-c, ${JSON.stringify(script)}], output: {format: text}, permissions: auto}`,
    'agents:',
    '  dev: {provider: sh}',
    `  both: {provider: sh, workspace: {repos: [{path: ${JSON.stringify(other)}, as: web}]}}`,
    '',
  ].join('\n');
}

/** What a client hears of a host that was killed; it asks the next one. */
const gone = new Set(['host.unreachable', 'cancelled']);

/** A repository in which a person works too. */
class Place {
  readonly root: string;
  readonly #env: NodeJS.ProcessEnv;
  /** Every commit of the target that anybody saw, in that order. */
  readonly #tips: string[] = [];
  readonly #userCommits: string[] = [];
  #user = Promise.resolve();

  constructor(root: string, env: NodeJS.ProcessEnv) {
    this.root = root;
    this.#env = env;
  }

  git(...args: readonly string[]): Promise<string> {
    return execute('git', args, { cwd: this.root, env: this.#env }).then(({ stdout }) => stdout.trimEnd());
  }

  /** A person commits one file at a time, and tries again when git holds a lock. */
  commitAsUser(name: string): Promise<void> {
    this.#user = this.#user.then(async () => {
      const file = `user-${name}.txt`;
      writeFileSync(join(this.root, file), `${name}\n`);
      for (;;) {
        const done = await this.git('add', file)
          .then(() => this.git('commit', '--quiet', '--message', name, '--', file))
          .then(
            () => true,
            () => false,
          );
        if (done) break;
      }
      this.#userCommits.push(await this.git('log', '-1', '--format=%H', '--', file));
    });
    return this.#user;
  }

  /** The target's history only grows. */
  async look(): Promise<void> {
    const before = this.#tips.at(-1);
    const now = await this.git('rev-parse', 'main');
    if (before !== undefined) await this.git('merge-base', '--is-ancestor', before, now);
    this.#tips.push(now);
  }

  async assertHistory(): Promise<void> {
    await this.git('fsck', '--full', '--strict', '--no-dangling');
    for (const commit of [...this.#tips, ...this.#userCommits])
      await this.git('merge-base', '--is-ancestor', commit, 'main');
    expect(readFileSync(join(this.root, 'mine.txt'), 'utf8')).toBe('edited by hand\n');
    expect(await this.git('status', '--porcelain')).toBe(' M mine.txt');
  }

  async assertLandedOnce(name: string): Promise<void> {
    expect(await this.git('show', `main:work/${name}.txt`)).toBe(name);
    expect(await this.git('show', `main:work/${name}.more.txt`)).toBe(`${name}, more`);
    const landed = await this.git('log', '--first-parent', '--format=%H', 'main', '--', `work/${name}.more.txt`);
    expect(landed.split('\n'), `${name} landed once in ${this.root}`).toHaveLength(1);
  }

  /** No worktree, lock or journal of a killed host stays. */
  async assertNothingLeft(worktrees: readonly string[]): Promise<void> {
    const listed = (await this.git('worktree', 'list', '--porcelain')).split('\n');
    const places = listed.filter(line => line.startsWith('worktree ')).map(line => line.slice('worktree '.length));
    const known = [this.root, ...worktrees].map(path => realpathSync(path));
    expect(places.toSorted()).toEqual(known.toSorted());
    expect(listed.filter(line => /^(?:prunable|locked)/.test(line))).toEqual([]);
    expect(existsSync(join(this.root, '.git', 'index.lock'))).toBe(false);
  }
}

interface Task {
  readonly name: string;
  readonly thread: string;
  readonly goal: 'merged' | 'kept';
  readonly agent: 'dev' | 'both';
}

class Killed {
  readonly home: TestHome;
  readonly own: Place;
  readonly web: Place;
  readonly proof: string;
  readonly random: () => number;
  readonly tasks: Task[] = [];
  #client: Promise<HostClient> | undefined;
  #kills = 0;

  constructor(fixed: Pick<Killed, 'home' | 'own' | 'web' | 'proof' | 'random'>) {
    this.home = fixed.home;
    this.own = fixed.own;
    this.web = fixed.web;
    this.proof = fixed.proof;
    this.random = fixed.random;
  }

  get over(): boolean {
    return this.#kills >= kills;
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
      const agent = this.random() < 0.5 ? 'dev' : 'both';
      const thread = await this.#reach(async client => {
        const key = { idempotencyKey: name };
        return (await client.threads.dispatch({ folder: this.own.root, agent, prompt: name, ...key })).threadId;
      });
      const goal = this.random() < 0.7 ? 'merged' : 'kept';
      this.tasks.push({ name, thread, goal, agent });
      await this.#until(thread, ({ status }) => status === 'ready');
      if (this.random() < 0.5) await (this.random() < 0.5 ? this.own : this.web).commitAsUser(name);
      if (goal === 'kept' || this.random() < 0.4) await this.#removeAndRestore(thread, goal);
      if (goal === 'merged') await this.#merge(thread);
      for (const place of [this.own, this.web]) await place.look();
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
    const isGone = (thread: Thread): boolean => worktreesOf(thread).every(path => path === '');
    await this.#repeat(threadId, isGone, async client => {
      if (goal === 'kept') await client.threads.abandonThread({ threadId, ignored: 'archive' });
      else await client.worktrees.removeWorktree({ threadId, ignored: 'archive' });
    });
    const isBack = (thread: Thread): boolean =>
      worktreesOf(thread).every(path => path !== '') && thread.status === 'ready';
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

  /** Everything that anybody did is there, once. */
  async assertNothingLost(): Promise<void> {
    for (const place of [this.own, this.web]) await place.assertHistory();
    for (const { name, thread: threadId, goal, agent } of this.tasks) {
      const { thread } = await this.#reach(client => client.threads.getThread({ threadId }));
      if (!thread) throw new Error(`${name} is gone`);
      expect(thread.trouble, name).toBe('');
      expect(thread.status, name).toBe(goal === 'merged' ? 'merged' : 'ready');
      const places = agent === 'both' ? [this.own, this.web] : [this.own];
      const commits = readFileSync(join(this.proof, name), 'utf8').trim().split('\n');
      expect(commits, name).toHaveLength(places.length);
      for (const [index, place] of places.entries()) {
        const refs = await place.git('for-each-ref', `--contains=${commits[index]}`);
        expect(refs, `the commit of ${name} is kept in ${place.root}`).not.toBe('');
        if (goal === 'merged') {
          await place.assertLandedOnce(name);
          continue;
        }
        const worktree = worktreesOf(thread)[index] ?? '';
        expect(readFileSync(join(worktree, 'work', `${name}.more.txt`), 'utf8')).toBe(`${name}, more\n`);
        expect(readFileSync(join(worktree, `${name}.secret`), 'utf8')).toBe(`${name}, secret\n`);
      }
    }
  }

  async assertNothingLeft(): Promise<void> {
    const known: string[][] = [[], []];
    for (const { thread: threadId } of this.tasks) {
      const { thread } = await this.#reach(client => client.threads.getThread({ threadId }));
      for (const [index, path] of (thread ? worktreesOf(thread) : []).entries())
        if (path !== '') known[index]?.push(path);
    }
    await this.own.assertNothingLeft(known[0] ?? []);
    await this.web.assertNothingLeft(known[1] ?? []);
  }
}

/** In each of its repositories. */
function worktreesOf({ worktree, parts }: Thread): readonly string[] {
  return [worktree, ...parts.map(part => part.worktree)];
}

describe('worktrees and merges under a host that is killed again and again', () => {
  test(
    `after ${kills} kills every commit and every edit is where it belongs (seed ${seed})`,
    { timeout: soaking ? 60 * 60_000 : 300_000 },
    async () => {
      const proof = join(tempDirectory(), 'proof');
      mkdirSync(proof);
      const home = testHome(programs);
      const files = { '.gitignore': '*.secret\n', 'mine.txt': 'committed\n' };
      const web = testRepository(files);
      const own = testRepository(files);
      const file = join(own, 'agent-compose.yml');
      writeFileSync(file, composeFile(proof, relative(own, web)));
      const places = { own: new Place(own, home.env), web: new Place(web, home.env) };
      await places.own.git('add', '--all');
      await places.own.git('commit', '--quiet', '--message', 'Compose');
      for (const place of [own, web]) writeFileSync(join(place, 'mine.txt'), 'edited by hand\n');
      const first = await home.connect();
      await first.projects.applyProject({ file, consent: true });
      const killed = new Killed({ home, ...places, proof, random: randomFrom(seed) });
      await Promise.all([
        killed.killRepeatedly(),
        ...Array.from({ length: people }, (_, person) => killed.work(person)),
      ]);
      await killed.assertNothingLost();
      await killed.assertNothingLeft();
    },
  );
});
