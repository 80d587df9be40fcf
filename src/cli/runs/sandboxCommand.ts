import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError, errorMessage, isAppError } from '../../base/errors.js';
import { isInside } from '../../node/isInside.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { CommandContext } from '../command.js';
import { unsupported } from '../options/unsupported.js';
import { usageError } from '../options/usageError.js';
import type { Era } from '../output/compose/shapes.js';
import { commandInside } from '../lookup/containers.js';
import { childExitStatus } from '../exitStatus.js';

export interface SandboxCommand {
  readonly thread: Thread;
  readonly argv: readonly string[];
  /** Relative to the worktree. */
  readonly cwd?: string | undefined;
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command in the thread's worktree with this terminal's environment, or inside its container; with this terminal's input and
 * output. Returns its exit status.
 */
export async function runInWorktree(context: CommandContext, command: SandboxCommand): Promise<number> {
  const { thread } = command;
  const { endpoint } = await context.connect();
  if (/^https?:/.test(endpoint.socket))
    throw unsupported(
      '`exec` on a host elsewhere',
      `The worktree is on the disk of ${endpoint.socket}: run it there, or give the agent a task.`,
    );
  const back = `\`muster restore ${thread.id}\` brings it back.`;
  if (thread.worktree === '') {
    const text = `Thread ${thread.id} has no worktree.${thread.rescue === '' ? '' : ` ${back}`}`;
    throw new AppError('worktree.missing', text, { path: '' });
  }
  if (!(await isFolder(thread.worktree))) {
    const text = `The worktree of thread ${thread.id}, ${thread.worktree}, is not there any more. ${back}`;
    throw new AppError('worktree.missing', text, { path: thread.worktree });
  }
  const cwd = resolve(thread.worktree, command.cwd ?? '.');
  // What spawn reports for a missing folder is a missing program.
  if (!(await isFolder(cwd))) throw usageError(`There is no folder ${cwd} to run the command in.`);
  // Links in it are the agent's: what counts is where they lead.
  const [top, place] = await Promise.all([realpath(thread.worktree), realpath(cwd)]);
  if (!isInside(top, place)) throw usageError(`${cwd} is not inside the worktree of thread ${thread.id}.`);
  const terminal = isTerminal(context);
  const inside = await commandInside(context, { thread, argv: command.argv, terminal, cwd: command.cwd });
  const env = { ...context.env, ...(await portsOf(context, thread)) };
  const ended = await execute({ ...context, env }, { argv: inside ?? command.argv, cwd, terminal });
  const status = childExitStatus(ended.status);
  if (context.json) context.out.json(execShape(context.compat, { ...command, cwd }, ended));
  return status;
}

/** The worktree's own ports, as its agent knows them. */
async function portsOf({ connect, signal }: CommandContext, { id }: Thread): Promise<Readonly<Record<string, string>>> {
  const client = await connect();
  try {
    const { preparation } = await client.worktrees.getPreparation({ threadId: id }, { signal });
    return preparation?.variables ?? {};
  } catch (error) {
    // A host that is older than the question has nothing to say.
    if (isAppError(error, 'feature.unsupported')) return {};
    throw error;
  }
}

/** True when the folder is there. */
export async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    found => found.isDirectory(),
    () => false,
  );
}

/** The shape that `exec --json` prints. */
export function execShape(compat: Era, { thread, argv, cwd }: SandboxCommand, { status, stdout, stderr }: Ended) {
  const [command = '', ...args] = argv;
  return {
    exec_id: randomUUID(),
    ...(compat !== 'head' && { session_id: thread.id }),
    ...(compat !== 'seed' && { sandbox_id: thread.id }),
    ...(thread.latestRun && { run_id: thread.latestRun.id }),
    command,
    ...(args.length > 0 && { args }),
    cwd,
    exit_code: status ?? 1,
    success: status === 0,
    ...(stdout !== '' && { stdout }),
    ...(stderr !== '' && { stderr }),
    ...(stdout + stderr !== '' && { output: stdout + stderr }),
  };
}

function isTerminal({ stdin, out, json }: CommandContext): boolean {
  return stdin.isTTY && out.width !== undefined && !json;
}

async function execute(
  { env, stdin, out, json, signal }: CommandContext,
  { argv, cwd, terminal }: { readonly argv: readonly string[]; readonly cwd: string; readonly terminal: boolean },
): Promise<Ended> {
  const [command = '', ...args] = argv;
  const child = spawn(command, args, { cwd, env, stdio: terminal ? 'inherit' : 'pipe' });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => (json ? stdout.push(chunk) : out.raw(chunk)));
  child.stderr?.on('data', (chunk: Buffer) => (json ? stderr.push(chunk) : out.rawNote(chunk)));
  if (child.stdin) {
    // A command that does not read its input closes it early.
    child.stdin.on('error', () => {});
    stdin.pipe(child.stdin);
  }
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  try {
    const status = await new Promise<number | null>((resolveStatus, reject) => {
      child.once('error', reject);
      child.once('close', resolveStatus);
    });
    return { status, stdout: Buffer.concat(stdout).toString('utf8'), stderr: Buffer.concat(stderr).toString('utf8') };
  } catch (error) {
    const reason = errorMessage(error);
    throw new AppError('internal', `${command} could not be started in ${cwd}: ${reason}.`, { detail: reason });
  } finally {
    signal.removeEventListener('abort', stop);
    if (child.stdin) stdin.unpipe(child.stdin);
  }
}
