import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostNodeOptions } from '../../src/client/hostArguments.js';
import { connectHost, type HostClient } from '../../src/client/hostClient.js';

/** A host of its own in a temporary directory, and a repository with agents that are plain shell commands. */
export interface BenchHost {
  readonly client: HostClient;
  readonly pid: number;
  readonly stateDir: string;
  readonly repository: string;
  /** Milliseconds from spawn to the first answer. */
  readonly startMs: number;
  /** Ends the host and returns what it says of its own event loop. */
  stop(): Promise<{ readonly eventLoopP99Ms: number }>;
}

/** Environment of everything a bench starts: no configuration of the person who runs it. */
export function benchEnvironment(home: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    HOME: home,
    GIT_CONFIG_GLOBAL: join(home, '.gitconfig'),
    GIT_CONFIG_SYSTEM: '/dev/null',
    SHELL: '/bin/sh',
  };
}

/** Makes an empty home directory with an identity for git. */
export function makeHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'muster-bench-'));
  writeFileSync(
    join(home, '.gitconfig'),
    '[user]\n\tname = Bench\n\temail = bench@example.com\n[init]\n\tdefaultBranch = main\n[gc]\n\tauto = 0\n',
  );
  return home;
}

export interface BenchHostOptions {
  /** Fills the state directory before the host starts. */
  readonly prepareState?: (stateDir: string) => void;
  /** Measure nothing inside the host: the event loop's monitor keeps it busy. */
  readonly unwatched?: boolean;
  /** Listen on a port of the loopback interface as well. */
  readonly listening?: boolean;
}

/** Starts a measured host; `compose` describes its agents. */
export async function startBenchHost(compose: string, options: BenchHostOptions = {}): Promise<BenchHost> {
  const home = makeHome();
  const stateDir = join(home, 'state');
  const repository = join(home, 'shop');
  mkdirSync(stateDir, { mode: 0o700 });
  mkdirSync(repository);
  options.prepareState?.(stateDir);
  const env = {
    ...benchEnvironment(home),
    MUSTER_HOME: stateDir,
    ...(options.unwatched ? { MUSTER_BENCH_UNWATCHED: '1' } : {}),
    ...(options.listening ? { MUSTER_BENCH_LISTENING: '1' } : {}),
  };
  writeFileSync(join(repository, 'agent-compose.yml'), compose);
  for (const args of [
    ['init', '-q'],
    ['add', '-A'],
    ['commit', '-qm', 'Begin'],
  ])
    execFileSync('git', args, { cwd: repository, env });
  const began = performance.now();
  const host = spawn(process.execPath, [...hostNodeOptions, './test/bench/measuredHost.mjs'], {
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const client = await connectWhenReady(stateDir, host);
  const startMs = performance.now() - began;
  await client.projects.applyProject({ file: join(repository, 'agent-compose.yml'), consent: true });
  return {
    client,
    stateDir,
    repository,
    startMs,
    pid: host.pid ?? 0,
    async stop() {
      const report = new Promise<{ eventLoopP99Ms: number }>((resolve, reject) => {
        host.once('message', message => {
          const value =
            typeof message === 'object' && 'eventLoopP99Ms' in message ? Number(message.eventLoopP99Ms) : Number.NaN;
          resolve({ eventLoopP99Ms: value });
        });
        host.once('exit', () => reject(new Error('The host ended without a report')));
      });
      await client.host.shutdown({ reason: 'the bench is done' });
      const result = await report;
      client.dispose();
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
      return result;
    },
  };
}

async function connectWhenReady(stateDir: string, host: ChildProcess): Promise<HostClient> {
  await new Promise<void>((resolve, reject) => {
    host.once('message', () => resolve());
    host.once('exit', code => reject(new Error(`The host ended with ${code}`)));
  });
  return await connectHost({ stateDir, signal: AbortSignal.timeout(20_000) });
}

/** Resident memory of a process in megabytes. */
export function residentMB(pid: number): number {
  const kB = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kB) / 1024;
}

/** Processor time that a process has used, in milliseconds. */
export function processorMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
