import { findNodeRuntime } from '../client/nodeRuntime.js';
import { installLauncher } from '../client/launcherScript.js';
import type { Environment } from '../client/stateDirectory.js';

export interface TerminalCommand {
  readonly stateDir: string;
  /** Absolute path of `dist/cli.js`. */
  readonly cli: string;
  readonly version: string;
  readonly nodePath: string;
  readonly env: Environment;
}

/** Writes the `muster` that terminals run. Loaded when it is needed, because nothing waits for it. */
export async function installTerminalCommand(options: TerminalCommand): Promise<void> {
  const { stateDir, cli, version, nodePath, env } = options;
  const signal = AbortSignal.timeout(30_000);
  const { command, env: variables } = await findNodeRuntime({ setting: nodePath, env, signal });
  await installLauncher({ stateDir, cli, version, node: command, electron: 'ELECTRON_RUN_AS_NODE' in variables });
}
