import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorMessage, isAppError } from '../../base/errors.js';
import { textField } from '../../base/unknownFields.js';
import { vmInstallCommand, vmRuntimes, vmRuntimesFolder, type VmRuntimeName } from '../../base/vmRuntimes.js';
import type { CommandContext } from '../command.js';
import { checkComposeFile } from '../lookup/composeFile.js';
import { findComposeFile } from '../lookup/findComposeFile.js';
import { findProgram } from '../../client/findProgram.js';
import { findAgentClis } from './agentClis.js';

/** What one look found. `fail`: Muster cannot work like that; `warn`: something is missing that may not be needed. */
export interface Check {
  readonly name: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  /** What to do. */
  readonly fix?: string;
}

const run = promisify(execFile);
const oldestGit = [2, 38] as const;
/** An engine that takes longer is not there for agents either. */
const engineMs = 10_000;
/** Less than a few worktrees of a middling repository take. */
const littleDiskBytes = 1024 ** 3;

/** Git, and whether it is new enough. */
export async function checkGit({ env, signal }: CommandContext): Promise<Check> {
  const name = 'git';
  const fix = `Install git ${oldestGit.join('.')} or newer.`;
  try {
    const { stdout } = await run('git', ['--version'], { env: { ...env }, signal, timeout: 10_000 });
    const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(stdout) ?? [];
    const isNew = Number(major) > oldestGit[0] || (Number(major) === oldestGit[0] && Number(minor) >= oldestGit[1]);
    return isNew ? { name, status: 'ok', detail: stdout.trim() } : { name, status: 'fail', detail: stdout.trim(), fix };
  } catch (error) {
    signal.throwIfAborted();
    return { name, status: 'fail', detail: errorMessage(error).split('\n')[0] ?? '', fix };
  }
}

/** The compose file of this folder, and what is wrong with it. */
export async function checkCompose(context: CommandContext): Promise<readonly Check[]> {
  const { directory, env } = context;
  let file: string;
  try {
    file = await findComposeFile(directory, context.file);
  } catch (error) {
    return [{ name: 'compose file', status: 'warn', detail: errorMessage(error), fix: '`muster init` writes one.' }];
  }
  try {
    const { errors, warnings } = await checkComposeFile({ file, env, directory });
    const problems = [
      ...errors.map((detail): Check => ({ name: 'compose file', status: 'fail', detail })),
      ...warnings.map((detail): Check => ({ name: 'compose file', status: 'warn', detail })),
    ];
    return problems.length > 0 ? problems : [{ name: 'compose file', status: 'ok', detail: file }];
  } catch (error) {
    return [{ name: 'compose file', status: 'fail', detail: errorMessage(error) }];
  }
}

/** Which agents' CLIs are here, and whether anything to log in with was found. */
export function checkClis({ env }: CommandContext): readonly Check[] {
  const clis = findAgentClis(env);
  const checks = clis.flatMap(({ title, path, login }): readonly Check[] => {
    if (path === undefined) return [];
    const detail = login === undefined ? `${path}; nothing to log in with was found` : `${path}, ${login}`;
    return [
      login === undefined
        ? { name: title, status: 'warn', detail, fix: 'Start it once and log in, or set its key.' }
        : { name: title, status: 'ok', detail },
    ];
  });
  if (checks.length > 0) return checks;
  const installs = clis.map(({ install }) => `\`${install}\``).join(', ');
  return [{ name: 'agents', status: 'warn', detail: 'no coding CLI is on the PATH', fix: `Install one: ${installs}.` }];
}

/** The state directory: whose it is, who may read it, how much room is left. */
export async function checkState({ stateDir }: CommandContext): Promise<readonly Check[]> {
  const name = 'state directory';
  const found = await stat(stateDir).catch(() => undefined);
  if (!found) return [{ name, status: 'ok', detail: `${stateDir} is made when it is needed` }];
  const open = process.platform !== 'win32' && (found.mode & 0o077) !== 0;
  const access: Check = open
    ? { name, status: 'warn', detail: `others may look into ${stateDir}`, fix: 'muster doctor --fix' }
    : { name, status: 'ok', detail: stateDir };
  const { bavail, bsize } = await statfs(stateDir);
  const free = bavail * bsize;
  const text = `${(free / 1024 ** 3).toFixed(1)} GB free`;
  const disk: Check =
    free < littleDiskBytes
      ? { name: 'disk', status: 'warn', detail: text, fix: '`muster gc` removes what is old.' }
      : { name: 'disk', status: 'ok', detail: text };
  return [access, disk];
}

/** The host, and what keeps the agents of applied files from working. */
export async function checkHost({ connectRunning, signal }: CommandContext): Promise<readonly Check[]> {
  try {
    const client = await connectRunning();
    const [status, { projects }] = await Promise.all([
      client.host.getStatus({}, { signal }),
      client.projects.listProjects({}, { signal }),
    ]);
    const agents = projects.flatMap(({ name: project, agents: all }) =>
      all.filter(({ problem }) => problem !== '').map(({ name, problem }) => ({ name: `${project}/${name}`, problem })),
    );
    return [
      { name: 'host', status: 'ok', detail: `${status.version}, pid ${status.pid}, ${status.activeRuns} runs` },
      ...agents.map(({ name, problem }): Check => ({ name, status: 'warn', detail: problem })),
    ];
  } catch (error) {
    if (!isAppError(error, 'host.unreachable')) throw error;
    return [{ name: 'host', status: 'ok', detail: 'not running; it is started when it is needed' }];
  }
}

/** Whether the engine answers, and has the images of the agents that run in containers. */
export async function checkImages({ connectRunning, signal, env }: CommandContext): Promise<readonly Check[]> {
  const name = 'images';
  try {
    const client = await connectRunning();
    const { projects } = await client.projects.listProjects({}, { signal });
    const agents = projects.flatMap(({ agents: all }) => all.filter(({ driver }) => driver === 'docker'));
    const wanted = new Set(agents.map(({ image }) => image).filter(image => image !== ''));
    if (wanted.size === 0) return [];
    const { images } = await client.images.listImages({ engine: env['DOCKER_HOST'] ?? '' }, { signal });
    const there = new Set(images.flatMap(({ names }) => names));
    const missing = [...wanted].filter(image => !there.has(image) && !there.has(`${image}:latest`));
    if (missing.length === 0) return [{ name, status: 'ok', detail: [...wanted].join(', ') }];
    const own = missing.some(image => /^muster-guest(:latest)?$/.test(image));
    const fix = own ? '`muster image build` makes muster-guest.' : '`muster pull` fetches them; so does the first run.';
    return [{ name, status: 'warn', detail: `not on the engine: ${missing.join(', ')}`, fix }];
  } catch (error) {
    if (isAppError(error, 'host.unreachable')) return [];
    if (isAppError(error, 'sandbox.unavailable')) return [{ name, status: 'warn', detail: errorMessage(error) }];
    throw error;
  }
}

/** Docker, for agents that run in containers. */
export async function checkDocker({ env, signal }: CommandContext): Promise<Check> {
  const path = findProgram('docker', env);
  if (path === undefined)
    return { name: 'docker', status: 'ok', detail: 'not installed; only agents with `driver: docker` need it' };
  try {
    const options = { env, signal, timeout: engineMs };
    const { stdout } = await run(path, ['version', '--format', '{{.Server.Version}}'], options);
    return { name: 'docker', status: 'ok', detail: `${path}, engine ${stdout.trim()}` };
  } catch (error) {
    signal.throwIfAborted();
    const text = `${path} is there, and no engine answers: ${lastLine(error)}`;
    return {
      name: 'docker',
      status: 'warn',
      detail: text,
      fix: 'Start the engine; agents with `driver: docker` need it.',
    };
  }
}

/** The runtimes of virtual machines that agents ask for: whether they are installed, where they are looked for. */
export async function checkMachines({ connectRunning, signal, stateDir }: CommandContext): Promise<readonly Check[]> {
  try {
    const client = await connectRunning();
    const { projects } = await client.projects.listProjects({}, { signal });
    const asked = new Set(projects.flatMap(({ agents }) => agents.map(({ driver }) => driver)));
    const names = Object.keys(vmRuntimes).filter((name): name is VmRuntimeName => asked.has(name));
    return names.map(name => {
      const folder = join(stateDir, vmRuntimesFolder);
      const installed = existsSync(join(folder, 'node_modules', vmRuntimes[name].package));
      if (installed) return { name, status: 'ok', detail: folder };
      const fix = `Install it: ${vmInstallCommand(name, folder)}`;
      return { name, status: 'warn', detail: `not installed; agents with \`driver: ${name}\` need it`, fix };
    });
  } catch (error) {
    if (isAppError(error, 'host.unreachable')) return [];
    throw error;
  }
}

function lastLine(error: unknown): string {
  const said = textField(error, 'stderr');
  const text = said.trim() === '' ? errorMessage(error) : said;
  return text.trim().split('\n').at(-1) ?? '';
}
