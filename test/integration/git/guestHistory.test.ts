import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import type { GuestCommits } from '../../../src/core/sandboxes/sandboxDriver.js';
import type { HistoryPack } from '../../../src/core/workspaces/historyDriver.js';
import { createHistoryDriver } from '../../../src/drivers/git/guest/guestHistory.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { GitRepository, isolatedGitEnvironment } from '../../support/gitRepository.ts';
import { tempDirectory } from '../../support/tempDirectory.ts';

const never = new AbortController().signal;

/** A repository whose branch has gone on, and the git directory that a guest of it is lent. */
async function lent() {
  const repository = await GitRepository.create();
  onTestFinished(() => repository.dispose());
  const base = await repository.git('rev-parse', 'HEAD');
  await repository.commit({ 'src/c.txt': 'c\n' }, 'Go on');
  const head = await repository.git('rev-parse', 'HEAD');
  const gitDir = join(tempDirectory('muster-lent'), 'run');
  mkdirSync(gitDir);
  const openAt = async (commits: GuestCommits) => {
    copyFileSync(repository.path('.git', 'index'), join(gitDir, 'index'));
    const clock = createNodeClock();
    const driver = createHistoryDriver({ stateDir: gitDir, clock, log: silentLog });
    const history = await driver.open({ gitDir, objects: [repository.path('.git', 'objects')], commits });
    onTestFinished(() => history.dispose());
    return history;
  };
  return { repository, gitDir, base, head, openAt };
}

/** A repository elsewhere, to which packs go. */
function elsewhere() {
  const folder = tempDirectory('muster-elsewhere');
  const git = (args: readonly string[], stdin: number | 'ignore' = 'ignore') => {
    const { status, stdout, stderr } = spawnSync('git', args, {
      cwd: folder,
      env: isolatedGitEnvironment,
      encoding: 'utf8',
      stdio: [stdin, 'pipe', 'pipe'],
    });
    return { status, said: `${stdout}${stderr}` };
  };
  git(['init', '-q', '--bare']);
  return {
    git,
    take({ path, start, bytes }: HistoryPack): void {
      const pack = join(folder, 'taken');
      writeFileSync(pack, readFileSync(path).subarray(start));
      expect(readFileSync(pack)).toHaveLength(bytes);
      const file = openSync(pack, 'r');
      expect(git(['index-pack', '--stdin', '--fix-thin'], file)).toMatchObject({ status: 0 });
      closeSync(file);
    },
    hasAllOf: (commit: string): boolean => git(['rev-list', '--objects', '--quiet', commit]).status === 0,
  };
}

describe('the history of a guest', () => {
  test('is packed without what is elsewhere', async () => {
    const { base, head, openAt } = await lent();
    const history = await openAt({ head, base });
    expect(history).toMatchObject({ format: 'sha1', wanted: [head, base] });
    const there = elsewhere();
    const first = await history.pack([base], [], never);
    if (first) there.take(first);
    expect([there.hasAllOf(base), there.hasAllOf(head)]).toEqual([true, false]);
    const second = await history.pack([head, base], [base], never);
    if (second) there.take(second);
    expect(there.hasAllOf(head)).toBe(true);
    expect(second?.bytes).toBeLessThan(first?.bytes ?? 0);
    expect(await history.pack([head, base], [head], never)).toBeUndefined();
  });

  test('knows of texts of others only commits of its own', async () => {
    const { repository, base, head, openAt } = await lent();
    const history = await openAt({ head, base });
    const tree = await repository.git('rev-parse', 'HEAD^{tree}');
    const texts = ['', '--all', `${base}\n${head}`, 'HEAD', tree, 'f'.repeat(40), base.slice(0, 10), base, base];
    expect(await history.known(texts)).toEqual([base]);
  });

  test('has what is staged and was never committed', async () => {
    const { repository, head, openAt } = await lent();
    await repository.write('staged.txt', 'staged\n');
    await repository.git('add', 'staged.txt');
    const blob = await repository.git('rev-parse', ':staged.txt');
    const before = await repository.git('count-objects', '-v');
    const history = await openAt({ head });
    expect(history.wanted).toHaveLength(2);
    const there = elsewhere();
    const pack = await history.pack(history.wanted, [], never);
    if (pack) there.take(pack);
    expect(there.git(['cat-file', 'blob', blob])).toEqual({ status: 0, said: 'staged\n' });
    // Nothing of that is in the repository of the person.
    expect(await repository.git('count-objects', '-v')).toBe(before);
  });

  test('is the one that there is, whatever replaces it here', async () => {
    const { repository, base, head, openAt } = await lent();
    await repository.git('replace', '--graft', head);
    const history = await openAt({ head });
    const there = elsewhere();
    const pack = await history.pack([head], [], never);
    if (pack) there.take(pack);
    expect(there.hasAllOf(base)).toBe(true);
  });

  test('tells the files of its commit, and what an index of it has beside some of them', async () => {
    const { repository, openAt } = await lent();
    await repository.write('run.sh', 'true\n');
    await repository.git('update-index', '--add', '--chmod=+x', 'run.sh');
    symlinkSync('run.sh', repository.path('link'));
    await repository.git('add', 'link');
    await repository.git('commit', '-qm', 'More');
    const head = await repository.git('rev-parse', 'HEAD');
    const { regular, isIndex, without } = await (await openAt({ head })).files(never);
    expect([...regular.keys()].toSorted()).toEqual(['README.md', 'run.sh', 'src/a.txt', 'src/b.txt', 'src/c.txt']);
    expect(regular.get('run.sh')).toEqual({ id: await repository.git('rev-parse', 'HEAD:run.sh'), isExecutable: true });
    expect(isIndex).toBe(true);
    const kept = new Set(regular.keys());
    const others = without(kept);
    const link = await repository.git('rev-parse', 'HEAD:link');
    expect(Buffer.from(others?.removed ?? []).toString()).toBe(`0 ${'0'.repeat(40)}\tlink\0`);
    expect(Buffer.from(others?.restored ?? []).toString()).toBe(`120000 ${link}\tlink\0`);
    expect(without(new Set([...kept, 'link']))).toEqual(others);
    // Whatever is flagged there, the agent has to have it.
    await repository.git('update-index', '--assume-unchanged', 'run.sh');
    expect((await (await openAt({ head })).files(never)).isIndex).toBe(false);
    await repository.git('update-index', '--no-assume-unchanged', 'run.sh');
    await repository.write('intended.txt', 'later\n');
    await repository.git('add', '--intent-to-add', 'intended.txt');
    expect((await (await openAt({ head })).files(never)).isIndex).toBe(false);
  });

  test('tells no file whose name is no text', async () => {
    const { repository, openAt } = await lent();
    const blob = await repository.git('rev-parse', 'HEAD:README.md');
    const tree = execFileSync('git', ['mktree', '-z'], {
      cwd: repository.root,
      input: Buffer.from(`100644 blob ${blob}\t\xff\x00100644 blob ${blob}\ta\0`, 'latin1'),
      encoding: 'utf8',
    }).trim();
    const head = await repository.git('commit-tree', tree, '-m', 'Bytes');
    const { regular, without } = await (await openAt({ head })).files(never);
    expect([...regular.keys()]).toEqual(['a']);
    const { restored = [] } = without(new Set(['a'])) ?? {};
    expect(Buffer.from(restored).toString('latin1')).toBe(`100644 ${blob}\t\xff\0`);
  });

  test('that is not all here is refused, and leaves nothing', async () => {
    const { gitDir, head, openAt } = await lent();
    writeFileSync(join(gitDir, 'shallow'), `${head}\n`);
    await expect(openAt({ head })).rejects.toMatchObject({
      code: 'git.failed',
      message: 'The repository is a shallow clone.',
    });
    expect(readdirSync(join(gitDir, '..'))).toEqual(['run']);
  });
});
