import type { AccessToken } from '../../protocol/gen/muster/v1/access_pb.js';
import { defineCommand } from '../command.js';
import { readSeconds } from '../options/seconds.js';
import { printRows } from '../output/projectReport.js';
import { optional } from '../output/wireJson.js';
import { isoTime } from '../output/wireText.js';

export const tokenCreate = defineCommand({
  name: 'token create',
  summary: 'make a token with which a program reaches this host over the network',
  options: {
    name: { type: 'string', value: 'NAME', text: 'what to call it (default: token)' },
    scope: { type: 'string', value: 'SCOPE', text: 'read, operate (default) or admin' },
    expires: {
      type: 'string',
      value: 'TIME',
      text: 'for how long it is good, as in 12h (default: until it is revoked)',
    },
  },
  details:
    'Its text is printed once and not kept: give it to `MUSTER_TOKEN` of whoever calls. `read` looks at everything, `operate` also gives tasks, reviews and merges, `admin` also applies compose files.',
  async run({ connect, signal, out, json }, args) {
    const lifetime = readSeconds(args.text('expires'), '--expires');
    const client = await connect();
    const { token, text } = await client.access.createToken(
      {
        name: args.text('name') ?? 'token',
        scope: args.text('scope') ?? '',
        expiresAt: lifetime === undefined ? 0n : BigInt(Date.now() + lifetime),
      },
      { signal },
    );
    if (json) out.json({ ...(token && tokenJson(token)), token: text });
    else {
      out.line(text);
      out.note('It is shown this once. Set MUSTER_TOKEN to it and MUSTER_HOST to the address of this host.');
    }
    return 0;
  },
});

export const tokenList = defineCommand({
  name: 'token ls',
  summary: 'list the tokens of this host',
  async run({ repeatable, signal, out, json }) {
    const { tokens } = await repeatable(({ access }) => access.listTokens({}, { signal }));
    if (json) out.json({ tokens: tokens.map(tokenJson) });
    else {
      const rows = tokens.map(token => [
        token.name,
        token.scope,
        stateOf(token),
        isoTime(token.createdAt),
        token.expiresAt > 0n ? isoTime(token.expiresAt) : 'never',
        token.usedAt > 0n ? isoTime(token.usedAt) : 'never',
      ]);
      printRows(out, [['NAME', 'SCOPE', 'STATE', 'CREATED', 'EXPIRES', 'USED'], ...rows]);
    }
    return 0;
  },
});

export const tokenRevoke = defineCommand({
  name: 'token revoke',
  summary: 'let nobody in with a token any more',
  positionals: [{ name: 'name', required: true }],
  async run({ connect, signal, out, json }, args) {
    const client = await connect();
    const { token } = await client.access.revokeToken({ token: args.required(0) }, { signal });
    if (json) out.json(token ? tokenJson(token) : {});
    else out.line(`${token?.name ?? args.required(0)} is revoked.`);
    return 0;
  },
});

function tokenJson(token: AccessToken) {
  const time = (at: bigint): string | undefined => (at > 0n ? isoTime(at) : undefined);
  return {
    id: token.id,
    name: token.name,
    scope: token.scope,
    state: stateOf(token),
    created_at: isoTime(token.createdAt),
    ...optional({ expires_at: time(token.expiresAt), revoked_at: time(token.revokedAt), used_at: time(token.usedAt) }),
  };
}

function stateOf({ revokedAt, expiresAt }: AccessToken): 'valid' | 'expired' | 'revoked' {
  if (revokedAt > 0n) return 'revoked';
  return expiresAt > 0n && Number(expiresAt) <= Date.now() ? 'expired' : 'valid';
}
