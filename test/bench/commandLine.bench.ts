import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figure } from '../../src/build/benchFigures.ts';
import { inRepository } from '../../src/build/paths.ts';
import { benchEnvironment } from './benchHost.js';
import { percentile } from './figures.js';

const rounds = 25;

/** What a person feels of each command: the whole program from its start to its end, beside a Node that does nothing. */
export async function measure(): Promise<readonly Figure[]> {
  const home = mkdtempSync(join(tmpdir(), 'muster-bench-'));
  const stateDir = join(home, 'state');
  mkdirSync(stateDir, { mode: 0o700 });
  const env = { ...benchEnvironment(home), MUSTER_HOME: stateDir };
  const cli = inRepository('dist', 'cli.js');
  const run = (args: readonly string[]): number => {
    const began = performance.now();
    const { status, stderr } = spawnSync(process.execPath, args, { env, cwd: home, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
    return performance.now() - began;
  };
  const commands = [
    { name: 'muster version', args: ['version'], budget: 1.4 },
    { name: 'muster ps --json, host running', args: ['ps', '--json'], budget: 1.6 },
    { name: 'muster config --quiet, 3 agents', args: ['-f', composeFile(home, 3), 'config', '--quiet'] },
    { name: 'muster config --quiet, 1,000 agents', args: ['-f', composeFile(home, 1000), 'config', '--quiet'] },
  ];
  try {
    // Starts the host, and fills the cache of compiled code, as the first command after an update does.
    for (const { args } of commands) run([cli, ...args]);
    const nothing: number[] = [];
    const samples = commands.map((): number[] => []);
    for (let round = 0; round < rounds; round++) {
      nothing.push(run(['-e', '0']));
      commands.forEach(({ args }, index) => samples[index]?.push(run([cli, ...args])));
    }
    const base = percentile(nothing, 0.5);
    return [
      { name: 'node -e 0', value: base, unit: 'ms', note: `median of ${rounds}` },
      ...commands.map(({ name, budget }, index): Figure => {
        const value = percentile(samples[index] ?? [], 0.5);
        return {
          name: `${name}, against node -e 0`,
          value: value / base,
          unit: '×',
          ...(budget !== undefined && { budget }),
          note: `${value.toFixed(0)} ms`,
        };
      }),
    ];
  } finally {
    run([cli, 'daemon', 'stop']);
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

function composeFile(home: string, agents: number): string {
  const file = join(home, `${agents}.yml`);
  const one = (n: number): string =>
    `  agent${n}:\n    provider: claude\n    model: sonnet\n    system_prompt: You are careful developer number ${n}.\n    env:\n      LEVEL: "${n}"\n`;
  writeFileSync(file, `name: shop\nagents:\n${Array.from({ length: agents }, (_, n) => one(n)).join('')}`);
  return file;
}
