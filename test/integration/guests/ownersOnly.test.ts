import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { extract, type Headers } from 'tar-stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseId } from '../../../src/base/ids.js';
import { copyTree } from '../../../src/drivers/guests/copyTree.js';
import { packFolder } from '../../../src/drivers/guests/packFolder.js';
import { packing } from '../../../src/drivers/guests/packing.js';
import { readably } from '../../../src/drivers/guests/heldPath.js';
import { removeSandboxFolder } from '../../../src/drivers/guests/sandboxState.js';
import { unpackFolder } from '../../../src/drivers/guests/unpackFolder.js';
import { tempDirectory } from '../../support/tempDirectory.js';

/**
 * What an agent leaves that was root where it worked: files that their owner may not read, folders that nobody may write to. To root these
 * are like any others; `ordinaryUser.test.ts` runs this file as whoever is not.
 */
function worktree(): string {
  const folder = tempDirectory('muster-owner-');
  for (const name of ['locked', 'closed', 'closed/inner']) mkdirSync(join(folder, name));
  for (const name of ['plain', 'hidden', 'locked/file', 'closed/inner/file']) writeFileSync(join(folder, name), name);
  symlinkSync('/nowhere', join(folder, 'link'));
  for (const [name, mode] of modes) chmodSync(join(folder, name), mode);
  openAtEnd(folder);
  return folder;
}

/** So that it can be removed. */
function openAtEnd(folder: string): void {
  onTestFinished(() => {
    for (const [name] of modes.toReversed()) if (existsSync(join(folder, name))) chmodSync(join(folder, name), 0o700);
  });
}

/** Where a copy is to be. */
function copyPlace(): string {
  const to = join(tempDirectory('muster-copy-'), 'copy');
  openAtEnd(to);
  return to;
}

const modes = [
  ['hidden', 0o000],
  ['locked/file', 0o400],
  ['locked', 0o555],
  ['closed', 0o000],
] as const;

const modeOf = (path: string): number => statSync(path).mode & 0o7777;

/** All of a tar, by name. */
async function contentsOf(
  folder: string,
  isWanted: (path: string) => boolean = () => true,
): Promise<ReadonlyMap<string, string>> {
  const { archive, abortSignal } = packing(pack => packFolder({ archive: pack, folder, isWanted }));
  const found = new Map<string, string>();
  const reader = extract();
  reader.on('entry', ({ name }: Headers, contents: Readable, next: (error?: unknown) => void) => {
    text(contents).then(said => {
      found.set(name, said);
      next();
    }, next);
  });
  await pipeline(archive, reader, { signal: abortSignal });
  return found;
}

test('what only its owner is kept from is copied as it is', async () => {
  const from = worktree();
  const to = copyPlace();
  await copyTree(from, to, { signal: new AbortController().signal });
  for (const [name, mode] of modes) {
    if (name !== 'locked/file') expect([name, modeOf(join(from, name))]).toEqual([name, mode]);
    expect([name, modeOf(join(to, name))]).toEqual([name, mode]);
  }
  for (const name of ['hidden', 'closed']) chmodSync(join(to, name), 0o700);
  for (const name of ['plain', 'hidden', 'locked/file', 'closed/inner/file'])
    expect(readFileSync(join(to, name), 'utf8')).toBe(name);
});

test('what only its owner is kept from is packed', async () => {
  const from = worktree();
  const packed = await contentsOf(from);
  expect(Object.fromEntries(packed)).toMatchObject({
    'hidden': 'hidden',
    'locked/file': 'locked/file',
    'closed/inner/file': 'closed/inner/file',
  });
  expect(modeOf(join(from, 'hidden'))).toBe(0);
});

describe.skipIf(process.platform !== 'linux')(
  'a folder that an agent replaces by a link while it is looked through',
  () => {
    /** Two folders alike, one of them not the agent's; `replace` is what the agent does. */
    function twoAlike() {
      const [from, elsewhere] = [tempDirectory('muster-worktree-'), tempDirectory('muster-elsewhere-')];
      for (const [top, said] of [[join(from, 'folder'), 'its own'] as const, [elsewhere, 'a secret'] as const]) {
        mkdirSync(join(top, 'inner'), { recursive: true });
        writeFileSync(join(top, 'inner', 'file'), said);
      }
      const replace = (): void => {
        if (existsSync(join(from, 'before'))) return;
        renameSync(join(from, 'folder'), join(from, 'before'));
        symlinkSync(elsewhere, join(from, 'folder'));
      };
      return { from, replace };
    }

    test('is copied as it was', async () => {
      const { from, replace } = twoAlike();
      const to = copyPlace();
      const isWanted = (path: string): boolean => {
        if (path.endsWith('inner')) replace();
        return true;
      };
      await copyTree(from, to, { signal: new AbortController().signal, isWanted });
      expect(readFileSync(join(to, 'folder', 'inner', 'file'), 'utf8')).toBe('its own');
    });

    test('is packed as it was', async () => {
      const { from, replace } = twoAlike();
      const isWanted = (path: string): boolean => {
        if (path === 'folder/inner') replace();
        return true;
      };
      expect((await contentsOf(from, isWanted)).get('folder/inner/file')).toBe('its own');
    });
  },
);

test('what is nested without end is named, and uses up nothing', async () => {
  const from = tempDirectory('muster-worktree-');
  // By a shell of its own: the whole path is longer than one may be.
  const nest = 'n=0; while [ $n -lt 1100 ]; do mkdir d && cd -P d || exit; n=$((n + 1)); done';
  execFileSync('sh', ['-c', nest], { cwd: from });
  const named = expect.stringContaining(' is nested more than 1000 folders deep');
  await expect(contentsOf(from)).rejects.toMatchObject({ cause: { message: named } });
  const copied = copyTree(from, copyPlace(), { signal: new AbortController().signal });
  await expect(copied).rejects.toMatchObject({ message: named });
});

test('copying is given up when nobody wants it any more', async () => {
  const from = worktree();
  const abort = new AbortController();
  const to = copyPlace();
  const isWanted = (path: string): boolean => {
    if (path !== from) abort.abort(new Error('enough'));
    return true;
  };
  await expect(copyTree(from, to, { signal: abort.signal, isWanted })).rejects.toThrow('enough');
  expect(readdirSync(to)).toHaveLength(1);
});

test('what nobody could read is named', async () => {
  const from = worktree();
  const path = join(from, 'plain');
  const refused = async (): Promise<never> => {
    throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
  };
  await expect(readably({ at: path, path, stats: statSync(path) }, refused)).rejects.toThrow(
    `${path} cannot be read (EACCES)`,
  );
});

describe('folders that nobody may write to', () => {
  test('go with their sandbox', async () => {
    const stateDir = tempDirectory('muster-state-');
    const id = parseId<'sandbox'>('h8n4c6v2b5zd');
    const inside = join(stateDir, 'sandboxes', id, 'home', 'go', 'pkg');
    mkdirSync(inside, { recursive: true });
    writeFileSync(join(inside, 'module'), '');
    for (const folder of [inside, join(inside, '..')]) chmodSync(folder, 0o555);
    await removeSandboxFolder(stateDir, { id });
    expect(existsSync(join(stateDir, 'sandboxes', id))).toBe(false);
  });

  test('are replaced by what comes back', async () => {
    const folder = worktree();
    const { archive } = packing(async pack => void pack.entry({ name: 'workspace/new' }, 'new'));
    const beside = join(tempDirectory('muster-incoming-'), 'beside');
    await unpackFolder(archive, { folder, beside, top: 'workspace' });
    expect(existsSync(join(folder, 'locked'))).toBe(false);
    expect(readFileSync(join(folder, 'new'), 'utf8')).toBe('new');
  });
});
