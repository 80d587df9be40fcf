import { cp, mkdir, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { commitIn, gitIn, lines, type GitRepository } from './gitRepository.js';

const fileTransport = ['-c', 'protocol.file.allow=always'];

/** A repository in one of the forms that people have. */
export interface Layout {
  readonly name: string;
  /** Makes it out of an ordinary one; answers the folder that its person works in. */
  readonly make: (repository: GitRepository) => Promise<string>;
  /** What happens to it after the agent has worked; answers where the person works now. */
  readonly later?: (repository: GitRepository, root: string) => Promise<string>;
}

async function withIdentity(folder: string): Promise<string> {
  await gitIn(folder, 'config', 'user.name', 'Ada Person');
  await gitIn(folder, 'config', 'user.email', 'ada@example.com');
  return folder;
}

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
