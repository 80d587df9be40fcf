import { connect, type Socket } from 'node:net';
import { createClient, type Client } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import type { Figure } from '../../src/build/benchFigures.ts';
import { connectEndpoint } from '../../src/client/hostClient.js';
import { remoteEndpoint } from '../../src/client/remoteEndpoint.js';
import { EventService } from '../../src/protocol/gen/muster/v1/events_pb.js';
import { answered, recordedRequest } from '../support/recordedRequest.ts';
import { processorMs, residentMB, startBenchHost, type BenchHost } from './benchHost.js';
import { percentile, spread } from './figures.js';

const calls = 2_000;
const watcherCount = 1_000;
const rounds = 10;
const idleCount = 10_000;

const compose = `
name: bench
providers:
  quick: {command: 'true', input: file, output: {format: text}}
agents:
  quick: {provider: quick}
`;

/**
 * A host on the network. *Call*: one that reads little, over TCP with a token, and over the socket beside it. *Watchers*: each has a
 * connection of its own, as a window has; from the moment that a thread was made until a watcher, all of them in one process, has it.
 */
export async function measure(): Promise<readonly Figure[]> {
  const host = await startBenchHost(compose, { listening: true, unwatched: true });
  try {
    const { url } = await host.client.host.getStatus({});
    const { text: token } = await host.client.access.createToken({ name: 'bench', scope: 'operate' });
    const remote = await connectEndpoint(remoteEndpoint(url, token), { signal: AbortSignal.timeout(20_000) });
    const overTcp = await timed(() => remote.projects.listProjects({}));
    const overSocket = await timed(() => host.client.projects.listProjects({}));
    remote.dispose();
    return [
      ...spread('call over TCP with a token', overTcp, {}),
      ...spread('the same call over the socket', overSocket, {}),
      ...(await watchers(host, { url, token })),
      ...(await idle(host, { url, token })),
    ];
  } finally {
    await host.stop();
  }
}

async function timed(call: () => Promise<unknown>): Promise<readonly number[]> {
  for (let round = 0; round < 200; round++) await call();
  const took: number[] = [];
  for (let round = 0; round < calls; round++) {
    const began = performance.now();
    await call();
    took.push(performance.now() - began);
  }
  return took;
}

async function watchers(
  { client, pid, repository }: BenchHost,
  { url, token }: { readonly url: string; readonly token: string },
): Promise<readonly Figure[]> {
  const before = residentMB(pid);
  const over = new AbortController();
  /** After how many milliseconds each watcher has heard of a thread. */
  const heard = new Map<string, number[]>();
  const watching: Promise<void>[] = [];
  const open = async (): Promise<void> => {
    const ready = Promise.withResolvers<void>();
    watching.push(follow(eventsOver(url, token), { heard, signal: over.signal, ready: ready.resolve }));
    await ready.promise;
  };
  for (let count = 0; count < watcherCount; count += 50) await Promise.all(Array.from({ length: 50 }, open));
  const withAll = residentMB(pid);
  const workBefore = processorMs(pid);
  const delays: number[] = [];
  const lasts: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { threadId } = await client.threads.dispatch({
      folder: repository,
      agent: 'quick',
      prompt: `Round ${round}`,
    });
    while ((heard.get(threadId)?.length ?? 0) < watcherCount) await new Promise(resolve => setTimeout(resolve, 5));
    const took = heard.get(threadId) ?? [];
    delays.push(...took);
    lasts.push(Math.max(...took));
  }
  const worked = processorMs(pid) - workBefore;
  over.abort();
  await Promise.allSettled(watching);
  return [
    ...spread(`change → each of ${watcherCount} watchers`, delays, {}),
    { name: `change → the last of ${watcherCount} watchers, p50`, value: percentile(lasts, 0.5), unit: 'ms' },
    // A dispatch is several changes, of which the watchers hear two to four.
    { name: `processor of the host per dispatch with ${watcherCount} watchers`, value: worked / rounds, unit: 'ms' },
    { name: 'memory of the host per watcher', value: ((withAll - before) * 1024) / watcherCount, unit: 'kB' },
  ];
}

/** Connections of windows that were let in and do nothing, as many as a listener has to hold, and a call beside them. */
async function idle(
  { pid }: BenchHost,
  { url, token }: { readonly url: string; readonly token: string },
): Promise<readonly Figure[]> {
  const { host, hostname, port } = new URL(url);
  const request = await recordedRequest(
    {
      ':method': 'POST',
      ':path': '/muster.v1.ProjectService/ListProjects',
      ':authority': host,
      'authorization': `Bearer ${token}`,
      'content-type': 'application/json',
    },
    '{}',
  );
  const before = residentMB(pid);
  const open: Socket[] = [];
  for (let count = 0; count < idleCount; count += 500) {
    const wave = Array.from({ length: 500 }, () => connect(Number(port), hostname));
    open.push(...wave);
    for (const socket of wave) socket.write(request);
    await Promise.all(wave.map(answered));
  }
  const withAll = residentMB(pid);
  const remote = await connectEndpoint(remoteEndpoint(url, token), { signal: AbortSignal.timeout(20_000) });
  const beside = await timed(() => remote.projects.listProjects({}));
  remote.dispose();
  const kept = open.filter(({ readyState }) => readyState === 'open').length;
  for (const socket of open) socket.destroy();
  return [
    { name: `idle connections held, of ${idleCount}`, value: kept, unit: '' },
    { name: 'memory of the host per idle connection', value: ((withAll - before) * 1024) / idleCount, unit: 'kB' },
    ...spread('call over TCP beside them', beside, {}),
  ];
}

function eventsOver(baseUrl: string, token: string): Client<typeof EventService> {
  const transport = createConnectTransport({
    httpVersion: '2',
    baseUrl,
    interceptors: [
      next => request => {
        request.header.set('authorization', `Bearer ${token}`);
        return next(request);
      },
    ],
  });
  return createClient(EventService, transport);
}

async function follow(
  events: Client<typeof EventService>,
  {
    heard,
    signal,
    ready,
  }: { readonly heard: Map<string, number[]>; readonly signal: AbortSignal; readonly ready: () => void },
): Promise<void> {
  const known = new Set<string>();
  for await (const { update } of events.watch({}, { signal })) {
    const at = Date.now();
    if (update.case === 'snapshot') ready();
    if (update.case !== 'changes') continue;
    for (const { id, createdAt } of update.value.threads) {
      if (known.has(id)) continue;
      known.add(id);
      const times = heard.get(id) ?? [];
      heard.set(id, times);
      times.push(at - Number(createdAt));
    }
  }
}
