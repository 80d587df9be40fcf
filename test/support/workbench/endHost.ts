import { once } from 'node:events';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { inRepository } from '../../../src/build/paths.ts';

/** Ends the host of a state directory, if one runs: it outlives the window that started it. */
export async function endHost(stateDir: string): Promise<void> {
  const child = spawn(process.execPath, [inRepository('dist', 'cli.js'), 'daemon', 'stop'], {
    env: { ...process.env, MUSTER_HOME: stateDir },
    cwd: join(stateDir, '..'),
    stdio: 'ignore',
  });
  await once(child, 'exit');
}
