import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { AppError, errorMessage } from '../../base/errors.js';
import { hostNodeOptions } from '../../client/hostArguments.js';
import { findNodeRuntime } from '../../client/nodeRuntime.js';
import { lockedExitStatus } from '../../protocol/endpoint.js';
import { defineCommand } from '../command.js';

export const daemon = defineCommand({
  name: 'daemon',
  summary: 'run the host in the foreground',
  details:
    'It stays until it is told to end with `muster daemon stop` or Ctrl+C; agents keep running and the next host takes them over.',
  async run({ env, bundleDir, stateDir, signal }) {
    const runtime = await findNodeRuntime({ setting: env['MUSTER_NODE'], env, signal });
    const child = spawn(runtime.command, [...hostNodeOptions, join(bundleDir, 'host.js'), '--foreground'], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...env, ...runtime.env, MUSTER_HOME: stateDir },
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
