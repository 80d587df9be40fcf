import { spawnSync } from 'node:child_process';
import { cp, mkdir, readFile, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { commitIn, gitIn, lines, type GitRepository } from './gitRepository.js';

const fileTransport = ['-c', 'protocol.file.allow=always'];

/** A repository in one of the forms that people have. */
export interface Layout {
  readonly name: string;
  /** Makes it out of an ordinary one; answers the folder that its person works in. */
  readonly make: (repository: GitRepository) => Promise<string>;
  /** What happens to it after the agent has worked; answers where the person works now. */
  readonly later?: (repository: GitRepository, root: string) => Promise<string>;
  /** What else must be true of a file that the agent committed as {@link art} when it has landed. */
  readonly landed?: (root: string) => Promise<void>;
}

/** A file of the agent's that a layout may store in a way of its own. */
export const art = 'src/art.bin';

/** Why there is no layout with git LFS here; undefined where there is one. `npm test` installs Debian's. */
export const noLfs = spawnSync('git', ['lfs', 'version']).status === 0 ? undefined : 'git-lfs is not installed';

async function withIdentity(folder: string): Promise<string> {
  await gitIn(folder, 'config', 'user.name', 'Ada Person');
  await gitIn(folder, 'config', 'user.email', 'ada@example.com');
  return folder;
}

const lfs: Layout = {
  name: 'LFS',
  async make({ root }) {
    // What `git lfs install` writes for a person, here for one repository.
    await gitIn(root, 'lfs', 'install', '--local');
    await commitIn(root, { '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n', 'logo.bin': 'logo\n' });
    expect(await gitIn(root, 'show', 'HEAD:logo.bin')).toMatch(/^version https:\/\/git-lfs/);
    return root;
  },
  async landed(root) {
    expect(await gitIn(root, 'show', `main:${art}`)).toMatch(/^version https:\/\/git-lfs/);
    expect(await readFile(join(root, art), 'utf8')).toBe('art\n');
    await gitIn(root, 'lfs', 'fsck');
  },
};

export const layouts: readonly Layout[] = [
  { name: 'ordinary', make: async ({ root }) => root },
  {
    name: 'bare',
    async make({ folder, root }) {
      const bare = join(folder, 'bare.git');
      await gitIn(folder, 'clone', '--quiet', '--bare', root, bare);
      await withIdentity(bare);
      await gitIn(bare, 'worktree', 'add', '--quiet', join(folder, 'main'), 'main');
      return join(folder, 'main');
    },
  },
  {
    name: 'linked',
    async make({ folder, root }) {
      await gitIn(root, 'checkout', '--quiet', '--detach');
      await gitIn(root, 'worktree', 'add', '--quiet', join(folder, 'linked'), 'main');
      return join(folder, 'linked');
    },
  },
  {
    name: 'separate',
    async make({ folder, root }) {
      await gitIn(root, 'init', '--quiet', '--separate-git-dir', join(folder, 'elsewhere'));
      return root;
    },
  },
  {
    name: 'behind a link',
    async make({ folder, root }) {
      await rename(join(root, '.git'), join(folder, 'elsewhere'));
      await symlink(join(folder, 'elsewhere'), join(root, '.git'));
      return root;
    },
  },
  {
    name: 'moved',
    make: async ({ root }) => root,
    async later({ folder }, root) {
      await rename(root, join(folder, 'moved'));
      return join(folder, 'moved');
    },
  },
  {
    name: 'moved to another disk',
    make: async ({ root }) => root,
    async later({ folder }, root) {
      await cp(root, join(folder, 'moved'), { recursive: true, verbatimSymlinks: true });
      // Out of the way, so that nothing of it is where it was.
      await rename(root, join(folder, 'gone'));
      return join(folder, 'moved');
    },
  },
  {
    name: 'sparse',
    async make({ root }) {
      await gitIn(root, 'sparse-checkout', 'set', 'src');
      return root;
    },
  },
  {
    name: 'shallow',
    async make({ folder, root }) {
      await commitIn(root, { 'later.txt': 'later\n' });
      const shallow = join(folder, 'shallow');
      await gitIn(folder, 'clone', '--quiet', '--depth', '1', `file://${root}`, shallow);
      return withIdentity(shallow);
    },
  },
  {
    name: 'partial and sparse',
    async make({ folder, root }) {
      await commitIn(root, { 'docs/guide.txt': 'guide\n', 'src/a.txt': lines('newer') });
      await gitIn(root, 'config', 'uploadpack.allowFilter', 'true');
      const partial = join(folder, 'partial');
      await gitIn(folder, 'clone', '--quiet', '--filter=blob:none', '--sparse', `file://${root}`, partial);
      await gitIn(partial, 'sparse-checkout', 'set', 'src');
      // Neither what is not checked out nor what was before is there: git fetches each when somebody asks.
      const missing = (await gitIn(partial, 'rev-list', '--objects', '--missing=print', 'HEAD')).match(/^\?/gm);
      expect(missing).toHaveLength(2);
      return withIdentity(partial);
    },
  },
  {
    name: 'line ends of Windows',
    async make({ root }) {
      await gitIn(root, 'config', 'core.autocrlf', 'true');
      await commitIn(root, {
        '.gitattributes': '* text=auto\n*.sh text eol=lf\n*.bin -text\n',
        'run.sh': 'true\n',
        'windows.txt': 'one\r\ntwo\r\n',
      });
      // Files from before are written again as this person has them.
      await gitIn(root, 'rm', '--quiet', '-r', '--cached', '.');
      await gitIn(root, 'reset', '--quiet', '--hard');
      expect(await readFile(join(root, 'src/a.txt'), 'utf8')).toContain('\r\n');
      return root;
    },
    async landed(root) {
      expect(await gitIn(root, 'ls-files', '--eol', 'src/committed.txt')).toMatch(/^i\/lf\s+w\/crlf/);
    },
  },
  {
    name: 'names that differ in case alone',
    async make({ root }) {
      await commitIn(root, { 'Guide.md': 'one\n', 'guide.md': 'two\n', 'docs/A.txt': 'one\n', 'Docs/a.txt': 'two\n' });
      await gitIn(root, 'branch', 'Feature');
      await gitIn(root, 'branch', 'feature');
      return root;
    },
  },
  {
    name: 'worktree inside a worktree',
    async make({ root }) {
      await gitIn(root, 'checkout', '--quiet', '-b', 'outer');
      const inner = join(root, 'trees', 'inner');
      await gitIn(root, 'worktree', 'add', '--quiet', inner, 'main');
      return inner;
    },
  },
  ...(noLfs === undefined ? [lfs] : []),
  {
    name: 'submodule',
    async make({ folder, root }) {
      const library = join(folder, 'library');
      await mkdir(library);
      await gitIn(library, 'init', '--quiet', '--initial-branch=main');
      await commitIn(library, { 'lib.txt': lines('lib') });
      await gitIn(root, ...fileTransport, 'submodule', '--quiet', 'add', library, 'lib');
      await gitIn(root, 'commit', '--quiet', '-m', 'Add lib');
      return root;
    },
  },
  {
    name: 'nested',
    async make({ root }) {
      const inner = join(root, 'tools');
      await mkdir(inner);
      await gitIn(inner, 'init', '--quiet', '--initial-branch=main');
      await commitIn(inner, { 'tool.txt': 'tool\n' });
      return root;
    },
  },
];
