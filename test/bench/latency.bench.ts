import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Figure } from '../../src/build/benchFigures.ts';
import { spread } from './figures.js';
import { startBenchHost, type BenchHost } from './benchHost.js';

const rounds = 60;

/** An agent that says when it began and ended, in nanoseconds since the epoch. */
const compose = `
name: bench
providers:
  clock:
    command: sh
    args: [-c, 'date +%s%N; date +%s%N >&2']
    input: stdin
    output: {format: text}
    permissions: auto
agents:
  clock: {provider: clock}
`;

/** Dispatch to the agent's first instruction, its end to a waiting client, and a commit to a watching client. */
export async function measure(): Promise<readonly Figure[]> {
  const host = await startBenchHost(compose);
  try {
    await once(host);
    const started: number[] = [];
    const waited: number[] = [];
    const told: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const sample = await once(host);
      started.push(sample.startedMs);
      waited.push(sample.waitedMs);
      told.push(...sample.toldMs);
    }
    return [
      ...spread('dispatch → agent process started, workspace made on the way', started, { p50: 8, p99: 25 }),
      ...spread('agent exit → waiting client knows', waited, { p99: 12 }),
      ...spread('dispatch call → answer', told, {}),
    ];
  } finally {
    await host.stop();
  }
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

async function once(
  host: BenchHost,
): Promise<{ readonly startedMs: number; readonly waitedMs: number; readonly toldMs: readonly number[] }> {
  const stop = new AbortController();
  const settled = waitForEnd(host, stop.signal);
  const begin = now();
  const { runId } = await host.client.threads.dispatch({
    folder: host.repository,
    agent: 'clock',
    prompt: 'Say the time',
  });
  const answered = now();
  const at = await settled(runId);
  stop.abort();
  const directory = join(host.stateDir, 'runs', runId);
  const startedAt = Number(readFileSync(join(directory, 'stdout.ndjson'), 'utf8')) / 1e6;
  const endedAt = Number(readFileSync(join(directory, 'stderr.log'), 'utf8')) / 1e6;
  return { startedMs: startedAt - begin, waitedMs: at - endedAt, toldMs: [answered - begin] };
}

/** Watches as `muster wait` does; returns when a run's end was told. */
function waitForEnd(host: BenchHost, signal: AbortSignal): (run: string) => Promise<number> {
  const ended = new Map<string, number>();
  const waiting = new Map<string, (at: number) => void>();
  void (async () => {
    try {
      for await (const { update } of host.client.events.watch({}, { signal })) {
        if (update.case !== 'changes' && update.case !== 'snapshot') continue;
        for (const { latestRun } of update.value.threads) {
          if (!latestRun || latestRun.endedAt === 0n || ended.has(latestRun.id)) continue;
          ended.set(latestRun.id, now());
          waiting.get(latestRun.id)?.(now());
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  })();
  return run =>
    new Promise(resolve => {
      const at = ended.get(run);
      if (at === undefined) waiting.set(run, resolve);
      else resolve(at);
    });
}
