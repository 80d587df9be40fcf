import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, errorMessage } from '../base/errors.js';
import { hostNodeOptions } from './hostArguments.js';
import type { NodeRuntime } from './nodeRuntime.js';
import { makePrivateDirectory } from '../node/privateDirectory.js';
import type { Environment } from './stateDirectory.js';

/** A host that this process spawned. It outlives this process. */
export interface HostProcess {
  /** Set once it has ended or could not be spawned. */
  readonly ended: () => { readonly status: number | null; readonly error: Error | undefined } | undefined;
  /** Resolves when `ended` is set. */
  readonly whenEnded: Promise<void>;
  /** What it wrote to its standard output and error, at most the last 4 kB. */
  readOutput(): Promise<string>;
}

/** Started over when the host's own words (its log is another file) take more than this. */
const maximumOutputBytes = 1024 * 1024;
/** Set by an editor or an agent for its own children; a host must not carry them for its whole life. */
const notInherited = /^(MUSTER_RUN.*|NODE_OPTIONS|VSCODE_INSPECTOR_OPTIONS|ELECTRON_RUN_AS_NODE)$/;

/** Starts `dist/host.js` detached, its output in `<stateDir>/host.out`. Throws `state.unwritable`. */
export async function startHostProcess({
  stateDir,
  hostBundle,
  runtime,
  env,
}: {
  readonly stateDir: string;
  readonly hostBundle: string;
  readonly runtime: NodeRuntime;
  readonly env: Environment;
}): Promise<HostProcess> {
  const file = join(stateDir, 'host.out');
  const output = await openOutput(stateDir, file);
  try {
    const { size } = await output.stat();
    if (size > maximumOutputBytes) await output.truncate(0);
    const from = size > maximumOutputBytes ? 0 : size;
    const child = spawn(runtime.command, [...hostNodeOptions, hostBundle], {
      cwd: stateDir,
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
      windowsHide: true,
      env: { ...inherited(env), ...runtime.env, MUSTER_HOME: stateDir },
    });
    child.unref();
    let end: { readonly status: number | null; readonly error: Error | undefined } | undefined;
    const whenEnded = new Promise<void>(resolve => {
      child.once('error', error => {
        end ??= { status: null, error };
        resolve();
      });
      child.once('exit', status => {
        end ??= { status, error: undefined };
        resolve();
      });
    });
    return {
      ended: () => end,
      whenEnded,
      readOutput: async () => (await readFile(file)).subarray(from).subarray(-4096).toString('utf8').trim(),
    };
  } finally {
    await output.close();
  }
}

async function openOutput(stateDir: string, file: string) {
  try {
    makePrivateDirectory(stateDir);
    return await open(file, 'a', 0o600);
  } catch (error) {
    const reason = errorMessage(error);
    throw new AppError(
      'state.unwritable',
      `The state directory ${stateDir} cannot be written: ${reason}. Free it or set MUSTER_HOME to another folder.`,
      { path: stateDir, reason },
      { cause: error },
    );
  }
}

function inherited(env: Environment): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !notInherited.test(name)) kept[name] = value;
  }
  return kept;
}
