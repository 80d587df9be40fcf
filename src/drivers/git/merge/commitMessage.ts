import { access, constants, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAppError } from '../../../base/errors.js';
import type { NotMerged } from '../../../core/merges/mergeDriver.js';
import { readForeignFile } from '../../../node/foreignFile.js';
import { silenceText } from '../command/silence.js';
import type { Computation, Making } from './computation.js';
import { blocked } from './mergeOutcomes.js';

/** What hooks made of a message; nobody writes that much. */
const longestMessage = 1024 * 1024;

/** Lets the repository's commit-msg hook see and change the message. */
export async function commitMessage(
  work: Computation,
): Promise<{ readonly kind: 'message'; readonly message: string } | NotMerged> {
  const { context, request, signal } = work;
  const { git } = context;
  const message = `${request.message.replace(/[ \t]+$/gm, '').trim()}\n`;
  // A hook runs where the person works, as a commit of theirs would run it.
  const cwd = request.worktree.repository;
  const where = ['rev-parse', '--path-format=absolute', '--git-path', 'hooks/commit-msg'];
  const hook = (await git.run({ cwd, args: where, signal, reads: true })).text();
  const present = await access(hook, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!present) return { kind: 'message', message };
  await mkdir(context.stateDir, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(context.stateDir, 'message-'));
  try {
    const file = join(folder, 'COMMIT_EDITMSG');
    await writeFile(file, message, { mode: 0o600 });
    await git.run({
      cwd,
      args: ['hook', 'run', '--ignore-missing', 'commit-msg', '--', file],
      signal,
      hooks: true,
      ...tellSilence(work),
    });
    const found = await readForeignFile(file, { maxBytes: longestMessage });
    return { kind: 'message', message: found.kind === 'file' ? found.bytes.toString('utf8') : message };
  } catch (error) {
    if (!isAppError(error, 'git.failed')) throw error;
    const said = error.data.stderr === '' ? '' : ` It said: ${error.data.stderr}`;
    const text = `The repository's commit-msg hook refused the message ${JSON.stringify(message.trim())}.${said}`;
    return blocked('hook_refused', text);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A hook or a signing program that stands still may wait for the person (a pass phrase): they hear of it, and it goes on. */
export function tellSilence({ context, request }: Pick<Making, 'context' | 'request'>): {
  readonly silenceMs: number | undefined;
  readonly onSilent: (silence: Parameters<typeof silenceText>[0]) => 'wait';
} {
  return {
    silenceMs: context.silenceMs,
    onSilent: silence => {
      request.onNotice?.(
        `${silenceText(silence)}. The merge goes on when that ends; \`muster cancel\` ends the merge.`,
      );
      return 'wait';
    },
  };
}
