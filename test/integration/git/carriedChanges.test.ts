import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseId } from '../../../src/base/ids.js';
import type { MergeStrategy } from '../../../src/core/merges/mergeDriver.js';
import type { CarriedChanges } from '../../../src/core/workspaces/worktreeDriver.js';
import type { Carried } from '../../support/carriedScene.js';
import { carriedScene } from '../../support/carriedScene.js';
import { commitIn, gitIn, lines, writeIn } from '../../support/gitRepository.js';
import { randomFrom, seed, soaking } from '../../support/sample.js';

const signal = new AbortController().signal;
const strategies: readonly MergeStrategy[] = ['merge', 'squash', 'rebase'];

let scene: Carried;
beforeEach(async () => {
  scene = await carriedScene();
});
afterEach(() => scene.repository.dispose());

describe('taking uncommitted changes along', () => {
  test('takes staged, unstaged and untracked work and no ignored file, and touches nothing of the person’s', async () => {
    const { repository } = scene;
    await repository.git('stash', 'push', '--quiet', '--', 'src/a.txt');
    await repository.write('src/a.txt', lines('a').replace('a 2\n', 'a 2, PERSON\n'));
    const seen = async () => ({
      index: await readFile(repository.path('.git', 'index')),
      status: await repository.git('status', '--porcelain=v2', '--branch', '--ignored'),
      stash: await repository.git('stash', 'list', '--format=%H'),
      branches: await repository.git('for-each-ref', 'refs/heads', 'refs/tags'),
      env: await repository.read('.env'),
    });
    const before = await seen();
    const carried = await scene.begin();
    expect(await seen()).toEqual({
      ...before,
      branches: await repository.git('for-each-ref', 'refs/heads', 'refs/tags'),
    });
    expect(carried).toMatchObject({ branch: 'main', files: 3, onto: await repository.commitOf('main') });
    const changed = await repository.git('diff', '--name-only', carried.onto, carried.commit);
    expect(changed.split('\n')).toEqual(['notes/new.txt', 'src/a.txt', 'src/b.txt']);
    expect(await readFile(join(scene.thread.path, 'src/a.txt'), 'utf8')).toContain('a 2, PERSON');
    expect(await readFile(join(scene.thread.path, 'notes/new.txt'), 'utf8')).toContain('PERSON');
    await expect(readFile(join(scene.thread.path, '.env'))).rejects.toThrow();
  });

  test('there is nothing to take along of a clean checkout, and a base that is not checked out is refused', async () => {
    await scene.git('branch', 'other', 'HEAD~1');
    await expect(scene.carry('other')).rejects.toMatchObject({ code: 'request.invalid' });
    await expect(scene.carry('gone')).rejects.toMatchObject({ code: 'git.noBase' });
    expect((await scene.carry('main')).files).toBe(3);
    await scene.commitAll();
    expect(await scene.worktrees.carry(scene.thread, undefined)).toBeUndefined();
  });

  test('files with conflicts are refused', async () => {
    await scene.git('checkout', '--quiet', '-b', 'theirs', 'HEAD', '--');
    await scene.commitAll();
    await scene.git('checkout', '--quiet', 'main');
    await scene.repository.commit({ 'src/a.txt': lines('a').replace('a 2\n', 'a 2, otherwise\n') });
    await scene.git('merge', '--quiet', 'theirs').catch(() => undefined);
    await expect(scene.carry()).rejects.toMatchObject({ code: 'request.invalid' });
  });

  test('what was taken along outlives git’s own tidying, whatever the agent does to its history', async () => {
    const { commit, onto } = await scene.begin();
    await scene.inThread('reset', '--quiet', '--soft', onto);
    await scene.inThread('commit', '--quiet', '--message', 'All in one');
    await scene.git('reflog', 'expire', '--expire=now', '--all');
    await scene.inThread('reflog', 'expire', '--expire=now', '--all');
    await scene.git('gc', '--quiet', '--prune=now');
    expect(await scene.repository.commitOf(commit)).toBe(commit);
  });
});

describe('what lands of a thread that began with uncommitted changes', () => {
  test.each(strategies)('%s: its own work, and nothing of the person’s', async strategy => {
    const carried = await scene.begin();
    await scene.work({ 'main.txt': lines('main').replace('main 1\n', 'main 1, AGENT\n'), 'work.txt': 'AGENT\n' });
    expect(await scene.review(carried)).not.toContain('PERSON');
    expect(await scene.predicted(carried)).toEqual([]);
    const before = await scene.git('status', '--porcelain');
    expect(await scene.merge(carried, strategy)).toMatchObject({ kind: 'merged' });
    expect(await scene.git('show', 'main:main.txt')).toContain('AGENT');
    expect(await scene.git('log', '--patch', '--diff-merges=separate', 'main')).not.toContain('PERSON');
    await expect(scene.git('merge-base', '--is-ancestor', carried.commit, 'main')).rejects.toThrow();
    expect(await scene.git('status', '--porcelain')).toBe(before);
    expect(await scene.repository.read('src/a.txt')).toContain('PERSON');
    expect(await scene.review(carried)).toContain('AGENT');
  });

  test.each(strategies)(
    '%s: work on top of the person’s is a conflict until the person has committed that',
    async strategy => {
      const carried = await scene.begin();
      const built = lines('a').replace('a 2\n', 'a 2, PERSON, AGENT\n');
      await scene.work({ 'src/a.txt': built });
      expect(await scene.predicted(carried)).toEqual(['src/a.txt']);
      expect(await scene.merge(carried, strategy)).toMatchObject({
        kind: 'conflicted',
        files: ['src/a.txt'],
        message: expect.stringContaining('commit them on main first'),
      });
      await scene.commitAll();
      expect(await scene.predicted(carried)).toEqual([]);
      expect(await scene.merge(carried, strategy)).toMatchObject({ kind: 'merged' });
      expect(await scene.repository.read('src/a.txt')).toBe(built);
    },
  );

  test('a file of the person’s that the agent moved or copied does not land under its other name', async () => {
    const carried = await scene.begin();
    await scene.work({ 'copy.txt': 'PERSON\nwrote\nthis\n' });
    expect(await scene.merge(carried, 'squash')).toMatchObject({ kind: 'conflicted', files: ['copy.txt'] });
    await scene.inThread('reset', '--quiet', '--hard', carried.commit);
    await rename(join(scene.thread.path, 'notes/new.txt'), join(scene.thread.path, 'moved.txt'));
    await scene.work({});
    expect(await scene.merge(carried, 'squash')).toMatchObject({ kind: 'conflicted' });
    await scene.commitAll();
    expect(await scene.merge(carried, 'squash')).toMatchObject({ kind: 'merged' });
    expect(await scene.git('show', 'main:moved.txt')).toContain('PERSON');
  });

  test('nor does what is left of it when the agent moved it and then changed most of it, in one file or in several', async () => {
    const carried = await scene.begin();
    const own = (name: string) => `${lines(name)}${lines(`${name} again`)}`;
    await rm(join(scene.thread.path, 'notes/new.txt'));
    await scene.work({
      'moved.txt': `${own('top')}  PERSON\n${own('end')}`,
      'kept.txt': `${own('kept')}wrote\n`,
    });
    expect(await scene.predicted(carried)).toEqual(['kept.txt', 'moved.txt']);
    expect(await scene.merge(carried, 'squash')).toMatchObject({
      kind: 'conflicted',
      files: ['kept.txt', 'moved.txt'],
    });
    // What a later commit takes out again would be in the history all the same.
    await scene.work({ 'moved.txt': own('top'), 'kept.txt': own('kept') });
    expect(await scene.merge(carried, 'rebase')).toMatchObject({ kind: 'conflicted' });
    expect(await scene.merge(carried, 'squash')).toMatchObject({ kind: 'merged' });
    expect(await scene.git('log', '--patch', 'main')).not.toContain('PERSON');
  });

  test('a draft of the person’s that the agent threw away for a file of its own keeps nothing from landing', async () => {
    await scene.repository.write('notes/new.txt', `import it\n\n{\n${lines('draft')}}\n`);
    const carried = await scene.begin();
    await rm(join(scene.thread.path, 'notes/new.txt'));
    const mine = `import it\n\n{\n${lines('better')}}\n`;
    await scene.work({ 'notes/better.txt': mine });
    expect(await scene.predicted(carried)).toEqual([]);
    expect(await scene.merge(carried, 'rebase')).toMatchObject({ kind: 'merged' });
    expect(await scene.git('show', 'main:notes/better.txt')).toBe(mine.trim());
  });

  test('an agent that put the person’s changes into its own commit lands only what is its own', async () => {
    const carried = await scene.begin();
    await writeIn(scene.thread.path, 'work.txt', 'AGENT\n');
    await scene.inThread('add', '--all');
    await scene.inThread('commit', '--quiet', '--amend', '--message', 'Amended');
    expect(await scene.review(carried)).not.toContain('+a 2, PERSON');
    expect(await scene.merge(carried, 'rebase')).toMatchObject({
      kind: 'conflicted',
      message: expect.stringContaining('Merge with strategy squash'),
    });
    expect(await scene.merge(carried, 'merge')).toMatchObject({ kind: 'merged' });
    expect(await scene.git('log', '--patch', '--diff-merges=separate', 'main')).not.toContain('PERSON');
    expect(await scene.git('show', 'main:work.txt')).toBe('AGENT');
  });

  test('a commit is what its name says, whatever an agent replaced it with', async () => {
    const carried = await scene.begin();
    const reviewed = await scene.work({ 'work.txt': 'AGENT\n' });
    const other = await scene.inThread('commit-tree', '-p', carried.commit, '-m', 'Other', `${carried.onto}^{tree}`);
    await scene.inThread('replace', carried.commit, carried.onto);
    await scene.inThread('replace', reviewed, other);
    await writeIn(scene.repository.root, '.git/info/grafts', `${reviewed} ${carried.onto}\n`);
    expect(await scene.review(carried)).toContain('+AGENT');
    expect(await scene.merge(carried, 'rebase')).toMatchObject({ kind: 'merged' });
    await scene.inThread('replace', '--delete', carried.commit, reviewed);
    await rm(scene.repository.path('.git', 'info', 'grafts'));
    expect(await scene.git('show', 'main:work.txt')).toBe('AGENT');
    expect(await scene.git('log', '--patch', 'main')).not.toContain('PERSON');
  });

  test.each(strategies)(
    '%s: a thread that brought in a newer target lands and shows its own work alone',
    async strategy => {
      const carried = await scene.begin();
      await scene.work({ 'work.txt': 'AGENT\n' });
      await scene.git('checkout', '--quiet', '-b', 'aside');
      await gitIn(scene.repository.root, 'worktree', 'add', '--quiet', scene.repository.path('..', 'theirs'), 'main');
      await commitIn(scene.repository.path('..', 'theirs'), {
        'other.txt': lines('other').replace('other 1', 'THEIRS'),
      });
      const update = {
        id: parseId<'merge'>('0000000000a1'),
        worktree: scene.thread,
        head: await scene.inThread('rev-parse', 'HEAD'),
        target: 'main',
        message: 'Update',
      };
      expect(await scene.merges.update(update, signal)).toMatchObject({ kind: 'merged' });
      expect(await readFile(join(scene.thread.path, 'other.txt'), 'utf8')).toContain('THEIRS');
      const shown = await scene.review(carried);
      expect(shown).toContain('+AGENT');
      expect(shown).not.toMatch(/PERSON|THEIRS/);
      expect(await scene.merge(carried, strategy)).toMatchObject({ kind: 'merged' });
      expect(await scene.git('log', '--patch', '--diff-merges=separate', 'main')).not.toContain('PERSON');
      expect(await scene.git('show', 'main:other.txt')).toContain('THEIRS');
    },
  );

  test.each(strategies)('%s: a second merge after a follow-up lands what came since', async strategy => {
    const carried = await scene.begin();
    const first = await scene.work({ 'work.txt': 'AGENT\n' });
    expect(await scene.merge(carried, strategy)).toMatchObject({ kind: 'merged' });
    expect(await scene.merge(carried, strategy, first)).toMatchObject({ kind: 'blocked', reason: 'nothing_to_merge' });
    await scene.work({ 'work.txt': 'AGENT\nagain\n' });
    expect(await scene.merge(carried, strategy, first)).toMatchObject({ kind: 'merged' });
    expect(await scene.git('show', 'main:work.txt')).toBe('AGENT\nagain');
    expect(await scene.git('log', '--patch', '--diff-merges=separate', 'main')).not.toContain('PERSON');
  });
});

/** What the two do in the stories below; every line that one writes has its name. */
class Story {
  readonly #scene: Carried;
  readonly #random: () => number;
  #line = 0;

  constructor(scene: Carried, random: () => number) {
    this.#scene = scene;
    this.#random = random;
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random() * items.length)] as T;
  }

  chance(of: number): boolean {
    return this.#random() < of;
  }

  /** Changes, adds, deletes or renames a file below a folder. */
  async change(folder: string, who: string, kinds: readonly string[], began?: string): Promise<string> {
    const files = (await gitIn(folder, 'ls-files', '--cached', '--others', '--exclude-standard')).split('\n');
    const there: string[] = [];
    for (const file of new Set(files)) {
      const found = await readFile(join(folder, file), 'utf8').catch(() => undefined);
      // What is copied and then changed is the agent's own by what anybody can tell (docs/limits.md).
      if (found !== undefined && file !== '.gitignore' && !file.startsWith('copy-')) there.push(file);
    }
    const kind = this.pick(kinds);
    const file = this.pick(there);
    const word = `${who} ${++this.#line}`;
    if (kind === 'new' || file === undefined)
      await writeIn(folder, `${who}-${this.#line}.txt`, `${word}\n${lines(word)}`);
    else if (kind === 'delete') await rm(join(folder, file));
    else if (kind === 'rename') await rename(join(folder, file), join(folder, `renamed-${this.#line}.txt`));
    else if (kind === 'copy') {
      // As it was when the agent began: of a file that it has changed it has copied lines, which are its own as well.
      const whole = await gitIn(folder, 'show', `${began}:${file}`).catch(() => word);
      await writeIn(folder, `copy-${this.#line}.txt`, `${whole}\n`);
    } else {
      const text = (await readFile(join(folder, file), 'utf8')).split('\n');
      const at = Math.floor(this.#random() * text.length);
      text.splice(at, kind === 'edit' ? 1 : 0, word);
      await writeIn(folder, file, text.join('\n'));
    }
    return `${who} ${kind} ${file}`;
  }

  async agent(carried: CarriedChanges): Promise<string> {
    const { path } = this.#scene.thread;
    const kind = this.pick(['work', 'work', 'work', 'work', 'amend', 'one commit', 'update']);
    const git = (...args: readonly string[]) => this.#scene.inThread(...args);
    const changes: string[] = [];
    if (kind === 'update') {
      await git('merge', '--quiet', '--no-edit', 'main').catch(() => git('merge', '--abort'));
      return kind;
    }
    for (let n = 0; n < 3; n++) {
      const kinds = ['edit', 'edit', 'insert', 'new', 'delete', 'rename', 'copy'];
      changes.push(await this.change(path, 'AGENT', kinds, carried.commit));
    }
    if (kind === 'one commit') await git('reset', '--quiet', '--soft', carried.onto);
    await git('add', '--all');
    await git('commit', '--quiet', '--allow-empty', ...(kind === 'amend' ? ['--amend'] : []), '--message', kind);
    return `${kind} (${changes.join(', ')})`;
  }
}

const stories = soaking ? 300 : 6;

test.each(Array.from({ length: stories }, (_, n) => seed + n))(
  'whatever person and agent do, nothing lands that the person has not committed (story %i)',
  { timeout: 120_000 },
  async start => {
    const story = new Story(scene, randomFrom(start));
    const told: string[] = [];
    for (let n = 0; n < 3; n++) {
      told.push(
        await story.change(scene.repository.root, 'PERSON', ['edit', 'edit', 'insert', 'new', 'delete', 'rename']),
      );
    }
    const carried = await scene.begin();
    // Afterwards the person commits it, or thinks again.
    const committed = story.chance(0.3);
    if (committed) await scene.commitAll();
    else {
      await scene.git('reset', '--quiet', '--hard');
      await scene.git('clean', '--quiet', '--force', '-d');
    }
    for (let n = 0; n < 3; n++) {
      if (story.chance(0.3)) {
        told.push(await story.change(scene.repository.root, 'THEIRS', ['edit', 'insert', 'new']));
        await scene.commitAll();
      }
      told.push(await story.agent(carried));
    }
    const before = await scene.repository.commitOf('main');
    const strategy = story.pick(strategies);
    const shown = await scene.review(carried);
    const predicted = await scene.predicted(carried);
    const outcome = await scene.merge(carried, strategy);
    const history = await scene.git('log', '--patch', '--diff-merges=separate', '--format=%H', `${before}..main`);
    const what = `${strategy}, ${committed ? 'committed' : 'not committed'}:\n${told.join('\n')}\n${outcome.kind}`;
    const added = (text: string): readonly string[] => text.split('\n').filter(line => /^\+.*PERSON/.test(line));
    if (!committed) expect(added(history), what).toEqual([]);
    if (outcome.kind !== 'merged') {
      expect(await scene.repository.commitOf('main')).toBe(before);
      return;
    }
    expect(predicted, what).toEqual([]);
    if (!committed) expect(added(shown), what).toEqual([]);
    const agents = async (commit: string): Promise<readonly string[]> =>
      [...(await scene.git('grep', '--no-color', '-h', 'AGENT', commit).catch(() => '')).matchAll(/AGENT \d+/g)]
        .map(([word]) => word)
        .toSorted();
    expect(await agents('main'), what).toEqual(await agents(scene.thread.branch));
  },
);
