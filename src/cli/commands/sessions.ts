import type { LoginSession } from '../../protocol/gen/muster/v1/access_pb.js';
import { defineCommand } from '../command.js';
import { printRows } from '../output/projectReport.js';
import { optional } from '../output/wireJson.js';
import { isoTime } from '../output/wireText.js';

export const sessionList = defineCommand({
  name: 'session ls',
  summary: 'list the browsers that are logged in to this host',
  async run({ repeatable, signal, out, json }) {
    const { sessions } = await repeatable(({ access }) => access.listSessions({}, { signal }));
    if (json) out.json({ sessions: sessions.map(sessionJson) });
    else {
      const rows = sessions.map(({ id, user, scope, shown, createdAt, expiresAt, usedAt }) => [
        id,
        user,
        scope,
        shown,
        isoTime(createdAt),
        isoTime(expiresAt),
        usedAt > 0n ? isoTime(usedAt) : 'never',
      ]);
      printRows(out, [['SESSION', 'USER', 'SCOPE', 'BY', 'BEGAN', 'EXPIRES', 'USED'], ...rows]);
    }
    return 0;
  },
});

export const sessionRevoke = defineCommand({
  name: 'session revoke',
  summary: 'log a browser out of this host',
  positionals: [{ name: 'session', required: true }],
  async run({ connect, signal, out, json }, args) {
    const session = args.required(0);
    const client = await connect();
    await client.access.revokeSession({ session }, { signal });
    if (json) out.json({ session });
    else out.line(`${session} is logged out.`);
    return 0;
  },
});

function sessionJson({ id, user, scope, shown, createdAt, expiresAt, usedAt }: LoginSession) {
  return {
    id,
    user,
    scope,
    by: shown,
    created_at: isoTime(createdAt),
    expires_at: isoTime(expiresAt),
    ...optional({ used_at: usedAt > 0n ? isoTime(usedAt) : undefined }),
  };
}
