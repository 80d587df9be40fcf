import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Figure } from '../../src/build/benchFigures.ts';
import { signedToken } from '../../src/host/facade/signedToken.ts';
import { claimsOf, facadeVariables, newKey } from '../support/facadeTokens.ts';
import { startBenchHost, type BenchHost } from './benchHost.js';
import { percentile } from './figures.js';

const rounds = 300;
const streamedMB = 128;
const transfers = 5;
/** Agents at work at the same time; each hears some hundred times what a model says in a second. */
const streams = 20;

/** An agent that leaves the address and the token of its models in its worktree and waits. */
const compose = `
name: bench
providers:
  idle:
    command: sh
    args: [-c, 'printf "%s %s" "$ANTHROPIC_BASE_URL" "$ANTHROPIC_AUTH_TOKEN" > where.new && mv where.new where && sleep 600']
    input: stdin
    output: {format: text}
    permissions: auto
agents:
  idle: {provider: idle, llm: facade}
`;

/** What going through the host costs a call of a model: the same upstream, the same client, one after the other. */
export async function measure(): Promise<readonly Figure[]> {
  const upstream = fork('./test/bench/modelUpstream.ts', { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [direct] = (await once(upstream, 'message')) as [string];
  const relay = fork('./test/bench/bareRelay.ts', [direct], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [bare] = (await once(relay, 'message')) as [string];
  const upstreams = { anthropic: { endpoint: direct, key_command: 'echo bench-key' } };
  const prepareState = (stateDir: string): void =>
    writeFileSync(join(stateDir, 'models.json'), JSON.stringify({ upstreams }));
  const host = await startBenchHost(compose, { prepareState });
  const far = await startFarFacade(direct);
  try {
    const { url, token } = await placeOf(host);
    const agent = new Agent({ keepAlive: true });
    const ways = [
      { base: direct, key: 'bench-key', agent },
      { base: url, key: token, agent },
      { base: far.base, key: far.token, agent },
    ] as const;
    const throughRelay = { base: bare, key: 'bench-key', agent };
    const first: [number[], number[], number[]] = [[], [], []];
    // In turns, so that all see the same machine.
    for (let round = 0; round < rounds; round++) {
      for (const [index, way] of ways.entries()) first[index]?.push((await call(way, 'small')).firstMs);
    }
    const paced: [number[], number[]] = [[], []];
    const rates: [number[], number[]] = [[], []];
    const bareRates: number[] = [];
    for (let round = 0; round < transfers; round++) {
      for (const [index, way] of ways.slice(0, 2).entries()) {
        const began = performance.now();
        const answers = await Promise.all(Array.from({ length: streams }, () => call(way, 'paced')));
        paced[index]?.push(megabytesPerSecond(answers, performance.now() - began));
        const large = await call(way, 'large');
        rates[index]?.push(megabytesPerSecond([large], large.totalMs));
      }
      const piped = await call(throughRelay, 'large');
      bareRates.push(megabytesPerSecond([piped], piped.totalMs));
    }
    const [directPace, hostPace] = [percentile(paced[0], 0.5), percentile(paced[1], 0.5)];
    const [directRate, hostRate] = [percentile(rates[0], 0.5), percentile(rates[1], 0.5)];
    const bareRate = percentile(bareRates, 0.5);
    const warm = first.map(samples => samples.slice(20));
    const [directFirst, hostFirst, farFirst] = warm.map(samples => percentile(samples, 0.5));
    return [
      {
        name: 'model call through the host, added to the first streamed byte, p50',
        value: (hostFirst ?? Number.NaN) - (directFirst ?? Number.NaN),
        unit: 'ms',
        budget: 2,
        note: `${rounds} calls each way in turns; direct ${directFirst?.toFixed(2)} ms`,
      },
      {
        name: 'model call through `muster facade`, added to the first streamed byte, p50',
        value: (farFirst ?? Number.NaN) - (directFirst ?? Number.NaN),
        unit: 'ms',
        budget: 2,
        note: 'with a signed token that is verified for each call',
      },
      {
        name: `${streams} streams through the host, share of direct throughput that is missing`,
        value: Math.max(0, 100 * (1 - hostPace / directPace)),
        unit: '%',
        budget: 10,
        note: `direct ${directPace.toFixed(1)} MB/s in all, through the host ${hostPace.toFixed(1)} MB/s`,
      },
      {
        name: 'one stream that says all it can, share of what a bare relay carries that is missing',
        value: Math.max(0, 100 * (1 - hostRate / bareRate)),
        unit: '%',
        budget: 10,
        note: `${streamedMB} MB; through the host ${hostRate.toFixed(0)} MB/s, through a process that only pipes ${bareRate.toFixed(0)} MB/s, direct ${directRate.toFixed(0)} MB/s (two processes at work instead of three)`,
      },
    ];
  } finally {
    await host.stop();
    far.stop();
    upstream.kill();
    relay.kill();
  }
}

/** The facade as a process of its own, with a token that it believes. */
async function startFarFacade(upstream: string) {
  const key = newKey();
  const env = { ...process.env, ...facadeVariables({ keys: [key], upstream }) };
  const child = spawn(process.execPath, ['dist/cli.js', 'facade'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { models } = JSON.parse(line) as { models: number };
  const base = `http://127.0.0.1:${models}/anthropic`;
  return { base, token: signedToken(claimsOf(key), key), stop: () => void child.kill('SIGKILL') };
}

async function placeOf(host: BenchHost): Promise<{ readonly url: string; readonly token: string }> {
  const { threadId } = await host.client.threads.dispatch({ folder: host.repository, agent: 'idle', prompt: 'Wait' });
  for (;;) {
    const { thread } = await host.client.threads.getThread({ threadId });
    const file = join(thread?.worktree ?? '', 'where');
    if (thread?.worktree && existsSync(file)) {
      const [url = '', token = ''] = readFileSync(file, 'utf8').split(' ');
      return { url, token };
    }
    if (thread?.latestRun?.error) throw new Error(thread.latestRun.error.message);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

function megabytesPerSecond(answers: readonly { readonly bytes: number }[], ms: number): number {
  return answers.reduce((sum, { bytes }) => sum + bytes, 0) / 1000 / ms;
}

interface Way {
  readonly base: string;
  readonly key: string;
  readonly agent: Agent;
}

async function call({ base, key, agent }: Way, model: 'small' | 'paced' | 'large') {
  const body = JSON.stringify({
    model,
    stream: true,
    messages: [{ role: 'user', content: 'x'.repeat(20_000) }],
    size: streamedMB,
  });
  const began = performance.now();
  let firstMs = 0;
  let bytes = 0;
  const headers = { 'content-type': 'application/json', 'x-api-key': key, 'content-length': Buffer.byteLength(body) };
  await new Promise<void>((resolve, reject) => {
    const sent = request(`${base}/v1/messages`, { method: 'POST', headers, agent }, answer => {
      if (answer.statusCode !== 200) reject(new Error(`The call was answered with ${answer.statusCode}`));
      answer.on('data', (chunk: Buffer) => {
        if (bytes === 0) firstMs = performance.now() - began;
        bytes += chunk.length;
      });
      answer.once('end', () => resolve());
      answer.once('error', reject);
    });
    sent.once('error', reject);
    sent.end(body);
  });
  return { firstMs, totalMs: performance.now() - began, bytes };
}
