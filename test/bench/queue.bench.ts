import type { Figure } from '../../src/build/benchFigures.ts';
import { residentMB, startBenchHost, type BenchHost } from './benchHost.js';
import { spread } from './figures.js';

const queued = 10_000;
/** People and programs that dispatch at the same time. */
const clients = 20;
const rounds = 40;

/** Agents of which each works on one task at a time, in a host that has room for many more. */
const agents = 10;
const compose = `
name: bench
limits: {concurrency: 1000}
providers:
  sleeper: {command: sleep, args: ['600'], input: stdin, output: {format: text}, permissions: auto}
agents:
${Array.from({ length: agents }, (_, index) => `  agent-${index}: {provider: sleeper, concurrency: 1}`).join('\n')}
`;

/** A host with ten thousand tasks that wait, none of which may begin. */
export async function measure(): Promise<readonly Figure[]> {
  const host = await startBenchHost(compose);
  try {
    const began = performance.now();
    let next = 0;
    const client = async (): Promise<void> => {
      while (next < queued) await dispatch(host, next++);
    };
    await Promise.all(Array.from({ length: clients }, client));
    const rate = queued / ((performance.now() - began) / 1000);
    const another: number[] = [];
    const listed: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const asked = performance.now();
      await dispatch(host, round);
      const answered = performance.now();
      await host.client.threads.listThreads({ limit: 100 });
      another.push(answered - asked);
      listed.push(performance.now() - answered);
    }
    const note = `${queued} queued, ${agents} at work`;
    const memory = residentMB(host.pid);
    const { eventLoopP99Ms } = await host.stop();
    return [
      { name: 'queue: tasks taken, 20 clients', value: rate, unit: '/s', note: `until ${queued} were queued` },
      ...spread('queue: another task, call → answer', another, {}),
      ...spread('queue: first page of all threads', listed, { p50: 10 }),
      { name: 'queue: memory of the host', value: memory, unit: 'MB', note },
      { name: 'queue: event loop held up, p99', value: eventLoopP99Ms, unit: 'ms', note },
    ];
  } catch (error) {
    await host.stop();
    throw error;
  }
}

async function dispatch(host: BenchHost, number: number): Promise<void> {
  await host.client.threads.dispatch({
    folder: host.repository,
    agent: `agent-${number % agents}`,
    prompt: `Task ${number}`,
  });
}
