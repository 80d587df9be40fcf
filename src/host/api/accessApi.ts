import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { defined } from '../../base/defined.js';
import type { Log } from '../../base/log.js';
import { scopes, type AccessToken } from '../../core/access/accessToken.js';
import type { AccessTokenService } from '../../core/access/accessTokenService.js';
import type { Login, LoginSession } from '../../core/access/login.js';
import type { LoginService } from '../../core/access/loginService.js';
import {
  AccessTokenSchema,
  LoginSchema,
  LoginSessionSchema,
  type AccessService,
  type AccessToken as WireToken,
  type Login as WireLogin,
  type LoginSession as WireSession,
} from '../../protocol/gen/muster/v1/access_pb.js';
import { oneOf } from './requestFields.js';
import { safeNumber } from './wire.js';

export function accessApi({
  accessTokens,
  logins,
  log,
}: {
  readonly accessTokens: AccessTokenService;
  readonly logins: LoginService;
  readonly log: Log;
}): ServiceImpl<typeof AccessService> {
  return {
    createToken({ name, scope, expiresAt }) {
      const until = safeNumber(expiresAt, 'expires_at');
      const { token, text } = accessTokens.create({
        name,
        scope: oneOf(scopes, scope, 'scope') ?? 'operate',
        ...defined({ expiresAt: until === 0 ? undefined : until }),
      });
      return { token: wireToken(token), text };
    },
    listTokens: () => ({ tokens: accessTokens.list().map(wireToken) }),
    revokeToken: ({ token }) => ({ token: wireToken(accessTokens.revoke(token)) }),
    async setPassword({ user, password, scope }) {
      const wanted = { user: user || 'admin', password, scope: oneOf(scopes, scope, 'scope') ?? 'admin' };
      const login = await logins.setPassword(wanted);
      log.info('A password was set', { user: login.user, scope: login.scope });
      return { login: wireLogin(login) };
    },
    listLogins: () => ({ logins: logins.list().map(wireLogin) }),
    removePassword({ user }) {
      logins.removePassword(user);
      log.info('A password was removed', { user });
      return {};
    },
    listSessions: () => ({ sessions: logins.sessions().map(wireSession) }),
    revokeSession({ session }) {
      const ended = logins.endSession(session);
      log.info('A session was revoked', { user: ended.user, session: ended.id });
      return {};
    },
  };
}

function wireToken({ id, name, scope, createdAt, expiresAt, revokedAt, usedAt }: AccessToken): WireToken {
  return create(AccessTokenSchema, {
    id,
    name,
    scope,
    createdAt: BigInt(createdAt),
    expiresAt: BigInt(expiresAt ?? 0),
    revokedAt: BigInt(revokedAt ?? 0),
    usedAt: BigInt(usedAt ?? 0),
  });
}

function wireLogin({ user, scope, changedAt }: Login): WireLogin {
  return create(LoginSchema, { user, scope, changedAt: BigInt(changedAt) });
}

function wireSession({ id, user, scope, shown, createdAt, expiresAt, usedAt }: LoginSession): WireSession {
  return create(LoginSessionSchema, {
    id,
    user,
    scope,
    shown: shown.by,
    createdAt: BigInt(createdAt),
    expiresAt: BigInt(expiresAt),
    usedAt: BigInt(usedAt ?? 0),
  });
}
