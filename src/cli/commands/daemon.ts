import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { AppError, errorMessage, isAppError } from '../../base/errors.js';
import { requireEndpoint } from '../../client/endpointDiscovery.js';
import { hostNodeOptions } from '../../client/hostArguments.js';
import type { HostClient } from '../../client/hostClient.js';
import { findNodeRuntime } from '../../client/nodeRuntime.js';
import { connectPlainly } from '../../client/plainClient.js';
import { lockedExitStatus } from '../../protocol/endpoint.js';
import { defineCommand, type Arguments, type CommandContext } from '../command.js';
import { daemonVariables } from '../lookup/daemonVariables.js';
import type { OptionTable } from '../options/parseOptions.js';

export const daemon = defineCommand({
  name: 'daemon',
  summary: 'run the host in the foreground',
  details:
    'It stays until it is told to end with `muster daemon stop` or Ctrl+C; agents keep running and the next host takes them over. It takes the place of a host that a command or a window has started. With `--listen` other machines reach it too, each with a token of `muster token create`.',
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
  async run(context, args) {
    const { env, bundleDir, stateDir, directory, signal, out } = context;
    const { values, notes } = await daemonVariables(directory, env);
    for (const note of notes) out.note(`muster: ${note}`);
    const present = await hostToReplace(context);
    const runtime = await findNodeRuntime({ setting: env['MUSTER_NODE'], env, signal });
    const child = spawn(runtime.command, [...hostNodeOptions, join(bundleDir, 'host.js'), '--foreground'], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: {
        ...env,
        ...values,
        ...runtime.env,
        ...networkVariables(args, directory),
        MUSTER_HOME: stateDir,
        MUSTER_TAKE_OVER: present ? '1' : '',
      },
    });
    // The new one is there and waits: no window that misses its host is faster.
    if (present) child.once('message', () => void endPresent(present, context));
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
    } finally {
      present?.dispose();
    }
    if (status === lockedExitStatus) return 1;
    return typeof status === 'number' ? status : 0;
  },
});

/**
 * The host of this state directory, whichever other one the environment names, if it was started for somebody's command or window:
 * it would end by itself. Agents keep running.
 */
async function hostToReplace({ stateDir, env, signal }: CommandContext): Promise<HostClient | undefined> {
  try {
    const client = await connectPlainly(await requireEndpoint(stateDir), { signal, runId: env['MUSTER_RUN_ID'] });
    const { stays, mode } = await client.host.getStatus({}, { signal });
    if (!stays && mode === 'process') return client;
    client.dispose();
    return undefined;
  } catch (error) {
    if (isAppError(error, 'host.unreachable')) return undefined;
    throw error;
  }
}

/** It is that host alone that hears of it: a daemon that was faster has another token. */
async function endPresent(present: HostClient, { signal, out }: CommandContext): Promise<void> {
  try {
    await present.host.shutdown({ handOver: true, reason: '`muster daemon` takes its place' }, { signal });
  } catch (error) {
    // It has ended by itself; one that does not end is told of by the new one.
    if (!isAppError(error, 'host.unreachable')) out.note(`muster: ${errorMessage(error)}`);
  }
}

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
