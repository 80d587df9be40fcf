import { getOption, type DescMethod } from '@bufbuild/protobuf';
import type { HandlerContext, Interceptor } from '@connectrpc/connect';
import { AppError } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import type { Redactor } from '../../base/redactor.js';
import { includesScope, scopes, type Scope } from '../../core/access/accessToken.js';
import { needs } from '../../protocol/gen/muster/v1/policy_pb.js';
import { toConnectError } from './errorDetail.js';
import { namesEngine } from './namedEngine.js';
import { recognitionKey, type Recognition, type Visitor } from './visitor.js';

/** What the `.proto` says that the bearer of a token needs for a method; for nothing or an unknown word the most. */
export function scopeNeeded(method: DescMethod): Scope {
  const option = getOption(method, needs);
  return scopes.find(word => word === option) ?? 'admin';
}

/** The text of a bearer token in a request's header; undefined for any other authorization. */
export function bearerText(header: string | null | undefined): string | undefined {
  return /^Bearer +([\w-]{1,200})$/i.exec(header ?? '')?.[1];
}

/**
 * The gate of what comes in over the network: every call needs a visitor of a scope that is wide enough. What changes something is
 * noted in the log with the visitor's name, never with what was shown.
 */
export function requireAccess({
  needed: scopeOf,
  log,
}: {
  readonly needed: (method: DescMethod) => Scope;
  readonly log: Log;
}): Interceptor {
  return next => async request => {
    const { method } = request;
    const needed = namesEngine(request) ? 'admin' : scopeOf(method);
    const visitor = requireScope(request.contextValues.get(recognitionKey), needed);
    const { name, session } = visitor;
    if (needed !== 'read')
      log.info('A call over the network', { method: method.name, token: name, ...(session && { session }) });
    const response = await next(
      request.stream ? { ...request, message: whileAdmitted(request.message, visitor, needed) } : request,
    );
    return response.stream ? { ...response, message: whileAdmitted(response.message, visitor, needed) } : response;
  };
}

/**
 * The same before anything of the body is read: whoever may not make a call sends as much as they like, as slowly as they like, to
 * nobody.
 */
export function refuseUnread({
  needed,
  redactor,
}: {
  readonly needed: (method: DescMethod) => Scope;
  readonly redactor: Redactor;
}): (context: HandlerContext) => void {
  return ({ values, method }) => {
    try {
      requireScope(values.get(recognitionKey), needed(method));
    } catch (error) {
      throw toConnectError(error, redactor);
    }
  };
}

function requireScope(found: Recognition, needed: Scope): Visitor {
  const visitor = requireVisitor(found);
  if (includesScope(visitor.scope, needed)) return visitor;
  throw new AppError(
    'access.scope',
    `That needs a token of scope ${needed}; ${JSON.stringify(visitor.name)} has ${visitor.scope}. \`muster token create --scope ${needed}\` makes one.`,
    { needed, held: visitor.scope },
  );
}

/**
 * A stream may go on for days: it ends with what let it begin, at its next message in either direction. Those that say nothing have
 * heartbeats.
 */
async function* whileAdmitted<T>(messages: AsyncIterable<T>, { scopeNow }: Visitor, needed: Scope): AsyncIterable<T> {
  for await (const message of messages) {
    const scope = scopeNow();
    if (scope === undefined || !includesScope(scope, needed)) throw noLonger();
    yield message;
  }
}

function requireVisitor(found: Recognition): Visitor {
  switch (found.kind) {
    case 'visitor':
      return found.visitor;
    case 'nobody':
      throw new AppError(
        'access.token',
        'This host asks for a token: send `Authorization: Bearer …`. `muster token create` makes one where the host runs.',
        { given: false },
      );
    case 'unknown':
    case 'foreign':
    case 'paused':
      throw noLonger();
  }
}

function noLonger(): AppError<'access.token'> {
  return new AppError(
    'access.token',
    'This token is not known, has expired or was revoked. `muster token create` makes a new one where the host runs.',
    { given: true },
  );
}
