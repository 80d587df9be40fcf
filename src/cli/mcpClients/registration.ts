import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { AppError, errorMessage } from '../../base/errors.js';
import type { Environment } from '../../client/stateDirectory.js';
import { editConfiguration } from './editConfiguration.js';
import type { McpClient, McpFile, McpProgram } from './mcpClient.js';
import { systemCode } from '../../node/systemError.js';

export interface RegistrationOptions {
  readonly home: string;
  readonly env: Environment;
  /** Absolute path of `muster`: a program that is started from a dock has another PATH than a terminal. */
  readonly launcher: string;
  readonly remove: boolean;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

/** What was done for one program, in words. `absent`: it is not installed. */
export interface Registration {
  readonly client: McpClient;
  readonly outcome: 'added' | 'changed' | 'removed' | 'unchanged' | 'absent' | 'failed';
  /** The file or command that does it, and for a failure why. */
  readonly detail: string;
}

const run = promisify(execFile);
/** Such a command line answers in a second; one that waits for a login would wait for ever. */
const programTimeoutMs = 30_000;

/** Registers the server with one program, or takes it out. What goes wrong with one is its outcome, so that others go on. */
export async function register(client: McpClient, options: RegistrationOptions): Promise<Registration> {
  try {
    return client.kind === 'file' ? await inFile(client, options) : await byProgram(client, options);
  } catch (error) {
    options.signal.throwIfAborted();
    return { client, outcome: 'failed', detail: errorMessage(error) };
  }
}

async function inFile(
  client: McpFile,
  { home, env, launcher, remove, dryRun }: RegistrationOptions,
): Promise<Registration> {
  const path = client.path(home, env);
  const there = await stat(dirname(path)).then(
    found => found.isDirectory(),
    () => false,
  );
  if (!there) return { client, outcome: 'absent', detail: `there is no ${dirname(path)}` };
  const entry = remove ? undefined : client.entry(launcher);
  return { client, outcome: await editConfiguration(path, { place: client.place, entry, dryRun }), detail: path };
}

async function byProgram(client: McpProgram, options: RegistrationOptions): Promise<Registration> {
  const { launcher, remove, dryRun } = options;
  const listed = await ask(client, client.list, options);
  if (listed === undefined) return { client, outcome: 'absent', detail: `${client.program} is not on the PATH` };
  const present = client.isListed(listed);
  const args = remove ? client.remove : client.add(launcher);
  const detail = [client.program, ...args].join(' ');
  if (remove && !present) return { client, outcome: 'unchanged', detail };
  if (!remove && present && listed.includes(launcher)) return { client, outcome: 'unchanged', detail };
  if (!dryRun) {
    if (!remove && present) await ask(client, client.remove, options);
    await ask(client, args, options);
  }
  if (remove) return { client, outcome: 'removed', detail };
  return { client, outcome: present ? 'changed' : 'added', detail };
}

/** What the program printed; undefined when it is not there. */
async function ask(
  { program }: McpProgram,
  args: readonly string[],
  { env, signal }: RegistrationOptions,
): Promise<string | undefined> {
  try {
    const { stdout } = await run(program, args, { env: { ...env }, signal, timeout: programTimeoutMs });
    return stdout;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new AppError(
      'request.invalid',
      `\`${[program, ...args].join(' ')}\` failed: ${errorMessage(error)}`,
      { field: program, reason: errorMessage(error) },
      { cause: error },
    );
  }
}
