import type { IncomingMessage } from 'node:http';
import { ownValue } from '../../base/ownValue.js';
import type { ThreadId } from '../../base/ids.js';
import { includesScope } from '../../core/access/accessToken.js';
import type { AccessTokenService } from '../../core/access/accessTokenService.js';
import { runHeader } from '../../protocol/version.js';
import { bearerText } from '../server/gate.js';
import { isSame } from '../server/isSame.js';
import { noteRecognition } from '../server/visitor.js';
import { parseJupyterPath } from './jupyterPath.js';
import type { Admission, AdmittedPath } from './jupyterProxy.js';

/** Of programs on the host's socket: they show the token of the endpoint file. A run may reach the server of its own thread. */
export function admitPrograms({
  token,
  requireAllowed,
}: {
  /** The endpoint's. */
  readonly token: string;
  /** Throws what says that the run may not do this. */
  readonly requireAllowed: (run: string, thread: ThreadId) => void;
}): Admission {
  return request => {
    if (!isSame(request.headers.authorization ?? '', `Bearer ${token}`)) return 401;
    const path = ofProgram(request);
    if (typeof path === 'number') return path;
    const run = ownValue(request.headers, runHeader.toLowerCase());
    if (run !== undefined) requireAllowed(String(run), path.thread);
    return path;
  };
}

/** Of programs on the network: a kernel executes whatever it is sent, which is more than reading. */
export function admitTokens(tokens: Pick<AccessTokenService, 'recognise'>): Admission {
  return request => {
    const text = bearerText(request.headers.authorization);
    const token = text === undefined ? undefined : tokens.recognise(text);
    if (text === undefined || !token) return 401;
    // Whoever counts connections knows by this that it is no stranger's.
    const { name, scope } = token;
    noteRecognition(request, {
      kind: 'visitor',
      visitor: { name, scope, scopeNow: () => tokens.recognise(text)?.scope },
    });
    return includesScope(scope, 'operate') ? ofProgram(request) : 403;
  };
}

/** Programs send no origin; a browser's page has no business here. */
function ofProgram({ url = '', headers }: IncomingMessage): AdmittedPath | number {
  if (headers.origin !== undefined) return 403;
  const path = parseJupyterPath(url);
  return path.kind === 'refused' ? 404 : path;
}
