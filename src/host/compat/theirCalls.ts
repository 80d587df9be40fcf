import type { DescMethod } from '@bufbuild/protobuf';
import { Code, ConnectError, type ConnectRouter, type Interceptor } from '@connectrpc/connect';
import type { Log } from '../../base/log.js';
import type { Scope } from '../../core/access/accessToken.js';
import { runHeader } from '../../protocol/version.js';
import type { Elsewhere } from '../server/lazyHandler.js';
import type { Handler } from '../server/nodeHandler.js';
import type { RequestGate } from '../server/server.js';

/** What agent-compose's calls stand on. */
export interface TheirCallsOptions {
  /** Our own services, and what stands before them but for who may come in. */
  readonly routes: (router: ConnectRouter) => void;
  readonly inner: readonly Interceptor[];
  /** What stands before agent-compose's: who may come in. */
  readonly outer: readonly Interceptor[];
  /** The same before the body of a call is read. */
  readonly requestGate?: RequestGate;
  /** The same for a request that is no call. */
  readonly admits: (request: Parameters<Handler>[0], scope: Scope) => boolean;
  readonly environment: () => Promise<Readonly<Record<string, string>>>;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** Whoever answers agent-compose's clients. Their services are large and most hosts never need them: they are read from disk at the first call. */
export function theirCalls({ routes, inner, outer, log, ...more }: TheirCallsOptions): Elsewhere {
  return {
    answers: path =>
      /^\/(agentcompose\.v[12]|health\.v1|grpc\.reflection\.v1)\./.test(path) ||
      path === '/api/version' ||
      path === '/api/null' ||
      path.startsWith('/api/agent-compose/'),
    onError: error => log.error('agent-compose’s calls cannot be answered', { error: String(error) }),
    async load() {
      const [{ createCompatHandler }, { ourCalls }] = await Promise.all([
        import('./compatHandler.js'),
        import('./ours.js'),
      ]);
      return createCompatHandler({
        ...more,
        log,
        own: routes,
        ours: ourCalls(routes, inner),
        interceptors: [...outer, refuseRuns],
      });
    },
  };
}

/** Agents have Muster's own calls, which know who may do what. */
const refuseRuns: Interceptor = next => request => {
  if ((request.header.get(runHeader) ?? '') === '') return next(request);
  throw new ConnectError('Calls of agent-compose’s API from inside a run are refused.', Code.PermissionDenied);
};

/** What a token needs for one of their calls. */
export function theirScope({ name }: DescMethod): Scope {
  // It evaluates what was sent.
  if (name === 'ValidateLoader') return 'operate';
  // It reads a file of this machine and says what is in it, as applying does.
  if (name === 'ValidateProject' || name.startsWith('GetGlobalEnv')) return 'admin';
  if (
    /^(Get|List|Watch|Follow|Stream(Project)?Scheduler|Resolve|Validate|Inspect|BatchGet|Status|ServerReflection)/.test(
      name,
    )
  )
    return 'read';
  return /^(Apply|Patch|Remove)Project|^(Pull|Build|Remove)Image$|^(Prune|Remove)Cache|^(Create|Prune|Remove)Volume|^Update|(Preset|WorkspaceConfig)$/.test(
    name,
  )
    ? 'admin'
    : 'operate';
}
