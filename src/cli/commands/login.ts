import { findKeychain } from '../../client/keychain.js';
import { HostProfiles } from '../../client/hostProfiles.js';
import { remoteEndpoint } from '../../client/remoteEndpoint.js';
import { defineCommand, type CommandContext } from '../command.js';
import { readRemoteAddress } from '../connection/hostAddress.js';
import { readPassword } from '../options/readPassword.js';
import { usageError } from '../options/usageError.js';
import { printRows } from '../output/projectReport.js';
import { oneLine } from '../output/terminalText.js';

export const login = defineCommand({
  name: 'login',
  summary: 'log in to a host elsewhere, or list where you are logged in',
  positionals: [{ name: 'url', required: false }],
  options: { name: { type: 'string', value: 'NAME', text: 'what to call it: `--host NAME` then means it' } },
  details:
    'As in `muster login https://builds.example`. The token (`muster token create` there) is asked for, or read from standard input, and never taken from the command line. It is kept in the keychain (`secret-tool`, or that of macOS), or where there is none in `hosts.json` of the state directory, which only you can read.',
  async run(context, args) {
    const { out, json, stdin, signal } = context;
    const profiles = profilesOf(context);
    const [text] = args.positionals;
    if (text === undefined) {
      const hosts = profiles
        .list()
        .map(({ url, name, token }) => ({ url, name, kept_in: token ? 'file' : 'keychain' }));
      if (json) out.json({ hosts });
      else if (hosts.length === 0) out.note('You are logged in nowhere. `muster login https://…` does that.');
      else
        printRows(out, [
          ['HOST', 'NAME', 'TOKEN'],
          ...hosts.map(({ url, name, kept_in: where }) => [oneLine(url), oneLine(name), where]),
        ]);
      return 0;
    }
    const url = readRemoteAddress(text);
    const name = args.text('name') ?? '';
    if (!/^[\w.-]{0,60}$/.test(name)) throw usageError('A name has letters, digits, `.`, `_` and `-`.');
    const token = (await readPassword(stdin, { question: `Token for ${url}: `, out, signal })).trim();
    const { connectEndpoint } = await import('../../client/hostClient.js');
    const client = await connectEndpoint(remoteEndpoint(url, token), { signal });
    try {
      const { version } = await client.host.getStatus({}, { signal });
      const where = await profiles.keep({ url, name, token }, signal);
      if (json) out.json({ url, name, version, kept_in: where });
      else {
        out.line(`Logged in to ${url} (Muster ${oneLine(version)}).`);
        out.note(
          where === 'keychain'
            ? 'The token is in your keychain.'
            : 'The token is in hosts.json of the state directory.',
        );
        out.note(`Use it with --host ${name || url}, or set MUSTER_HOST to that.`);
      }
    } finally {
      client.dispose();
    }
    return 0;
  },
});

export const logout = defineCommand({
  name: 'logout',
  summary: 'forget the token of a host elsewhere',
  positionals: [{ name: 'url', required: true }],
  details:
    'By its address or its name. The host still knows the token: `muster token revoke` there ends it for everybody.',
  async run(context, args) {
    const { out, json, signal } = context;
    const text = args.required(0);
    const profiles = profilesOf(context);
    const url = profiles.find(text)?.url ?? readRemoteAddress(text);
    const removed = await profiles.forget(url, signal);
    if (json) out.json({ url, removed });
    else out.line(removed ? `Logged out of ${url}.` : `You were not logged in to ${url}.`);
    return 0;
  },
});

function profilesOf({ stateDir, env }: CommandContext): HostProfiles {
  return new HostProfiles({ stateDir, keychain: async () => findKeychain(env) });
}
