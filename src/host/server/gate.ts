import { getOption, type DescMethod } from '@bufbuild/protobuf';
import type { Interceptor } from '@connectrpc/connect';
import { AppError } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import { includesScope, scopes, type AccessToken, type Scope } from '../../core/access/accessToken.js';
import type { AccessTokenService } from '../../core/access/accessTokenService.js';
import { needs } from '../../protocol/gen/muster/v1/policy_pb.js';

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
 * The gate of what comes in over the network: every call needs a valid token of a scope that is wide enough. What changes
 * something is noted in the log with the token's name, never with its text.
 */
export function requireAccess({
  tokens,
  needed: scopeOf,
  log,
}: {
  readonly tokens: Pick<AccessTokenService, 'recognise'>;
  readonly needed: (method: DescMethod) => Scope;
  readonly log: Log;
}): Interceptor {
  return next => async request => {
    const { method } = request;
    const token = recognise(tokens, request.header.get('authorization'));
    const needed = scopeOf(method);
    if (!includesScope(token.scope, needed))
      throw new AppError(
        'access.scope',
        `That needs a token of scope ${needed}; ${JSON.stringify(token.name)} has ${token.scope}. \`muster token create --scope ${needed}\` makes one.`,
        { needed, held: token.scope },
      );
    if (needed !== 'read') log.info('A call over the network', { method: method.name, token: token.name });
    return await next(request);
  };
}

function recognise(tokens: Pick<AccessTokenService, 'recognise'>, header: string | null): AccessToken {
  const text = bearerText(header);
  const token = text === undefined ? undefined : tokens.recognise(text);
  if (token) return token;
  throw new AppError(
    'access.token',
    text === undefined
      ? 'This host asks for a token: send `Authorization: Bearer …`. `muster token create` makes one where the host runs.'
      : 'This token is not known, has expired or was revoked. `muster token create` makes a new one where the host runs.',
    { given: text !== undefined },
  );
}
