import { Code, ConnectError } from '@connectrpc/connect';
import type { Handler } from '../server/nodeHandler.js';
import type { OurCalls } from './ours.js';

type Request = Parameters<Handler>[0];
type Response = Parameters<Handler>[1];

interface WorkspaceRoutesOptions {
  readonly ours: OurCalls;
  /** Whether whoever sends this may look. */
  readonly admits: (request: Request) => boolean;
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
    if (!admits(request))
      return refuse(response, 401, 'Send `Authorization: Bearer …`; `muster token create` makes a token.');
    if (part === 'upload')
      return refuse(
        response,
        501,
        'Agents write the files of a workspace. `muster cp` copies into it where the host runs.',
      );
    if (request.method !== 'GET') return refuse(response, 405, 'Only GET is answered here.');
    const answered = part === 'files' ? list(ours, threadId, response) : download(ours, { threadId, url }, response);
    answered.catch((error: unknown) => {
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

async function download(
  { threads }: OurCalls,
  { threadId, url }: { readonly threadId: string; readonly url: URL },
  response: Response,
): Promise<void> {
  const path = url.searchParams.get('path') ?? '';
  if (path === '' || path.startsWith('/') || path.includes('\0') || path.split('/').includes('..'))
    return refuse(response, 400, 'Give a path inside the workspace.');
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
