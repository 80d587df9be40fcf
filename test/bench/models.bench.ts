import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import type { Figure } from '../../src/build/benchFigures.ts';
import { startBenchHost, type BenchHost } from './benchHost.js';
import { percentile } from './figures.js';

const rounds = 300;
const streamedMB = 128;
const transfers = 5;

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
  const upstreams = { anthropic: { endpoint: direct, key_command: 'echo bench-key' } };
  const prepareState = (stateDir: string): void =>
    writeFileSync(join(stateDir, 'models.json'), JSON.stringify({ upstreams }));
  const host = await startBenchHost(compose, { prepareState });
  try {
    const { url, token } = await placeOf(host);
    const agent = new Agent({ keepAlive: true });
    const ways = [
      { base: direct, key: 'bench-key', agent },
      { base: url, key: token, agent },
    ] as const;
    const first: [number[], number[]] = [[], []];
    // In turns, so that both see the same machine.
    for (let round = 0; round < rounds; round++) {
      for (const [index, way] of ways.entries()) first[index]?.push((await call(way, 'small')).firstMs);
    }
    const rates: [number[], number[]] = [[], []];
    for (let round = 0; round < transfers; round++) {
      for (const [index, way] of ways.entries()) {
        const { totalMs, bytes } = await call(way, 'large');
        rates[index]?.push(bytes / 1e6 / (totalMs / 1000));
      }
    }
    const [directRate, facadeRate] = [percentile(rates[0], 0.5), percentile(rates[1], 0.5)];
    const warm = first.map(samples => samples.slice(20));
    const added = percentile(warm[1] ?? [], 0.5) - percentile(warm[0] ?? [], 0.5);
    const note = `${rounds} calls each way, one after the other; direct ${percentile(warm[0] ?? [], 0.5).toFixed(2)} ms`;
    return [
      {
        name: 'model call through the host, added to the first streamed byte, p50',
        value: added,
        unit: 'ms',
        budget: 2,
        note,
      },
      {
        name: 'model call through the host, share of direct throughput that is missing',
        value: Math.max(0, 100 * (1 - facadeRate / directRate)),
        unit: '%',
        budget: 10,
        note: `${streamedMB} MB streams; direct ${directRate.toFixed(0)} MB/s, through the host ${facadeRate.toFixed(0)} MB/s`,
      },
    ];
  } finally {
    await host.stop();
    upstream.kill();
  }
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

interface Way {
  readonly base: string;
  readonly key: string;
  readonly agent: Agent;
}

async function call({ base, key, agent }: Way, model: 'small' | 'large') {
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
