import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { oldestNodeMajor } from '../base/oldestNode.js';
import type { Environment } from './stateDirectory.js';

/** How to run a bundle: a program, and the variables that make it behave as Node. */
export interface NodeRuntime {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The Node that runs the host: the one of the setting; else this process's own when it is a plain Node that is new enough;
 * else one on PATH; else this process's own binary, which in the desktop editor is Electron and runs as Node when told so.
 */
export async function findNodeRuntime({
  setting,
  env,
  signal,
}: {
  /** `muster.host.node`; empty or undefined: not set. */
  readonly setting?: string | undefined;
  readonly env: Environment;
  readonly signal: AbortSignal;
}): Promise<NodeRuntime> {
  if (setting) return { command: setting, env: {} };
  const isElectron = 'electron' in process.versions;
  if (!isElectron && majorOf(process.versions.node) >= oldestNodeMajor) return { command: process.execPath, env: {} };
  const onPath = await findNodeOnPath(env, signal);
  if (onPath !== undefined) return { command: onPath, env: {} };
  return { command: process.execPath, env: isElectron ? { ELECTRON_RUN_AS_NODE: '1' } : {} };
}

async function findNodeOnPath(env: Environment, signal: AbortSignal): Promise<string | undefined> {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  for (const folder of (env['PATH'] ?? env['Path'] ?? '').split(delimiter)) {
    // A relative entry means the current folder, which may be a repository that nobody trusts.
    if (!isAbsolute(folder)) continue;
    const command = join(folder, name);
    if (await isRecentNode(command, signal)) return command;
  }
  return undefined;
}

async function isRecentNode(command: string, signal: AbortSignal): Promise<boolean> {
  try {
    await access(command, constants.X_OK);
  } catch {
    // Not there, or nothing that can be started.
    return false;
  }
  return new Promise((resolve, reject) => {
    execFile(command, ['--version'], { signal, timeout: 5000, windowsHide: true }, (error, stdout) => {
      if (signal.aborted) reject(signal.reason);
      else resolve(!error && majorOf(stdout.trim().replace(/^v/, '')) >= oldestNodeMajor);
    });
  });
}

function majorOf(version: string): number {
  return Number(version.split('.')[0]);
}
