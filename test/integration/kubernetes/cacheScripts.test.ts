import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import type { HistoryPack } from '../../../src/core/workspaces/historyDriver.js';
import { createHistoryDriver } from '../../../src/drivers/git/guest/guestHistory.js';
import { unchangedFiles } from '../../../src/drivers/guests/unchangedFiles.js';
import {
  contentsOf,
  fillCommand,
  filesCommand,
  forgetCommand,
  lookCommand,
  ownCommand,
  proveCommand,
  restoreCommand,
  verifyCommand,
} from '../../../src/drivers/kubernetes/cacheScripts.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { randomIds } from '../../support/randomIds.js';
import { tempDirectory } from '../../support/tempDirectory.ts';

const never = new AbortController().signal;
type Format = 'sha1' | 'sha256';

function git(cwd: string, ...args: readonly string[]): string {
  const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
  const { status, stdout, stderr } = spawnSync('git', [...who, ...args], { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}

/** The folders of a pod, in which its commands run here; a volume lasts longer. */
function pod(volume: string) {
  const top = tempDirectory('pod');
  const places = {
    '/muster-cache': volume,
    '/muster-control': join(top, 'control'),
    '/muster/': `${top}/own/`,
    '/workspace': join(top, 'work'),
  };
  for (const folder of ['control', 'own', 'work']) mkdirSync(join(top, folder));
  return {
    work: places['/workspace'],
    own: join(top, 'own'),
    run([program = '', ...words]: readonly string[], input?: Uint8Array) {
      const moved = words.map(word =>
        Object.entries(places).reduce((text, [from, to]) => text.replaceAll(from, to), word),
      );
      const { status, stdout, stderr } = spawnSync(program, moved, { input: input ?? '' });
      return { status, said: stdout.toString(), complaint: stderr.toString() };
    },
  };
}

function bytesOf(pack: HistoryPack | undefined): Uint8Array {
  return pack ? readFileSync(pack.path).subarray(pack.start) : new Uint8Array();
}

async function world(format: Format) {
  const repository = tempDirectory('muster-cached');
  git(repository, 'init', '-q', '-b', 'main', `--object-format=${format}`);
  const commit = (files: Readonly<Record<string, string>>): string => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(repository, name), text);
    git(repository, 'add', '.');
    git(repository, 'commit', '-qm', 'Work');
    return git(repository, 'rev-parse', 'HEAD');
  };
  const base = commit({ 'a.txt': 'a\n'.repeat(1000), 'run.sh': 'true\n', 'gone.txt': 'gone\n' });
  chmodSync(join(repository, 'run.sh'), 0o755);
  const head = commit({ 'b.txt': 'b\n', 'a.txt': `${'a\n'.repeat(1000)}more\n` });
  const open = async () => {
    const gitDir = tempDirectory('muster-lent');
    copyFileSync(join(repository, '.git', 'index'), join(gitDir, 'index'));
    const driver = createHistoryDriver({ stateDir: gitDir, clock: createNodeClock(), log: silentLog });
    const history = await driver.open({
      gitDir,
      objects: [join(repository, '.git', 'objects')],
      commits: { head, base },
    });
    onTestFinished(() => history.dispose());
    return history;
  };
  return { repository, base, head, history: await open(), volume: tempDirectory('muster-volume') };
}

describe.skipIf(process.platform === 'win32').each<Format>(['sha1', 'sha256'])(
  'what a pod does with the history of a repository (%s)',
  format => {
    const run = randomIds().next<'run'>();

    async function filled() {
      const found = await world(format);
      const { history, base, volume } = found;
      const first = pod(volume);
      const pack = await history.pack([base], [], never);
      expect(contentsOf(first.run(lookCommand).said)).toEqual({ generation: 1, tips: [], outdated: [] });
      const fill = fillCommand(format, { generation: 1, run, tip: base, outdated: [] });
      expect(first.run(fill, bytesOf(pack))).toMatchObject({ status: 0 });
      return { ...found, first };
    }

    test('it fills the volume, and borrows from it', async () => {
      const { history, base, head, volume, repository, first } = await filled();
      expect(history.format).toBe(format);
      expect(contentsOf(first.run(lookCommand).said)).toEqual({ generation: 1, tips: [base], outdated: [] });
      expect(readdirSync(join(volume, '1')).toSorted()).toEqual(['objects', 'tips']);
      expect(first.run(proveCommand(format, 1, [base])).status).toBe(0);
      expect(first.run(verifyCommand(format, 1)).status).toBe(0);
      expect(first.run(proveCommand(format, 1, [head])).status).not.toBe(0);

      const own = { generation: 1, commits: history.wanted, proven: [base] };
      expect(first.run(ownCommand(format, { ...own, hasPack: false })).status).not.toBe(0);
      const pack = await history.pack(history.wanted, [base], never);
      expect(first.run(ownCommand(format, { ...own, hasPack: true }), bytesOf(pack))).toMatchObject({ status: 0 });

      rmSync(join(repository, 'gone.txt'));
      writeFileSync(join(repository, 'b.txt'), 'c\n');
      const files = await history.files(never);
      const { paths, umask } = await unchangedFiles(repository, files.regular, never);
      expect([...paths].toSorted()).toEqual(['a.txt', 'run.sh']);
      const others = files.without(paths);
      const made = first.run(filesCommand(format, { commit: head, umask, hasOthers: true }), others?.removed);
      expect(made).toEqual({ status: 0, said: '', complaint: '' });
      expect(readdirSync(first.work).toSorted()).toEqual(['a.txt', 'run.sh']);
      expect(first.run(restoreCommand(format), others?.restored)).toEqual({ status: 0, said: '', complaint: '' });
      // The index is that of the commit, with what is known of the files that were made.
      const environment = { ...process.env, GIT_INDEX_FILE: join(first.own, 'git', 'index') };
      const listed = spawnSync('git', ['ls-files', '--stage'], { cwd: repository, env: environment, encoding: 'utf8' });
      expect(listed.stdout.trim()).toBe(git(repository, 'ls-files', '--stage'));

      expect(first.run(forgetCommand)).toMatchObject({ status: 0 });
      expect([readdirSync(first.work), readdirSync(first.own)]).toEqual([[], []]);
    });

    test('it reads what it was sent to the end also where it fails, and leaves nothing of it', async () => {
      const { history, base, volume } = await world(format);
      const { run: inPod } = pod(volume);
      const damaged = Buffer.from(bytesOf(await history.pack([base], [], never)));
      damaged.fill(0, damaged.length - 40);
      const filling = inPod(fillCommand(format, { generation: 1, run, tip: base, outdated: [] }), damaged);
      expect(filling.status).not.toBe(0);
      expect(readdirSync(join(volume, '1')).toSorted()).toEqual(['objects', 'tips']);
      expect(readdirSync(join(volume, '1', 'objects', 'pack'))).toEqual([]);
      // Whatever else is in the way.
      writeFileSync(join(volume, '2'), 'no folder');
      const long = new Uint8Array(4 * 1024 ** 2);
      expect(inPod(fillCommand(format, { generation: 2, run, tip: base, outdated: [] }), long).status).not.toBe(0);
    });

    test('it believes no mark, and begins beside what is damaged', async () => {
      const { history, base, head, volume, first } = await filled();
      writeFileSync(join(volume, '1', 'tips', head), '');
      expect(first.run(proveCommand(format, 1, [head])).status).not.toBe(0);
      const packs = join(volume, '1', 'objects', 'pack');
      const [name = ''] = readdirSync(packs).filter(each => each.endsWith('.pack'));
      const bytes = readFileSync(join(packs, name));
      chmodSync(join(packs, name), 0o644);
      writeFileSync(join(packs, name), bytes.fill(0, 30, bytes.length - 50));
      expect(first.run(proveCommand(format, 1, [base])).status).not.toBe(0);
      expect(first.run(verifyCommand(format, 1)).status).not.toBe(0);
      const pack = await history.pack([base], [], never);
      const again = fillCommand(format, { generation: 2, run, tip: base, outdated: [] });
      expect(first.run(again, bytesOf(pack))).toMatchObject({ status: 0 });
      expect(contentsOf(first.run(lookCommand).said)).toEqual({ generation: 2, tips: [base], outdated: [] });
      const third = fillCommand(format, { generation: 3, run, tip: base, outdated: [1] });
      expect(first.run(third, bytesOf(pack))).toMatchObject({ status: 0 });
      expect(existsSync(join(volume, '1'))).toBe(false);
      expect(readdirSync(volume).toSorted()).toEqual(['2', '3']);
    });
  },
);
