import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { pack, type Headers } from 'tar-stream';
import { packFolder } from '../../../src/drivers/guests/packFolder.js';
import { packing, sent } from '../../../src/drivers/guests/packing.js';
import { FarTooLarge, unpackFolder } from '../../../src/drivers/guests/unpackFolder.js';
import { tempDirectory } from '../../support/tempDirectory.js';

/** A tar with entries that no honest program writes. */
function tar(entries: readonly (Headers & { readonly text?: string })[]) {
  const archive = pack();
  for (const { text, ...header } of entries) archive.entry(header, text ?? '');
  archive.finalize();
  return archive;
}

function place(): { readonly folder: string; readonly outside: string; readonly beside: string } {
  const root = tempDirectory('muster-unpack');
  const [folder, outside] = [join(root, 'work'), join(root, 'outside')];
  mkdirSync(folder);
  mkdirSync(outside);
  return { folder, outside, beside: join(root, 'incoming') };
}

describe('what comes back from a container', () => {
  test('is not taken when it is more than it may be, whatever an agent says how large or how often it is', async () => {
    const { folder, beside } = place();
    const unpacking = { folder, beside, top: 'work', mostBytes: 100, keeps: ['.git'] };
    const half = { name: 'work/half.txt', text: 'x'.repeat(60) };
    const again: Headers = { name: 'work/again.txt', type: 'link', linkname: 'work/half.txt' };
    const tooMuch = [
      [half, again],
      [{ ...half, text: 'x'.repeat(101) }],
      [half, { name: 'work/more.txt', text: 'x'.repeat(41) }],
      [{ name: 'work/.git', text: 'x'.repeat(101) }],
    ];
    for (const each of tooMuch) await expect(unpackFolder(tar(each), unpacking)).rejects.toThrow(FarTooLarge);
    await unpackFolder(tar([half, { name: 'work/rest.txt', text: 'x'.repeat(40) }]), unpacking);
    expect(readdirSync(folder).toSorted()).toEqual(['half.txt', 'rest.txt']);
  });

  test('may be as much more than what is here as a run may add, so that large worktrees come back', async () => {
    const { folder, beside } = place();
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'assets/large.bin'), 'x'.repeat(1_000));
    writeFileSync(join(folder, '.git'), 'x'.repeat(1_000));
    const unpacking = { folder, beside, top: 'work', mostBytes: 10, keeps: ['.git'] };
    const large = { name: 'work/assets/large.bin', text: 'x'.repeat(1_000) };
    await unpackFolder(tar([large, { name: 'work/new.txt', text: 'ten bytes.' }]), unpacking);
    expect(readFileSync(join(folder, 'new.txt'), 'utf8')).toBe('ten bytes.');
    const more = [large, { name: 'work/new.txt', text: 'x'.repeat(21) }];
    await expect(unpackFolder(tar(more), unpacking)).rejects.toThrow(FarTooLarge);
  });

  test('leaves the folder as it was when it is too much, or breaks off', async () => {
    const { folder, beside } = place();
    for (const name of ['changed.txt', 'gone.txt']) writeFileSync(join(folder, name), 'old');
    const unpacking = { folder, beside, top: 'work', mostBytes: 100 };
    const changed = { name: 'work/changed.txt', text: 'new' };
    const huge = { name: 'work/huge.txt', text: 'x'.repeat(200) };
    await expect(unpackFolder(tar([changed, huge]), unpacking)).rejects.toThrow(FarTooLarge);
    const cut = Readable.from([Buffer.from(await buffer(tar([changed, huge]))).subarray(0, 1_600)]);
    await expect(unpackFolder(cut, unpacking)).rejects.toThrow();
    expect(readdirSync(folder).toSorted()).toEqual(['changed.txt', 'gone.txt']);
    expect(readFileSync(join(folder, 'changed.txt'), 'utf8')).toBe('old');
    expect(existsSync(beside)).toBe(false);
  });

  test('has no end of files that take no bytes, nor of names', async () => {
    const { folder, beside } = place();
    const unpacking = { folder, beside, top: 'work', mostBytes: 100, mostEntries: 5 };
    const files = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `work/${index}` }));
    await unpackFolder(tar(files(5)), unpacking);
    // What is here is free the next time too.
    await unpackFolder(tar(files(10)), unpacking);
    await expect(unpackFolder(tar(files(100)), unpacking)).rejects.toThrow(FarTooLarge);
    const long = { name: `work/${'deep/'.repeat(1_000)}`, type: 'directory' } as const;
    await expect(unpackFolder(tar([long]), unpacking)).rejects.toThrow(FarTooLarge);
    expect(readdirSync(folder)).toHaveLength(10);
  });

  test('makes the folder what it was there: new, changed, gone, and links as links', async () => {
    const { folder, outside, beside } = place();
    for (const name of ['kept.txt', 'changed.txt', 'gone.txt', '.git']) writeFileSync(join(folder, name), 'old');
    mkdirSync(join(folder, 'dir/deep'), { recursive: true });
    writeFileSync(join(folder, 'dir/deep/gone.txt'), 'old');
    symlinkSync(outside, join(folder, 'was-link'));
    await unpackFolder(
      tar([
        { name: 'work/', type: 'directory' },
        { name: 'work/.git', text: 'evil' },
        { name: 'work/kept.txt', text: 'old' },
        { name: 'work/changed.txt', text: 'new', mode: 0o4755 },
        { name: 'work/empty.txt' },
        { name: 'work/dir', type: 'directory' },
        { name: 'work/link', type: 'symlink', linkname: 'kept.txt' },
        { name: 'work/was-link/file.txt', text: 'inside' },
      ]),
      { top: 'work', beside, folder, keeps: ['.git'] },
    );
    expect(readdirSync(folder).toSorted()).toEqual(
      ['.git', 'changed.txt', 'dir', 'empty.txt', 'kept.txt', 'link', 'was-link'].toSorted(),
    );
    expect(readFileSync(join(folder, '.git'), 'utf8')).toBe('old');
    expect(readFileSync(join(folder, 'changed.txt'), 'utf8')).toBe('new');
    expect(lstatSync(join(folder, 'changed.txt')).mode & 0o7777).toBe(0o755);
    expect(readdirSync(join(folder, 'dir'))).toEqual([]);
    expect(readlinkSync(join(folder, 'link'))).toBe('kept.txt');
    expect(lstatSync(join(folder, 'was-link')).isDirectory()).toBe(true);
    expect(readdirSync(outside)).toEqual([]);
  });

  test('leads nowhere through a folder that became a link after something was put into it', async () => {
    const { folder, outside, beside } = place();
    mkdirSync(join(outside, 'deep'));
    await unpackFolder(
      tar([
        { name: 'work/way/deep/first.txt', text: 'inside' },
        { name: 'work/way', type: 'symlink', linkname: outside },
        { name: 'work/way/deep/second.txt', text: 'inside' },
      ]),
      { top: 'work', beside, folder },
    );
    expect(readdirSync(join(outside, 'deep'))).toEqual([]);
    expect(readFileSync(join(folder, 'way/deep/second.txt'), 'utf8')).toBe('inside');
  });

  test('what is kept is kept under every name that the file system has for it', async () => {
    const { folder, beside } = place();
    writeFileSync(join(folder, '.git'), 'ours');
    linkSync(join(folder, '.git'), join(folder, '.GIT'));
    await unpackFolder(tar([{ name: 'work/.GIT', text: 'evil' }]), { top: 'work', beside, folder, keeps: ['.git'] });
    expect(readdirSync(folder)).toEqual(['.git']);
    expect(readFileSync(join(folder, '.git'), 'utf8')).toBe('ours');
  });

  test('a file with two names comes back under both, and nothing from elsewhere under a name of its own', async () => {
    const { folder, outside, beside } = place();
    writeFileSync(join(outside, 'secret'), 'mine');
    writeFileSync(join(folder, '.git'), 'ours');
    await unpackFolder(
      tar([
        { name: 'work/dir/first.txt', text: 'both', mode: 0o755 },
        { name: 'work/second.txt', type: 'link', linkname: 'work/dir/first.txt' },
        { name: 'work/link', type: 'symlink', linkname: outside },
        { name: 'work/a', type: 'link', linkname: 'work/link/secret' },
        { name: 'work/b', type: 'link', linkname: 'work/link' },
        { name: 'work/c', type: 'link', linkname: '../outside/secret' },
        { name: 'work/d', type: 'link', linkname: 'work/.git' },
        { name: 'work/dir/first.txt', type: 'link', linkname: 'work/dir/first.txt' },
      ]),
      { top: 'work', beside, folder, keeps: ['.git'] },
    );
    expect(readdirSync(folder).toSorted()).toEqual(['.git', 'dir', 'link', 'second.txt']);
    expect(readFileSync(join(folder, 'second.txt'), 'utf8')).toBe('both');
    expect(readFileSync(join(folder, 'dir/first.txt'), 'utf8')).toBe('both');
    const second = lstatSync(join(folder, 'second.txt'));
    expect([second.nlink, second.mode & 0o777]).toEqual([1, 0o755]);
  });

  test('never reaches outside of it', async () => {
    const { folder, outside, beside } = place();
    writeFileSync(join(outside, 'secret'), 'mine');
    await unpackFolder(
      tar([
        { name: '../outside/a', text: 'x' },
        { name: 'work/../../outside/b', text: 'x' },
        { name: join(outside, 'c'), text: 'x' },
        { name: 'work/door', type: 'symlink', linkname: outside },
        { name: 'work/door/d', text: 'x' },
        { name: 'work/other', type: 'symlink', linkname: outside },
        { name: 'work/other', type: 'directory', mode: 0o777 },
        { name: 'work/other/e', text: 'x' },
        { name: 'work/hard', type: 'link', linkname: join(outside, 'secret') },
        { name: 'work/pipe', type: 'fifo' },
        { name: 'work/device', type: 'character-device', devmajor: 1, devminor: 3 },
        { name: 'elsewhere/f', text: 'x' },
      ]),
      { top: 'work', beside, folder },
    );
    expect(readdirSync(outside)).toEqual(['secret']);
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('mine');
    expect(readdirSync(folder).toSorted()).toEqual(['door', 'other']);
    expect(readFileSync(join(folder, 'door/d'), 'utf8')).toBe('x');
    expect(readFileSync(join(folder, 'other/e'), 'utf8')).toBe('x');
  });

  test('is what was sent', async () => {
    const { folder, outside, beside } = place();
    mkdirSync(join(folder, 'ünï/cödé'), { recursive: true });
    writeFileSync(join(folder, 'ünï/cödé', `${'long'.repeat(40)}.txt`), 'long');
    writeFileSync(join(folder, 'big.bin'), Buffer.alloc(300_000, 7));
    writeFileSync(join(folder, 'empty'), '');
    symlinkSync('empty', join(folder, 'link'));
    const { archive } = packing(tarred => packFolder({ archive: tarred, folder, as: 'work/' }));
    await unpackFolder(archive, { top: 'work', beside, folder: outside });
    const listed = (root: string): unknown =>
      readdirSync(root, { recursive: true, withFileTypes: true })
        .map(each => {
          const path = join(each.parentPath, each.name);
          const size = each.isFile() ? readFileSync(path).length : -1;
          return `${path.slice(root.length)} ${size} ${each.isSymbolicLink()}`;
        })
        .toSorted();
    expect(listed(outside)).toEqual(listed(folder));
  });
});

test('who sends a tar that cannot be written hears why, and does not wait for its end', async () => {
  const broken = packing(archive => packFolder({ archive, folder: '/no/such/folder' }));
  const waiting = sent(broken, async () => {
    const { promise, reject } = Promise.withResolvers<void>();
    broken.abortSignal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
    await promise;
  });
  await expect(waiting).rejects.toThrow('/no/such/folder is not there');
});
