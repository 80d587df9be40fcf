import type { Login } from '../../protocol/gen/muster/v1/access_pb.js';
import { defineCommand } from '../command.js';
import { readPassword } from '../options/readPassword.js';
import { printRows } from '../output/projectReport.js';
import { isoTime } from '../output/wireText.js';

const defaultUser = 'admin';

export const passwordSet = defineCommand({
  name: 'password set',
  summary: 'let somebody log in to this host with a password',
  positionals: [{ name: 'user', required: false }],
  options: {
    scope: { type: 'string', value: 'SCOPE', text: 'read, operate or admin (default)' },
  },
  details:
    'The password is asked for, or read from standard input, and never taken from the command line, which others can see. The host keeps a slow digest of it. It is for the page of a host that listens (`muster daemon --listen`) and for HTTP basic. Without a user it is for `admin`. Setting it again ends the sessions of the earlier one.',
  async run({ connect, stdin, signal, out, json }, args) {
    const user = args.positionals[0] ?? defaultUser;
    const password = await readPassword(stdin, { question: `Password of ${user}: `, out, signal });
    const client = await connect();
    const { login } = await client.access.setPassword({ user, password, scope: args.text('scope') ?? '' }, { signal });
    if (json) out.json(login ? loginJson(login) : {});
    else out.line(`${user} may log in.`);
    return 0;
  },
});

export const passwordList = defineCommand({
  name: 'password ls',
  summary: 'list who may log in to this host with a password',
  async run({ repeatable, signal, out, json }) {
    const { logins } = await repeatable(({ access }) => access.listLogins({}, { signal }));
    if (json) out.json({ users: logins.map(loginJson) });
    else {
      const rows = logins.map(({ user, scope, changedAt }) => [user, scope, isoTime(changedAt)]);
      printRows(out, [['USER', 'SCOPE', 'SET'], ...rows]);
    }
    return 0;
  },
});

export const passwordRemove = defineCommand({
  name: 'password rm',
  summary: 'let somebody log in with a password no more',
  positionals: [{ name: 'user', required: true }],
  async run({ connect, signal, out, json }, args) {
    const user = args.required(0);
    const client = await connect();
    await client.access.removePassword({ user }, { signal });
    if (json) out.json({ user });
    else out.line(`${user} may log in no more.`);
    return 0;
  },
});

function loginJson({ user, scope, changedAt }: Login) {
  return { user, scope, changed_at: isoTime(changedAt) };
}
