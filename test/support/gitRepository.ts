import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Git that sees no configuration but the repository's own, and no identity but this. */
export const isolatedGitEnvironment: Readonly<Record<string, string>> = {
  PATH: process.env.PATH ?? '',
  HOME: '/nonexistent',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  LC_ALL: 'C',
};

/** A real repository in a temporary folder, with a branch `main`. Remove it with `dispose`. */
export class GitRepository {
  /** A folder for worktrees, state and anything else of the test; the repository is inside it. */
  readonly folder: string;
  readonly root: string;

  constructor(folder: string, root: string) {
    this.folder = folder;
    this.root = root;
  }

  /** Options: the folder's name, whether there is an identity, whether there is a first commit. */
  static async create(
    options: { readonly name?: string; readonly identity?: boolean; readonly empty?: boolean } = {},
  ): Promise<GitRepository> {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'muster-git-test-')));
    const root = join(folder, options.name ?? 'repository');
    await mkdir(root, { recursive: true });
    const repository = new GitRepository(folder, root);
    await repository.git('init', '--quiet', '--initial-branch=main');
    if (options.identity !== false) {
      await repository.git('config', 'user.name', 'Ada Person');
      await repository.git('config', 'user.email', 'ada@example.com');
    }
    if (options.empty !== true) {
      await repository.commit({ 'README.md': 'readme\n', 'src/a.txt': lines('a'), 'src/b.txt': lines('b') }, 'Begin');
    }
    return repository;
  }

  /** Runs git in the repository (or in `options.in`) and returns its output without the last newline. */
  async git(...args: readonly string[]): Promise<string> {
    return gitIn(this.root, ...args);
  }

  path(...segments: readonly string[]): string {
    return join(this.root, ...segments);
  }

  async write(file: string, text: string | Uint8Array): Promise<void> {
    await writeIn(this.root, file, text);
  }

  /** Makes a hook of the repository out of a line of shell. */
  async hook(name: string, line: string): Promise<void> {
    await this.write(`.git/hooks/${name}`, `#!/bin/sh\n${line}\n`);
    await chmod(this.path('.git', 'hooks', name), 0o755);
  }

  async read(file: string): Promise<string> {
    return readFile(this.path(file), 'utf8');
  }

  /** Writes files in the checkout and commits them on the branch that is checked out. Returns the commit. */
  async commit(files: Readonly<Record<string, string>>, message = 'Change'): Promise<string> {
    return commitIn(this.root, files, message);
  }

  /** The commit of a branch or revision. */
  async commitOf(revision: string): Promise<string> {
    return this.git('rev-parse', '--verify', `${revision}^{commit}`);
  }

  /** Throws if the object store is damaged or a ref names something that is not there. */
  async fsck(): Promise<void> {
    await this.git('fsck', '--full', '--strict', '--no-dangling');
  }

  /** True if a commit can be reached from some ref. */
  async isKept(commit: string): Promise<boolean> {
    return (await this.git('for-each-ref', `--contains=${commit}`, '--format=%(refname)')) !== '';
  }

  async dispose(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

/** Runs git anywhere. */
export async function gitIn(cwd: string, ...args: readonly string[]): Promise<string> {
  const env = { ...isolatedGitEnvironment };
  const { stdout } = await execute('git', [...args], { cwd, env, maxBuffer: 64 * 1024 * 1024 });
  return stdout.replace(/\n$/, '');
}

export async function writeIn(root: string, file: string, text: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), text);
}

export async function commitIn(
  root: string,
  files: Readonly<Record<string, string>>,
  message = 'Change',
): Promise<string> {
  for (const [file, text] of Object.entries(files)) await writeIn(root, file, text);
  await gitIn(root, 'add', '--all');
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com'];
  await gitIn(root, ...identity, 'commit', '--quiet', '--no-verify', '--no-gpg-sign', '-m', message);
  return gitIn(root, 'rev-parse', 'HEAD');
}

/** Ten lines, so that changes at both ends merge. */
export function lines(name: string): string {
  return Array.from({ length: 10 }, (_, i) => `${name} ${i}\n`).join('');
}
