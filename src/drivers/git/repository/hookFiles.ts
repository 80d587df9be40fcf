import { createHash } from 'node:crypto';
import { chmod, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { HookChange, HookFile } from '../../../core/workspaces/sharedState.js';
import { glanceAt, glanceInto, glanceNames } from '../../../node/looks.js';
import { systemCode } from '../../../node/systemError.js';

/** Hooks are short. What is longer is compared by size and time, and cannot be put back. */
const longestHook = 64 * 1024;
/** Git knows some thirty. */
const mostHooks = 64;
/** With samples, and what somebody keeps beside them. */
const mostEntries = 1_024;

/** All that git knows (`githooks(5)`), and those of LFS and `git p4` among them. */
const hookNames: readonly string[] = [
  ...['applypatch-msg', 'pre-applypatch', 'post-applypatch', 'pre-commit', 'pre-merge-commit', 'prepare-commit-msg'],
  ...['commit-msg', 'post-commit', 'pre-rebase', 'post-checkout', 'post-merge', 'pre-push', 'pre-receive', 'update'],
  ...['proc-receive', 'post-receive', 'post-update', 'reference-transaction', 'push-to-checkout', 'pre-auto-gc'],
  ...['post-rewrite', 'sendemail-validate', 'fsmonitor-watchman', 'p4-changelist', 'p4-prepare-changelist'],
  ...['p4-post-changelist', 'p4-pre-submit', 'post-index-change'],
];

/**
 * The files that git runs for the person from a folder. A link in its place is not looked into: an agent could name any. Taken when a
 * run starts, so that what is read is bounded.
 */
export function readHooks(folder: string): readonly HookFile[] {
  if (!isFolder(folder)) return [];
  const found: HookFile[] = [];
  for (const name of glanceNames(folder, { most: mostEntries }).toSorted()) {
    if (name.endsWith('.sample') || found.length >= mostHooks) continue;
    const hook = readHook(join(folder, name));
    if (hook) found.push({ path: join(folder, name), ...hook });
  }
  return found;
}

/** What git runs, and nothing else that is there: the folder may be any of the person's. */
export function readNamedHooks(folder: string): readonly HookFile[] {
  if (!isFolder(folder)) return [];
  return hookNames.flatMap(name => {
    const hook = readHook(join(folder, name));
    return hook ? [{ path: join(folder, name), ...hook }] : [];
  });
}

function isFolder(path: string): boolean {
  return glanceAt(path)?.isDirectory() === true;
}

function readHook(path: string): Omit<HookFile, 'path'> | undefined {
  const stats = glanceAt(path);
  if (!stats || stats.isDirectory()) return undefined;
  const mode = stats.mode & 0o777;
  const file = glanceInto(path, { maxBytes: longestHook });
  if (file?.kind === 'file' && !file.truncated) {
    return { mode, digest: digestOf(file.bytes), content: file.bytes.toString('base64') };
  }
  return { mode, digest: `${stats.ino}:${stats.size}:${stats.mtimeMs}` };
}

/** Hooks that are other than before; new ones too, because they run as the person at their next commit. */
export function hookChanges(before: readonly HookFile[], now: readonly HookFile[]): readonly HookChange[] {
  const [old, present] = [before, now].map(hooks => new Map(hooks.map(hook => [hook.path, hook])));
  const paths = [...new Set([...before, ...now].map(({ path }) => path))];
  return paths.flatMap((path): HookChange[] => {
    const [was, is] = [old?.get(path), present?.get(path)];
    if (was?.digest === is?.digest && was?.mode === is?.mode) return [];
    return [{ kind: 'hook', path, ...(was && { before: was }), ...(is && { now: is.digest }) }];
  });
}

/**
 * Puts a hook back as it was. What stood there is moved beside it, under a name that git does not run. False: it was changed again, or
 * the system does not let us.
 */
export async function putHookBack(change: HookChange, now: number): Promise<boolean> {
  const { path, before } = change;
  const found = readHook(path);
  if (found?.digest === before?.digest && found?.mode === before?.mode) return true;
  const isAsFound = found?.digest === change.now && isFolder(dirname(path));
  if (!isAsFound || (before && before.content === undefined)) return false;
  try {
    if (found) await rename(path, `${path}.set-aside-${now}.sample`);
    if (before?.content === undefined) return true;
    await writeFile(path, Buffer.from(before.content, 'base64'), { flag: 'wx' });
    await chmod(path, before.mode);
    return true;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
