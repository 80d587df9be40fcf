import { createWriteStream, globSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Figure } from '../../src/build/benchFigures.ts';
import { provideJupyter } from '../../src/build/provision/jupyter.ts';
import { startBenchHost, type BenchHost } from './benchHost.js';

const rounds = 300;
const downloads = 9;
const megabytes = 200;

const compose = `
name: bench
providers:
  sh: {command: sh, args: [-c, 'cat > task.txt'], input: stdin, output: {format: text}, permissions: auto}
agents:
  dev: {provider: sh}
`;

/** How a guest server is reached: through the host, or at its own socket. */
interface Way {
  readonly socket: string;
  readonly authorization: string;
}

/** A cell's way to the kernel and back, and large downloads, each directly and through the host's proxy. */
export async function measure(): Promise<readonly Figure[]> {
  const programs = await provideJupyter();
  const host = await startBenchHost(compose, {
    prepareState: stateDir => symlinkSync(dirname(programs), join(stateDir, 'jupyter')),
  });
  try {
    const { thread, worktree } = await readyThread(host);
    await host.client.notebooks.startNotebookServer({ threadId: thread });
    const ways = waysTo(host);
    const kernel = await startKernel(ways.direct, thread);
    const path = `/jupyter/${thread}/api/kernels/${kernel}/channels`;
    const direct = await openChannel(ways.direct, path);
    const proxied = await openChannel(ways.proxied, path);
    const times = { direct: [] as number[], proxied: [] as number[] };
    // By turns, so that a busy machine is busy for both.
    for (let round = 0; round < rounds; round++) {
      times.direct.push(await direct.execute());
      times.proxied.push(await proxied.execute());
    }
    direct.close();
    proxied.close();
    writeFileSync(join(worktree, 'large.bin'), Buffer.alloc(megabytes * 1024 * 1024, 7));
    const file = `/jupyter/${thread}/files/large.bin`;
    const toFile = await downloadByTurns(ways, file, () => createWriteStream(join(host.stateDir, 'downloaded.bin')));
    const toNowhere = await downloadByTurns(
      ways,
      file,
      () => new Writable({ write: (_bytes, _encoding, done) => done() }),
    );
    await host.client.notebooks.stopNotebookServer({ threadId: thread });
    const added = median(times.proxied) - median(times.direct);
    return [
      { name: 'execute → reply at the kernel’s own server, p50', value: median(times.direct), unit: 'ms' },
      { name: 'execute → reply through the host, p50', value: median(times.proxied), unit: 'ms' },
      { name: 'what the proxy adds to execute → reply, p50', value: added, unit: 'ms', budget: 2 },
      { name: 'download to a file, at the server', value: toFile.direct, unit: 'MB/s' },
      { name: 'download to a file, through the host', value: toFile.proxied, unit: 'MB/s' },
      { name: 'throughput that the proxy costs', value: toFile.costs, unit: '%', budget: 10 },
      { name: 'throughput that it costs a client that throws away what it gets', value: toNowhere.costs, unit: '%' },
    ];
  } finally {
    await host.stop();
  }
}

async function readyThread({
  client,
  repository,
}: BenchHost): Promise<{ readonly thread: string; readonly worktree: string }> {
  const { threadId } = await client.threads.dispatch({ folder: repository, agent: 'dev', prompt: 'Work' });
  for (;;) {
    const { thread } = await client.threads.getThread({ threadId });
    if (thread?.status === 'ready') return { thread: thread.id, worktree: thread.worktree };
    await pause(50);
  }
}

function waysTo({ client, stateDir }: BenchHost): { readonly direct: Way; readonly proxied: Way } {
  const [file = ''] = globSync(join(stateDir, 'notebooks/runs/*/settings.json'));
  const { socket, token } = JSON.parse(readFileSync(file, 'utf8')) as { socket: string; token: string };
  return {
    direct: { socket, authorization: `token ${token}` },
    proxied: { socket: client.endpoint.socket, authorization: `Bearer ${client.endpoint.token}` },
  };
}

async function startKernel(way: Way, thread: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const asking = request(
    {
      socketPath: way.socket,
      method: 'POST',
      path: `/jupyter/${thread}/api/kernels`,
      headers: { 'authorization': way.authorization, 'host': 'localhost', 'content-type': 'application/json' },
    },
    answer => {
      let text = '';
      answer.on('data', chunk => (text += String(chunk)));
      answer.on('end', () => resolve((JSON.parse(text) as { id: string }).id));
    },
  );
  asking.on('error', reject);
  asking.end('{}');
  return await promise;
}

/** A websocket to the kernel, which executes `1` and waits for the reply. */
async function openChannel(way: Way, path: string): Promise<{ execute(): Promise<number>; close(): void }> {
  const socket = new WebSocket(`ws://localhost${path}`, {
    headers: { authorization: way.authorization },
    createConnection: () => connect(way.socket),
    perMessageDeflate: false,
  });
  const waiting = new Map<string, () => void>();
  socket.on('message', data => {
    const message = JSON.parse((data as Buffer).toString('utf8')) as {
      header: { msg_type: string };
      parent_header: { msg_id?: string };
    };
    if (message.header.msg_type === 'execute_reply') waiting.get(message.parent_header.msg_id ?? '')?.();
  });
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
  let number = 0;
  const execute = async (): Promise<number> => {
    const id = `${path.length}-${Math.random().toString(36).slice(2)}-${++number}`;
    const replied = new Promise<void>(resolve => waiting.set(id, resolve));
    const began = performance.now();
    socket.send(
      JSON.stringify({
        channel: 'shell',
        header: { msg_id: id, msg_type: 'execute_request', session: 'bench', username: '', version: '5.3', date: '' },
        parent_header: {},
        metadata: {},
        content: { code: '1', silent: true, store_history: false, user_expressions: {}, allow_stdin: false },
      }),
    );
    await replied;
    return performance.now() - began;
  };
  await execute();
  return { execute, close: () => socket.close() };
}

/** Medians in megabytes a second, and what of them the proxy costs in percent. Server, host and client share the machine. */
async function downloadByTurns(
  ways: { readonly direct: Way; readonly proxied: Way },
  path: string,
  into: () => Writable,
): Promise<{ readonly direct: number; readonly proxied: number; readonly costs: number }> {
  const rates = { direct: [] as number[], proxied: [] as number[] };
  for (let round = 0; round < downloads; round++) {
    rates.direct.push(await download(ways.direct, path, into()));
    rates.proxied.push(await download(ways.proxied, path, into()));
  }
  const [direct, proxied] = [median(rates.direct), median(rates.proxied)];
  return { direct, proxied, costs: Math.max(0, 100 - (100 * proxied) / direct) };
}

/** Megabytes a second. */
async function download(way: Way, path: string, into: Writable): Promise<number> {
  const began = performance.now();
  let bytes = 0;
  await new Promise<void>((resolve, reject) => {
    request(
      { socketPath: way.socket, path, headers: { authorization: way.authorization, host: 'localhost' } },
      answer => {
        answer.on('data', (chunk: Buffer) => (bytes += chunk.length));
        pipeline(answer, into).then(resolve, reject);
      },
    )
      .on('error', reject)
      .end();
  });
  return bytes / 1024 / 1024 / ((performance.now() - began) / 1000);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
