import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Figure } from '../../src/build/benchFigures.ts';
import { inRepository } from '../../src/build/paths.ts';
import { RecentBytes } from '../../src/base/recentBytes.js';
import { benchEnvironment, residentMB, startBenchHost, type BenchHost } from './benchHost.js';

const sizes = [1_000, 10_000, 100_000];
const lineBytes = 200;

const talker = `const n=Number(process.argv[1]);let i=0;const more=()=>{while(i<n)if(!process.stdout.write(String(i++).padEnd(${lineBytes - 1},'x')+'\\n')){process.stdout.once('drain',more);return}};more()`;

const compose = `
name: bench
providers:
${sizes
  .map(
    size => `  say-${size}:
    command: ${JSON.stringify(process.execPath)}
    args: [-e, ${JSON.stringify(talker)}, "${size}"]
    input: stdin
    output: {format: text}
    permissions: auto`,
  )
  .join('\n')}
agents:
${sizes.map(size => `  say-${size}: {provider: say-${size}}`).join('\n')}
`;

/** What much output costs: reading it from the host, passing it on in a terminal, keeping its answer, and files of a review. */
export async function measure(): Promise<readonly Figure[]> {
  const host = await startBenchHost(compose);
  try {
    const figures: Figure[] = [];
    for (const size of sizes) figures.push(...(await measureAt(host, size)));
    return [...figures, ...(await reviewedFiles())];
  } finally {
    await host.stop();
  }
}

async function measureAt(host: BenchHost, size: number): Promise<readonly Figure[]> {
  const of = `${size / 1000} k lines`;
  const before = databaseBytes(host);
  const command = await peakOfRun(host, size);
  const database = databaseBytes(host) - before;
  const { threads } = await host.client.threads.listThreads({ limit: 1 });
  const runId = threads[0]?.latestRun?.id ?? '';
  const begin = performance.now();
  let bytes = 0;
  for await (const { items } of host.client.runs.readTranscript({ runId, follow: false })) {
    for (const { item } of items) if (item.case === 'text') bytes += item.value.text.length;
  }
  const ms = performance.now() - begin;
  return [
    { name: `output: transcript of ${of} read whole`, value: ms, unit: 'ms', note: `${Math.round(bytes / 1000)} kB` },
    { name: `output: memory of muster run with ${of}`, value: command, unit: 'MB', budget: 200 },
    { name: `output: memory of the host after ${of}`, value: residentMB(host.pid), unit: 'MB', budget: 250 },
    { name: `output: database for ${of}`, value: database / 1000, unit: 'kB' },
  ];
}

/** The most that the command line ever held while it passed a run's output on. */
async function peakOfRun(host: BenchHost, size: number): Promise<number> {
  const env = { ...benchEnvironment(join(host.stateDir, '..')), MUSTER_HOME: host.stateDir };
  const child = spawn(process.execPath, [inRepository('dist/cli.js'), 'run', `say-${size}`, 'go'], {
    cwd: host.repository,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let peak = 0;
  child.stdout.on('data', () => {
    peak = Math.max(peak, residentMB(child.pid ?? 0));
  });
  await new Promise(resolve => child.once('close', resolve));
  return peak;
}

function databaseBytes({ stateDir }: BenchHost): number {
  return ['muster.db', 'muster.db-wal'].reduce((sum, name) => {
    return sum + (statSync(join(stateDir, name), { throwIfNoEntry: false })?.size ?? 0);
  }, 0);
}

/** Both sides of files that a window looks at, one after the other. */
async function reviewedFiles(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const size of sizes) {
    const kept = new RecentBytes(16 * 1024 * 1024);
    const before = process.memoryUsage().arrayBuffers;
    for (let file = 0; file < size; file++) await kept.get(`file${file}`, async () => new Uint8Array(10_000));
    globalThis.gc?.();
    const held = (process.memoryUsage().arrayBuffers - before) / 1e6;
    await kept.get('last', async () => new Uint8Array(1));
    figures.push({ name: `output: memory of ${size / 1000} k reviewed files`, value: Math.max(0, held), unit: 'MB' });
  }
  return figures;
}
