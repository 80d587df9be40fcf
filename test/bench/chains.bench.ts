import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Figure } from '../../src/build/benchFigures.ts';
import { connectHost, type HostClient } from '../../src/client/hostClient.js';
import { startBenchHost, type BenchHost } from './benchHost.js';
import { spread } from './figures.js';

const reviewers = 19;
const waiters = 50;
const rounds = 10;
const chainRounds = 3;
const starts = 20;

const names = Array.from({ length: reviewers }, (_, n) => `reviewer${n + 1}`);

/** An author whose work 19 agents look at one after the other; `clock` says in nanoseconds when it ended. */
const compose = `
name: bench
limits: {concurrency: 4}
providers:
  author: {command: sh, args: [-c, 'echo ok > made.txt; echo Done.'], output: {format: text}}
  critic: {command: sh, args: [-c, 'echo Fine.; echo "VERDICT: approve"'], output: {format: text}}
  clock: {command: sh, args: [-c, 'date +%s%N'], output: {format: text}}
agents:
  dev: {provider: author, handoff: {on_response: [${names.join(', ')}], max_depth: 20}}
  clock: {provider: clock}
${names.map(name => `  ${name}: {provider: critic, workspace: {provider: thread, access: read}}`).join('\n')}
`;

/** A chain of 20 agents from the dispatch to the last verdict, and how late the last of 50 clients hears of an end. */
export async function measure(): Promise<readonly Figure[]> {
  const host = await startBenchHost(compose);
  try {
    const chains: number[] = [];
    for (let round = 0; round < chainRounds; round++) chains.push(await oneChain(host));
    const started = await startsOf(host);
    const late = await waitTogether(host);
    return [
      // compas looks for new messages once a second: half of one on average, and a whole one at worst.
      ...spread('dispatch → agent at work', started, { p50: 500, p99: 1000 }),
      {
        name: 'chain of 20 agents: dispatch → approved',
        value: median(chains),
        unit: 'ms',
        note: `median of ${chainRounds}`,
      },
      {
        name: 'chain of 20 agents: each hand-off',
        value: median(chains) / (reviewers + 1),
        unit: 'ms',
        note: 'commit, verdict and start of the next included',
      },
      ...spread(`agent exit → the last of ${waiters} waiting clients knows`, late, {}),
    ];
  } finally {
    await host.stop();
  }
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function oneChain({ client, repository }: BenchHost): Promise<number> {
  const stop = new AbortController();
  const begin = now();
  const { threadId } = await client.threads.dispatch({ folder: repository, agent: 'dev', prompt: 'Make a file' });
  for await (const { update } of client.events.watch({}, { signal: stop.signal })) {
    if (update.case !== 'changes' && update.case !== 'snapshot') continue;
    const thread = update.value.threads.find(({ id }) => id === threadId);
    if (thread?.chain?.state === 'approved' && thread.status === 'ready') break;
    if (thread?.status === 'needs_you' || thread?.status === 'failed') throw new Error(thread.needs);
  }
  stop.abort();
  return now() - begin;
}

/** From the call to the first line of the agent, on a thread that has its worktree; one after the other. */
async function startsOf({ client, repository, stateDir }: BenchHost): Promise<readonly number[]> {
  const request = { folder: repository, agent: 'clock', prompt: 'Say the time' };
  const { threadId } = await client.threads.dispatch(request);
  const took: number[] = [];
  for (let round = 0; round <= starts; round++) {
    await settledOn(client, threadId);
    const begin = now();
    const { runId } = await client.threads.dispatch({ ...request, threadId });
    await settledOn(client, threadId);
    took.push(clockOf(stateDir, runId) - begin);
  }
  return took.slice(1);
}

async function settledOn(client: HostClient, threadId: string): Promise<void> {
  const stop = new AbortController();
  for await (const { update } of client.events.watch({}, { signal: stop.signal })) {
    if (update.case !== 'changes' && update.case !== 'snapshot') continue;
    if (update.value.threads.find(({ id }) => id === threadId)?.status === 'ready') break;
  }
  stop.abort();
}

/** What the agent `clock` said, in milliseconds. */
function clockOf(stateDir: string, runId: string): number {
  return Number(readFileSync(join(stateDir, 'runs', runId, 'stdout.ndjson'), 'utf8')) / 1e6;
}

/** How long after the agent's end the last client was told, once a round. */
async function waitTogether(host: BenchHost): Promise<readonly number[]> {
  const clients: HostClient[] = [];
  try {
    for (let n = 0; n < waiters; n++)
      clients.push(await connectHost({ stateDir: host.stateDir, signal: AbortSignal.timeout(10_000) }));
    const late: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const stop = new AbortController();
      const told = clients.map(client => followEnds(client, stop.signal));
      await Promise.all(told.map(({ ready }) => ready));
      const request = { folder: host.repository, agent: 'clock', prompt: 'Say the time' };
      const { runId } = await host.client.threads.dispatch(request);
      const times = await Promise.all(told.map(({ whenEnded }) => whenEnded(runId)));
      stop.abort();
      const at = clockOf(host.stateDir, runId);
      late.push(Math.max(...times) - at);
      await host.client.threads.listThreads({ limit: 1 });
    }
    return late;
  } finally {
    for (const client of clients) client.dispose();
  }
}

function followEnds(
  client: HostClient,
  signal: AbortSignal,
): { readonly ready: Promise<void>; whenEnded(run: string): Promise<number> } {
  const seen = new Map<string, number>();
  const own = new Map<string, (at: number) => void>();
  const { promise: ready, resolve: begun } = Promise.withResolvers<void>();
  void (async () => {
    try {
      for await (const { update } of client.events.watch({}, { signal })) {
        begun();
        if (update.case !== 'changes' && update.case !== 'snapshot') continue;
        for (const { latestRun: run } of update.value.threads) {
          if (!run || run.endedAt === 0n || seen.has(run.id)) continue;
          seen.set(run.id, now());
          own.get(run.id)?.(now());
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  })();
  return {
    ready,
    whenEnded: run =>
      new Promise(resolve => {
        const at = seen.get(run);
        if (at === undefined) own.set(run, resolve);
        else resolve(at);
      }),
  };
}
