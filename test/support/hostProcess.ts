import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { readEndpoint } from '../../src/client/endpointDiscovery.js';
import { connectEndpoint, type HostClient } from '../../src/client/hostClient.js';
import { ensureHost, type LaunchOptions } from '../../src/client/hostLauncher.js';
import { bundledPrograms, bundlePrograms, programsFolder, programsIn, type Programs } from './bundledPrograms.ts';
import { tempDirectory, type CleanUps } from './tempDirectory.ts';

export type { Programs };

/** The programs of the present sources: those that the suite bundled, or with `version` ones that call themselves something else. */
export async function buildPrograms({ version }: { readonly version?: string } = {}): Promise<Programs> {
  const bundled = process.env[bundledPrograms];
  if (bundled !== undefined && version === undefined) return programsIn(bundled);
  const folder = programsFolder();
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return await bundlePrograms(folder, version);
}

/** What one call of `muster` did. */
interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface CliCall {
  readonly cwd?: string;
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with the process, to signal it or to end its output. */
  readonly onStart?: (child: ReturnType<typeof spawn>) => void;
  readonly programs?: Programs;
}

/** A state directory of its own for one test, with the host that is started in it; both are gone after the test. */
export interface TestHome {
  readonly stateDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs `muster` in this home. */
  muster(args: readonly string[], call?: CliCall): Promise<CliResult>;
  /** The same with `--json`, its output parsed; throws when it failed. */
  musterJson(args: readonly string[], call?: CliCall): Promise<unknown>;
  /** Connects to the host of this home, which is started when there is none. */
  connect(options?: Partial<LaunchOptions>): Promise<HostClient>;
  /** Pid of the running host, or undefined. */
  hostPid(): Promise<number | undefined>;
  /** Kills the host as a crash would. */
  killHost(): Promise<void>;
}

/**
 * Makes a {@link TestHome}. `stateDir` is used as it is when given; `env` is added to every program's environment; it lives as long as the
 * test, or until `cleanUps` says.
 */
export function testHome(
  programs: Programs,
  {
    stateDir,
    env: more = {},
    cleanUps = onTestFinished,
  }: {
    readonly stateDir?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly cleanUps?: CleanUps;
  } = {},
): TestHome {
  const root = tempDirectory(undefined, cleanUps);
  const home = join(root, 'user');
  const state = stateDir ?? join(root, 'state');
  mkdirSync(home);
  writeFileSync(
    join(home, 'gitconfig'),
    '[user]\n\tname = Test\n\temail = test@example.com\n[init]\n\tdefaultBranch = main\n',
  );
  const env = {
    PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
    HOME: home,
    MUSTER_HOME: state,
    MUSTER_IDLE_EXIT_MS: '30000',
    GIT_CONFIG_GLOBAL: join(home, 'gitconfig'),
    GIT_CONFIG_SYSTEM: '/dev/null',
    LANG: 'C.UTF-8',
    ...more,
  };
  const clients: HostClient[] = [];
  const pids = new Set<number>();

  const hostPid = async (): Promise<number | undefined> => {
    const discovery = await readEndpoint(state);
    if (discovery.kind !== 'found') return undefined;
    pids.add(discovery.endpoint.pid);
    return discovery.endpoint.pid;
  };
  const killHost = async (): Promise<void> => {
    const pid = await hostPid();
    if (pid === undefined) return;
    kill(pid);
    while (isAlive(pid)) await new Promise(resolve => setTimeout(resolve, 5));
  };
  cleanUps(async () => {
    for (const client of clients) client.dispose();
    await killHost();
    for (const pid of pids) kill(pid);
  });

  const muster = async (args: readonly string[], call: CliCall = {}): Promise<CliResult> => {
    const result = await runProgram({
      ...call,
      args,
      env: { ...env, ...call.env },
      programs: call.programs ?? programs,
    });
    await hostPid();
    return result;
  };
  return {
    stateDir: state,
    env,
    muster,
    musterJson: async (args, call) => {
      const result = await muster([...args, '--json'], call);
      if (result.status !== 0) throw new Error(`muster ${args.join(' ')}: ${result.status} ${result.stderr}`);
      return JSON.parse(result.stdout) as unknown;
    },
    connect: async (options = {}) => {
      const client = await ensureHost({
        stateDir: state,
        hostBundle: programs.host,
        env,
        signal: new AbortController().signal,
        connect: connectEndpoint,
        ...options,
      });
      pids.add(client.endpoint.pid);
      clients.push(client);
      return client;
    },
    hostPid,
    killHost,
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** A zombie whose parent has not looked yet is dead. */
function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return false;
  }
}

async function runProgram({
  args,
  env,
  programs,
  cwd,
  input,
  onStart,
}: CliCall & { readonly args: readonly string[]; readonly programs: Programs }): Promise<CliResult> {
  const child = spawn(process.execPath, [programs.cli, ...args], {
    cwd: cwd ?? env?.['HOME'],
    env: { ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? '');
  onStart?.(child);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return {
    status,
    stdout: Buffer.concat(stdout).toString('utf8'),
    stderr: Buffer.concat(stderr).toString('utf8'),
  };
}

/** A repository with one commit on `main`. Files by path, relative to it. */
export function testRepository(
  files: Readonly<Record<string, string>> = {},
  { name = 'repo', cleanUps = onTestFinished }: { readonly name?: string; readonly cleanUps?: CleanUps } = {},
): string {
  const folder = join(tempDirectory(undefined, cleanUps), name);
  mkdirSync(folder, { recursive: true });
  for (const [path, text] of Object.entries({ 'README.md': '# Test\n', ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const git = (...args: readonly string[]): void => {
    const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com'];
    execFileSync('git', [...identity, ...args], { cwd: folder, stdio: 'pipe' });
  };
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-q', '-m', 'First');
  return folder;
}
