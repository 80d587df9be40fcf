import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { deferred } from '../../src/base/async.js';
import type { Figure } from '../../src/build/benchFigures.ts';
import { spread } from './figures.js';
import { firstFiles } from '../../src/drivers/process/spareRunFolders.js';
import { ShellSpawner } from '../../src/drivers/process/shellSpawner.js';
import { runFiles } from '../../src/node/runFiles.js';
import { shellWrapper } from '../../src/node/shellWrapper.js';
import { startBenchHost, type BenchHost } from './benchHost.js';

const rounds = 60;
/** Longer than a look at the person's checkout is shared by runs that begin one after the other. */
const pauseMs = 2_200;
const pauses = 12;

/** An agent that says when it began, in nanoseconds since the epoch, and ends at once: one program, so that nobody's but its own start is measured; and one that says when it ended. */
const compose = `
name: bench
providers:
  clock:
    command: date
    args: ['+%s%N']
    input: stdin
    output: {format: text}
    permissions: auto
  late:
    command: sh
    args: [-c, 'date +%s%N; sleep 0.05; date +%s%N >&2']
    input: stdin
    output: {format: text}
    permissions: auto
agents:
  clock: {provider: clock}
  late: {provider: late}
`;

/**
 * Dispatch to the agent's first instruction, its end to a waiting client, and the call itself. *Workspace ready*: the thread
 * has its worktree, as with a follow-up; what is in the figure is the call over the socket, the checks, two transactions, the look whether
 * the worktree is the one that was made, the note of the person's refs, environment, command line, the run's folder, the order to
 * the shell that starts processes, the wrapper, and the agent's own `exec`. *New worktree*: all of that, and git making one.
 */
export async function measure(): Promise<readonly Figure[]> {
  const host = await startBenchHost(compose, { unwatched: true });
  try {
    const { threadId } = await once(host);
    const warm: Sample[] = [];
    const cold: Sample[] = [];
    for (let round = 0; round < rounds; round++) {
      warm.push(await once(host, threadId));
      cold.push(await once(host));
    }
    const late: Sample[] = [];
    for (let round = 0; round < rounds; round++) late.push(await once(host, threadId, 'late'));
    const alone: Sample[] = [];
    for (let round = 0; round < pauses; round++) {
      await setTimeout(pauseMs);
      alone.push(await once(host, threadId));
    }
    return [
      ...spread('dispatch → agent process started, workspace ready', startedOf(warm), { p50: 8, p99: 25 }),
      ...spread(
        'dispatch → agent process started, workspace ready, after a pause (the checkout is looked at first)',
        startedOf(alone),
        {},
      ),
      ...spread('of that: order → agent process started, without a host', await bareStarts(), {}),
      ...spread('dispatch → agent process started, new worktree of a small repository', startedOf(cold), {}),
      ...spread(
        'agent exit → waiting client knows',
        late.map(sample => sample.waitedMs),
        { p99: 12 },
      ),
      ...spread(
        'dispatch call → answer',
        warm.map(sample => sample.answeredMs),
        {},
      ),
    ];
  } finally {
    await host.stop();
  }
}

interface Sample {
  readonly threadId: string;
  readonly startedMs: number;
  readonly waitedMs: number;
  readonly answeredMs: number;
}

/** What the system takes to start the same agent through the same shell and wrapper, for somebody who does nothing else. */
async function bareStarts(): Promise<readonly number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-bench-'));
  const spawner = new ShellSpawner('/bin/sh');
  spawner.prepare();
  const env = { PATH: process.env['PATH'] ?? '' };
  const took: number[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      const run = join(folder, `${round}`);
      mkdirSync(run);
      for (const [name, contents] of firstFiles) writeFileSync(join(run, name), contents);
      const began = now();
      await spawner.start({
        cwd: folder,
        env,
        program: shellWrapper,
        args: ['bench', run, '/dev/null', '/usr/bin/date', '+%s%N'],
      });
      while (readFileSync(join(run, runFiles.exit), 'utf8').trim() === '') await setTimeout(5);
      took.push(Number(readFileSync(join(run, runFiles.stdout), 'utf8')) / 1e6 - began);
    }
  } finally {
    spawner.dispose();
    rmSync(folder, { recursive: true });
  }
  return took;
}

function startedOf(samples: readonly Sample[]): readonly number[] {
  return samples.map(sample => sample.startedMs);
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

async function once(host: BenchHost, threadId = '', agent = 'clock'): Promise<Sample> {
  const stop = new AbortController();
  // As in a window: what is there already was told long ago.
  const settled = await waitForEnd(host, stop.signal);
  const begin = now();
  const dispatched = await host.client.threads.dispatch({
    folder: threadId === '' ? host.repository : '',
    agent,
    prompt: 'Say the time',
    threadId,
  });
  const answered = now();
  const at = await settled(dispatched.runId);
  stop.abort();
  // The snapshot of this round would compete with the next one. A list waits for it; asking for the thread would also begin to
  // find out what merging it comes to.
  await host.client.threads.listThreads({ limit: 1 });
  const directory = join(host.stateDir, 'runs', dispatched.runId);
  const startedAt = Number(readFileSync(join(directory, 'stdout.ndjson'), 'utf8')) / 1e6;
  const endedAt = Number(readFileSync(join(directory, 'stderr.log'), 'utf8')) / 1e6;
  return {
    threadId: dispatched.threadId,
    startedMs: startedAt - begin,
    waitedMs: at - (endedAt === 0 ? startedAt : endedAt),
    answeredMs: answered - begin,
  };
}

/** Watches as `muster wait` does; returns when a run's end was told. */
async function waitForEnd(host: BenchHost, signal: AbortSignal): Promise<(run: string) => Promise<number>> {
  const there = deferred<void>();
  const ended = new Map<string, number>();
  const waiting = new Map<string, (at: number) => void>();
  void (async () => {
    try {
      for await (const { update } of host.client.events.watch({}, { signal })) {
        if (update.case !== 'changes' && update.case !== 'snapshot') continue;
        there.resolve();
        for (const { latestRun } of update.value.threads) {
          if (!latestRun || latestRun.endedAt === 0n || ended.has(latestRun.id)) continue;
          ended.set(latestRun.id, now());
          waiting.get(latestRun.id)?.(now());
        }
      }
    } catch (error) {
      there.reject(error);
      if (!signal.aborted) throw error;
    }
  })();
  await there.promise;
  return run =>
    new Promise(resolve => {
      const at = ended.get(run);
      if (at === undefined) waiting.set(run, resolve);
      else resolve(at);
    });
}
