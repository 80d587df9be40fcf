import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { defined } from '../../base/defined.js';
import { scopes, type AccessToken } from '../../core/access/accessToken.js';
import type { AccessTokenService } from '../../core/access/accessTokenService.js';
import {
  AccessTokenSchema,
  type AccessService,
  type AccessToken as WireToken,
} from '../../protocol/gen/muster/v1/access_pb.js';
import { oneOf } from './requestFields.js';
import { safeNumber } from './wire.js';

export function accessApi({
  accessTokens,
}: {
  readonly accessTokens: AccessTokenService;
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
