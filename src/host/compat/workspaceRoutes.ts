import { Code, ConnectError } from '@connectrpc/connect';
import type { Scope } from '../../core/access/accessToken.js';
import { TooLarge } from '../ingress/readBody.js';
import type { Handler } from '../server/nodeHandler.js';
import type { OurCalls } from './ours.js';
import { isInside, maxUploadBytes, uploadTo } from './workspaceUpload.js';

type Request = Parameters<Handler>[0];
type Response = Parameters<Handler>[1];

interface WorkspaceRoutesOptions {
  readonly ours: OurCalls;
  /** Whether whoever sends this may do so much. */
  readonly admits: (request: Request, scope: Scope) => boolean;
}

const route = /^\/api\/agent-compose\/workspaces\/([0-9a-z]{2,12})\/(files|download|upload)$/;

/**
 * agent-compose's routes for the files of a workspace, which is a thread's. They are read as they were committed, out of git: nothing
 * that an agent put in the place of a file is followed or waited for.
 */
export function withWorkspaceFiles({ ours, admits }: WorkspaceRoutesOptions, otherwise: Handler): Handler {
  return (request, response) => {
    const url = new URL(request.url ?? '/', 'http://host');
    const [, threadId = '', part = ''] = route.exec(url.pathname) ?? [];
    if (part === '') return otherwise(request, response);
    if (!admits(request, 'read'))
      return refuse(response, 401, 'Send `Authorization: Bearer …`; `muster token create` makes a token.');
    const method = part === 'upload' ? 'POST' : 'GET';
    if (request.method !== method) return refuse(response, 405, `Only ${method} is answered here.`);
    if (part === 'upload' && !admits(request, 'operate'))
      return refuse(response, 403, 'That needs a token of scope operate.');
    const answered =
      part === 'files'
        ? list(ours, threadId, response)
        : part === 'download'
          ? download(ours, { threadId, url }, response)
          : upload(ours, { threadId, request }, response);
    answered.catch((error: unknown) => {
      if (error instanceof TooLarge)
        return refuse(response, 413, `At most ${maxUploadBytes} bytes are taken; \`muster cp\` copies more.`);
      const { code, rawMessage } = ConnectError.from(error);
      const known = statuses.get(code);
      refuse(response, known ?? 500, known === undefined ? 'The host met an unexpected error.' : rawMessage);
    });
  };
}

const statuses = new Map([
  [Code.InvalidArgument, 400],
  [Code.NotFound, 404],
  [Code.FailedPrecondition, 409],
  [Code.Unavailable, 503],
]);

async function list({ threads }: OurCalls, threadId: string, response: Response): Promise<void> {
  const { files, head } = await threads.diffThread({ threadId });
  const rows = files.map(({ path, status, additions, deletions }) => ({ path, status, additions, deletions }));
  send(response, 200, { err: null, msg: 'OK', data: { head, files: rows } });
}

async function upload(
  ours: OurCalls,
  { threadId, request }: { readonly threadId: string; readonly request: Request },
  response: Response,
): Promise<void> {
  const done = await uploadTo(ours, threadId, request);
  if (done.kind === 'done') send(response, 200, { err: null, msg: 'OK', data: { path: done.path, size: done.size } });
  else refuse(response, done.kind === 'wrong' ? 400 : 409, done.reason);
}

async function download(
  { threads }: OurCalls,
  { threadId, url }: { readonly threadId: string; readonly url: URL },
  response: Response,
): Promise<void> {
  const path = url.searchParams.get('path') ?? '';
  if (!isInside(path)) return refuse(response, 400, 'Give a path inside the workspace.');
  const { thread } = await threads.getThread({ threadId });
  const commit = thread?.head ?? '';
  const { exists, contents } = await threads.readBaseFile({ threadId, path, commit });
  if (!exists) return refuse(response, 404, `There is no file ${JSON.stringify(path.slice(0, 200))}.`);
  response.writeHead(200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': contents.length,
    // Never a page of this origin.
    'Content-Disposition': 'attachment',
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
  });
  response.end(contents);
}

function refuse(response: Response, status: number, msg: string): void {
  send(response, status, { err: msg, msg, data: null });
}

function send(response: Response, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(body));
}
