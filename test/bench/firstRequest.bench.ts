import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure } from '../../src/build/benchFigures.ts';
import { findAgentClis } from '../support/agents/agentClis.ts';
import { writeAgentHome } from '../support/agents/agentHome.ts';
import { startModelServer, type ModelServer } from '../support/modelServer/modelServer.ts';
import { startBenchHost, type BenchHost } from './benchHost.js';
import { percentile } from './figures.js';

const rounds = 8;
const prompt = 'Say hello';
/** As a run of the agent below has them. */
const claudeArgs = ['-p', '--output-format', 'stream-json', '--verbose', '--permission-mode', 'acceptEdits'];
const compose = `
name: bench
agents:
  claude: {provider: claude, permissions: confined}
`;

/** From a dispatch to the moment when the model is asked, beside the same CLI started by hand: what Muster itself takes of it. */
export async function measure(): Promise<readonly Figure[]> {
  const clis = findAgentClis();
  if ('missing' in clis) {
    console.log(`Left out: ${clis.missing}`);
    return [];
  }
  const model = await startModelServer([{ prompt, steps: [{ text: 'Hello' }] }]);
  let env: Readonly<Record<string, string>> = {};
  const host = await startBenchHost(compose, {
    prepareState: stateDir => {
      env = writeAgentHome({ home: dirname(stateDir), clis: clis.folder, modelUrl: model.url });
    },
  });
  try {
    const folder = host.repository;
    const byHand: number[] = [];
    const dispatched: number[] = [];
    for (let round = -1; round < rounds; round++) {
      const samples = [
        await startByHand(model, { env, folder, claude: join(clis.folder, 'claude') }),
        await dispatch(model, host),
      ];
      // The first ones read everything from disk.
      if (round < 0) continue;
      byHand.push(samples[0] ?? Number.NaN);
      dispatched.push(samples[1] ?? Number.NaN);
    }
    const note = `median of ${rounds}, scripted model`;
    const [own, whole] = [percentile(byHand, 0.5), percentile(dispatched, 0.5)];
    return [
      { name: 'claude by hand → first model request', value: own, unit: 'ms', note },
      {
        name: 'dispatch → first model request, new worktree',
        value: whole,
        unit: 'ms',
        note: `${(whole - own).toFixed(0)} ms more`,
      },
    ];
  } finally {
    await host.stop();
    await model.close();
  }
}

/** Milliseconds from `begin` to the model's next request, and until that conversation is over. */
async function untilAsked(
  model: ModelServer,
  begin: () => Promise<{ readonly over: Promise<unknown> }>,
): Promise<number> {
  const before = model.requests.length;
  const began = performance.now();
  const { over } = await begin();
  while (model.requests.length === before) await sleep(1);
  const asked = performance.now() - began;
  await over;
  return asked;
}

function startByHand(
  model: ModelServer,
  {
    env,
    folder,
    claude,
  }: { readonly env: Readonly<Record<string, string>>; readonly folder: string; readonly claude: string },
): Promise<number> {
  return untilAsked(model, async () => {
    const child = spawn(claude, claudeArgs, { env, cwd: folder, stdio: ['pipe', 'ignore', 'ignore'] });
    const over = new Promise(resolve => child.once('exit', resolve));
    child.stdin.end(prompt);
    return { over };
  });
}

function dispatch(model: ModelServer, host: BenchHost): Promise<number> {
  return untilAsked(model, async () => {
    const { runId } = await host.client.threads.dispatch({ folder: host.repository, agent: 'claude', prompt });
    return { over: untilEnded(host, runId) };
  });
}

async function untilEnded(host: BenchHost, runId: string): Promise<void> {
  const transcript = host.client.runs.readTranscript({ runId, follow: true });
  for await (const part of transcript) void part;
}
