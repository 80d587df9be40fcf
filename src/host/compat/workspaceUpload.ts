import { shellScript } from '../../base/shellScript.js';
import { readBody } from '../ingress/readBody.js';
import type { Handler } from '../server/nodeHandler.js';
import type { OurCalls } from './ours.js';
import { collected, findRun, said } from './v2/dispatched.js';

type Request = Parameters<Handler>[0];

/** What was sent, and where it goes. */
interface Upload {
  readonly kind: 'file' | 'archive';
  readonly path: string;
  readonly bytes: Buffer;
}

/** What came of an upload; a reason is a sentence for who sent it. */
export type Uploaded =
  | { readonly kind: 'done'; readonly path: string; readonly size: number }
  | { readonly kind: 'wrong'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** It travels in the command that writes it, which is stored as every command is. */
export const maxUploadBytes = 1024 * 1024;
/** The other fields of the form. */
const maxFieldBytes = 16 * 1024;

/**
 * Puts a file, or what is in a tar archive, into the worktree of a thread. Not the host writes it, but a command in the place of the
 * thread's agent, as `Exec` runs one: what an agent put in the way of a path leads it nowhere that the agent may not write itself, and it
 * waits for whoever is at work there. Errors: `TooLarge`, and those of dispatching.
 */
export async function uploadTo(ours: OurCalls, threadId: string, request: Request): Promise<Uploaded> {
  const found = await readUpload(request);
  if ('reason' in found) return found;
  const { thread } = await ours.threads.getThread({ threadId });
  if (!thread) return { kind: 'wrong', reason: 'There is no such workspace.' };
  const task = { threadId: thread.id, agent: thread.agent, command: true };
  const { runId } = await ours.threads.dispatch({ ...task, prompt: scriptOf(found) });
  const output = await collected(said(ours, { runId, threadId: thread.id, signal: new AbortController().signal }));
  const { run } = await findRun(ours, runId);
  if (run.status === 'succeeded') return { kind: 'done', path: found.path, size: found.bytes.length };
  return { kind: 'failed', reason: output.trim().slice(0, 2_000) || `Run ${runId} ended as ${run.status}.` };
}

async function readUpload(request: Request): Promise<Upload | { readonly kind: 'wrong'; readonly reason: string }> {
  const type = request.headers['content-type'] ?? '';
  const body = await readBody(request, maxUploadBytes + maxFieldBytes);
  const form = await new Response(Buffer.from(body), { headers: { 'content-type': type } }).formData().then(
    sent => sent,
    () => undefined,
  );
  const file = form?.get('file');
  if (!form || !file || typeof file === 'string') return wrong('Send a form (multipart/form-data) with a `file`.');
  const kind = textOf(form, 'upload_type') || 'file';
  if (kind !== 'file' && kind !== 'archive') return wrong('`upload_type` is file or archive.');
  const given = textOf(form, 'path');
  const path = kind === 'file' && (given === '' || given.endsWith('/')) ? `${given}${file.name}` : given || '.';
  if (!isInside(path)) return wrong('Give a path inside the workspace.');
  return { kind, path, bytes: Buffer.from(await file.arrayBuffer()) };
}

function textOf(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value : '';
}

/** A path of a workspace that says of itself that it leads nowhere else, and not into git's own folder. */
export function isInside(path: string): boolean {
  const parts = path.split('/');
  return (
    path !== '' &&
    path.length <= 4_096 &&
    !path.startsWith('/') &&
    !/[\0\r\n]/.test(path) &&
    !parts.includes('..') &&
    !parts.some(part => part.toLowerCase() === '.git')
  );
}

/** Where each folder really is, is looked at there before anything is made in it: links of an agent are followed inside alone. */
function scriptOf({ kind, path, bytes }: Upload): string {
  const slash = path.lastIndexOf('/');
  const folder = kind === 'archive' ? path : slash < 0 ? '.' : path.slice(0, slash);
  const name = kind === 'archive' ? '' : path.slice(slash + 1);
  const write =
    kind === 'archive'
      ? 'tar -x -f - --no-same-owner 2>&1'
      : `if [ -L "$name" ] || [ -d "$name" ]; then echo "Something else is there."; exit 1; fi\ncat > "$name"`;
  const body = `top=$(pwd -P)
set -f
IFS=/
for part in $folder; do
  [ -n "$part" ] || continue
  [ -d "$part" ] || mkdir -- "$part" || exit 1
  cd -- "$part" || exit 1
  case "$(pwd -P)/" in "$top"/*) ;; *) echo "That leads out of the workspace."; exit 1 ;; esac
done
base64 -d <<'end of file' | (
${bytes.toString('base64')}
end of file
${write}
)`;
  return shellScript({ env: { folder, name }, body });
}

function wrong(reason: string): { readonly kind: 'wrong'; readonly reason: string } {
  return { kind: 'wrong', reason };
}
