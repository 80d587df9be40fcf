import { AppError } from '../../base/errors.js';
import { ownValue } from '../../base/ownValue.js';
import { parseDuration } from '../../compose/duration.js';
import type { NamedLogin } from '../../core/access/loginService.js';

type Environment = Record<string, string | undefined>;

/** What the environment says of people who log in, by agent-compose's names. */
export interface LoginEnvironment {
  readonly named: readonly NamedLogin[];
  readonly lifetimeMs: number;
  /** Keys the signature of sessions; empty: the machine's own key does. */
  readonly secret: string;
}

const dayMs = 24 * 60 * 60_000;

/**
 * `AUTH_PASSWORD` lets `AUTH_USERNAME` (admin) in, `HTTP_BASIC_AUTH` (user and password in base64) another one; `AUTH_SESSION_TTL` is
 * how long a session lasts, and another `AUTH_SECRET` ends all of them. They are taken out of the environment, so that no
 * agent that the host starts has them. Errors: `request.invalid`.
 */
export function takeLoginSettings(env: Environment): LoginEnvironment {
  const take = (name: string): string => {
    const value = ownValue(env, name) ?? '';
    Reflect.deleteProperty(env, name);
    return value;
  };
  const [user, password] = [take('AUTH_USERNAME') || 'admin', take('AUTH_PASSWORD')];
  const basic = Buffer.from(take('HTTP_BASIC_AUTH'), 'base64').toString('utf8');
  const colon = basic.indexOf(':');
  const named = [
    { user, password },
    { user: basic.slice(0, Math.max(0, colon)), password: basic.slice(colon + 1) },
  ].filter(each => each.user !== '' && each.password !== '');
  return {
    named: named.map(each => ({ ...each, scope: 'admin' })),
    lifetimeMs: lifetimeOf(take('AUTH_SESSION_TTL')),
    secret: take('AUTH_SECRET'),
  };
}

function lifetimeOf(text: string): number {
  if (text === '') return dayMs;
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  const reason = `${JSON.stringify(text.slice(0, 40))} is no duration; write 24h or 90m`;
  throw new AppError('request.invalid', `AUTH_SESSION_TTL cannot be used: ${reason}.`, {
    field: 'AUTH_SESSION_TTL',
    reason,
  });
}
