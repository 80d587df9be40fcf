import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure } from '../../src/build/benchFigures.ts';
import { processorMs, residentMB, startBenchHost, type BenchHost } from './benchHost.js';

const agents = 50;
const linesPerSecond = 200;
const seconds = 8;
const idleSeconds = 10;

/** One process per agent writes its lines in twenty bursts a second, as CLIs do, and says at the end how many. */
const talker = `const n=${linesPerSecond * seconds};let i=0;const t=setInterval(()=>{for(let k=0;k<${linesPerSecond / 20}&&i<n;k++){i++;process.stdout.write(JSON.stringify({line:i,text:'x'.repeat(200)})+String.fromCharCode(10))}if(i>=n)clearInterval(t)},50)`;

const compose = `
name: bench
limits: {concurrency: ${agents}}
providers:
  talker:
    command: ${JSON.stringify(process.execPath)}
    args: [-e, ${JSON.stringify(talker)}]
    input: stdin
    output: {format: text}
    permissions: auto
agents:
  talker: {provider: talker}
`;

/** Fifty agents that talk at once, a client that listens to each, and then silence. */
export async function measure(): Promise<readonly Figure[]> {
  const host = await startBenchHost(compose);
  const results: Figure[] = [];
  let stopped = false;
  try {
    const runs = await Promise.all(
      Array.from({ length: agents }, async (_, n) =>
        host.client.threads.dispatch({ folder: host.repository, agent: 'talker', prompt: `Talk ${n}` }),
      ),
    );
    const counts = await Promise.all(runs.map(({ runId }) => countLines(host, runId)));
    const peak = residentMB(host.pid);
    const lost = agents * linesPerSecond * seconds - counts.reduce((sum, count) => sum + count, 0);
    results.push({
      name: `${agents} agents × ${linesPerSecond} lines/s: lines lost`,
      value: lost,
      unit: 'lines',
      budget: 0,
    });
    results.push({
      name: `${agents} agents × ${linesPerSecond} lines/s: host memory`,
      value: peak,
      unit: 'MB',
      budget: 200,
    });
    stopped = true;
    const { eventLoopP99Ms } = await host.stop();
    results.push({
      name: `${agents} agents: host event loop delay, p99`,
      value: eventLoopP99Ms,
      unit: 'ms',
      budget: 20,
    });
  } finally {
    if (!stopped) await host.stop();
  }
  results.push(...(await measureIdle()));
  return results;
}

/** A host that nobody has asked for anything heavy. */
async function measureIdle(): Promise<readonly Figure[]> {
  const host = await startBenchHost(compose, { unwatched: true });
  try {
    await sleep(1000);
    const before = processorMs(host.pid);
    await sleep(idleSeconds * 1000);
    const used = processorMs(host.pid) - before;
    return [
      { name: 'idle: processor', value: used / (idleSeconds * 10), unit: '%', budget: 0.5, note: `${idleSeconds} s` },
      { name: 'idle: memory of a fresh host', value: residentMB(host.pid), unit: 'MB', budget: 120 },
    ];
  } finally {
    await host.stop();
  }
}

async function countLines(host: BenchHost, runId: string): Promise<number> {
  let seen = 0;
  for await (const { items } of host.client.runs.readTranscript({ runId, follow: true })) {
    for (const { item } of items) if (item.case === 'text') seen += item.value.text.match(/"line":/g)?.length ?? 0;
  }
  return seen;
}
