import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { AppError, errorMessage } from '../../base/errors.js';
import { hostNodeOptions } from '../../client/hostArguments.js';
import { findNodeRuntime } from '../../client/nodeRuntime.js';
import { lockedExitStatus } from '../../protocol/endpoint.js';
import { defineCommand, type Arguments } from '../command.js';
import type { OptionTable } from '../options/parseOptions.js';

export const daemon = defineCommand({
  name: 'daemon',
  summary: 'run the host in the foreground',
  details:
    'It stays until it is told to end with `muster daemon stop` or Ctrl+C; agents keep running and the next host takes them over. With `--listen` other machines reach it too, each with a token of `muster token create`.',
  options: {
    'listen': {
      type: 'string',
      value: 'ADDRESS',
      text: 'also answer HTTP here, as in 127.0.0.1:7410 (or HTTP_LISTEN)',
    },
    'tls-cert': { type: 'string', value: 'FILE', text: 'speak TLS with this certificate (PEM; or MUSTER_TLS_CERT)' },
    'tls-key': { type: 'string', value: 'FILE', text: 'its key (PEM; or MUSTER_TLS_KEY)' },
    'plain-http': { type: 'boolean', text: 'others may reach it without TLS: something in front of it speaks TLS' },
  },
  async run({ env, bundleDir, stateDir, directory, signal }, args) {
    const runtime = await findNodeRuntime({ setting: env['MUSTER_NODE'], env, signal });
    const child = spawn(runtime.command, [...hostNodeOptions, join(bundleDir, 'host.js'), '--foreground'], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...env, ...runtime.env, ...networkVariables(args, directory), MUSTER_HOME: stateDir },
    });
    // A terminal's Ctrl+C reaches both; a signal to this process alone must reach the host too.
    signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
    let status: unknown;
    try {
      [status] = await once(child, 'exit');
    } catch (error) {
      const reason = errorMessage(error);
      throw new AppError(
        'host.unreachable',
        `The host could not be started: ${reason}.`,
        { socket: '', reason },
        { cause: error },
      );
    }
    if (status === lockedExitStatus) return 1;
    return typeof status === 'number' ? status : 0;
  },
});

/** How the host is told: it is started without arguments that a list of processes would show. */
function networkVariables(
  args: Pick<Arguments<OptionTable>, 'text' | 'flag'>,
  directory: string,
): Readonly<Record<string, string>> {
  const file = (name: string): string | undefined => {
    const path = args.text(name);
    return path === undefined ? undefined : resolve(directory, path);
  };
  return Object.fromEntries(
    Object.entries({
      HTTP_LISTEN: args.text('listen'),
      MUSTER_TLS_CERT: file('tls-cert'),
      MUSTER_TLS_KEY: file('tls-key'),
      MUSTER_PLAIN_HTTP: args.flag('plain-http') ? '1' : undefined,
    }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
