import { spawn } from 'node:child_process';
import { cp, lstat, mkdtemp, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import { isInside } from '../../node/isInside.js';
import { usageError } from '../options/usageError.js';
import { isFolder } from './sandboxCommand.js';

/** How a path inside is reached: in the worktree of this machine, or by a command that runs others inside. */
export type WaysInside =
  { readonly worktree: string; readonly path: string } | { readonly command: readonly string[]; readonly path: string };

/** Returns where it is now, inside. */
export async function copyIn(request: WaysInside & { readonly from: string }, signal: AbortSignal): Promise<string> {
  const { from, path } = request;
  if (!(await exists(from))) throw usageError(`There is no ${from}.`);
  if ('worktree' in request) {
    const target = await within(request.worktree, path);
    const place = (await isFolder(target)) ? await within(request.worktree, join(path, basename(from))) : target;
    await cp(from, place, { recursive: true, verbatimSymlinks: true });
    return place;
  }
  const folder = path.endsWith('/') ? path : posix.dirname(path);
  const name = path.endsWith('/') ? basename(from) : posix.basename(path);
  // Into a folder under its own name, to a new place under that one's.
  const script =
    'if [ -d "$1/$2" ]; then cd "$1/$2"; tar -xf -; else cd "$1" && tar -xf - && { [ "$2" = "$3" ] || mv -- "$3" "$2"; }; fi';
  const inside = [...request.command, 'sh', '-c', script, 'sh', folder, name, basename(from)];
  await piped(['tar', '-C', dirname(from), '-cf', '-', '--', basename(from)], inside, signal);
  return posix.join(folder, name);
}

/** Returns where it is now, on this machine. */
export async function copyOut(request: WaysInside & { readonly to: string }, signal: AbortSignal): Promise<string> {
  const { to, path } = request;
  const name = posix.basename(path);
  const place = (await isFolder(to)) ? join(to, name) : to;
  if ('worktree' in request) {
    const source = await within(request.worktree, path);
    if (!(await exists(source))) throw usageError(`There is no ${path} in the worktree.`);
    await cp(source, place, { recursive: true, verbatimSymlinks: true });
    return place;
  }
  // What an agent's container says is a tar: it is unpacked where nothing else is, and only the one name is taken out of it.
  const scratch = await mkdtemp(join(dirname(place), '.muster-cp-'));
  try {
    const inside = [...request.command, 'tar', '-C', posix.dirname(path), '-cf', '-', '--', name];
    await piped(inside, ['tar', '-C', scratch, '--no-same-owner', '-xf', '-'], signal);
    await rm(place, { recursive: true, force: true });
    await rename(join(scratch, name), place);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return place;
}

/** A path of the worktree. Links in it are the agent's: what counts is where they lead. Errors: `usage` for a place outside. */
async function within(worktree: string, path: string): Promise<string> {
  const place = join(worktree, path);
  const [top, parent] = await Promise.all([realpath(worktree), realpath(dirname(place)).catch(() => undefined)]);
  if (parent === undefined) throw usageError(`There is no folder ${dirname(path)} in the worktree.`);
  const isTop = posix.normalize(path) === '.';
  if (!isTop && !isInside(top, parent)) throw usageError(`${path} is not inside the worktree.`);
  const linked = await lstat(place).catch(() => undefined);
  if (linked?.isSymbolicLink() && !isInside(top, await realpath(place).catch(() => '/')))
    throw usageError(`${path} is a link that leads out of the worktree.`);
  return place;
}

/** Runs the first into the second. Errors: `usage` with what either complained of. */
async function piped(from: readonly string[], to: readonly string[], signal: AbortSignal): Promise<void> {
  const [source, target] = [started(from, signal), started(to, signal)];
  source.child.stdout.pipe(target.child.stdin);
  target.child.stdin.on('error', () => source.child.stdout.unpipe());
  const [sent, taken] = await Promise.all([source.ended, target.ended]);
  signal.throwIfAborted();
  const complaint = [sent, taken].find(text => text !== undefined);
  if (complaint !== undefined) throw usageError(`Not copied: ${complaint}`);
}

function started([program = '', ...args]: readonly string[], signal: AbortSignal) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], signal });
  const { promise: ended, resolve } = Promise.withResolvers<string | undefined>();
  let complaint = '';
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => (complaint = (complaint + text).slice(-500)));
  child.once('error', error => resolve(error.message));
  child.once('close', code => resolve(code === 0 ? undefined : complaint.trim() || `${program} ended with ${code}`));
  return { child, ended };
}

async function exists(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}
