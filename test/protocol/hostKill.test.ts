import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { HostClient } from '../../src/client/hostClient.js';
import { isAnyAppError } from '../../src/base/errors.js';
import { buildPrograms, testHome, testRepository, type Programs, type TestHome } from '../support/hostProcess.js';
import { randomFrom, seed, soaking } from '../support/sample.js';
import { tempDirectory } from '../support/tempDirectory.js';

const runs = soaking ? 50 : 14;
const lines = 400;
const longestLifeMs = 350;

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

/** An agent that proves where it was: one file per start in `proof`, numbered lines on its output, a file in its worktree. */
function composeFile(proof: string): string {
  const script = `echo begun > ${proof}/$MUSTER_RUN_ID.$$; cat > task.txt; i=0; while [ $i -lt ${lines} ]; do i=$((i+1)); echo line $i; [ $((i % 100)) = 0 ] && sleep 0.05; done; echo end`;
  return [
    'name: kill',
    `limits: {concurrency: ${runs}}`,
    'providers:',
    `  sh: {command: sh, args: [-c, ${JSON.stringify(script)}], output: {format: text}, permissions: auto}`,
    'agents: {dev: {provider: sh}}',
    '',
  ].join('\n');
}

describe('a host that is killed again and again', () => {
  it(`ends each of ${runs} runs once, with its whole output (seed ${seed})`, async () => {
    const proof = join(tempDirectory(), 'proof');
    mkdirSync(proof);
    const home = testHome(programs);
    const repository = testRepository({ 'agent-compose.yml': composeFile(proof) });
    const first = await home.connect();
    await first.projects.applyProject({ file: join(repository, 'agent-compose.yml'), consent: true });
    const random = randomFrom(seed);
    const killer = killRepeatedly(home, random);
    const threads: string[] = [];
    for (let n = 0; n < runs; n++) threads.push(await dispatchSomehow(home, repository, `Task ${n}`, `key-${n}`));
    await killer.atLeast(6);
    killer.stop();
    await killer.done;
    const client = await home.connect();
    const views = await Promise.all(threads.map(thread => settledThread(client, thread)));
    for (const { thread, runs: threadRuns, messages } of views) {
      expect(thread?.status, JSON.stringify(threadRuns, bigints)).toBe('ready');
      const succeeded = threadRuns.filter(run => run.status === 'succeeded');
      expect(succeeded).toHaveLength(1);
      // Any other run of the thread is one that was claimed and never began.
      for (const run of threadRuns) {
        const starts = readdirSync(proof).filter(name => name.startsWith(`${run.id}.`));
        expect(starts, `${run.id} ${run.status}`).toHaveLength(run.status === 'succeeded' ? 1 : 0);
      }
      expect(messages.filter(message => message.intent === 'response')).toHaveLength(1);
      const output = readFileSync(join(home.stateDir, 'runs', succeeded[0]?.id ?? '', 'stdout.ndjson'), 'utf8');
      expect(output).toBe([...Array.from({ length: lines }, (_, n) => `line ${n + 1}`), 'end', ''].join('\n'));
      expect(existsSync(join(thread?.worktree ?? '', 'task.txt'))).toBe(true);
      expect(thread?.filesChanged).toBe(1);
    }
    expect(killer.kills()).toBeGreaterThanOrEqual(6);
  });
});

interface Killer {
  readonly done: Promise<void>;
  kills(): number;
  atLeast(count: number): Promise<void>;
  stop(): void;
}

/** Lets each host live for a random time, then kills it as a crash would. */
function killRepeatedly(home: TestHome, random: () => number): Killer {
  let kills = 0;
  let stopped = false;
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const done = (async () => {
    while (!stopped) {
      await new Promise(resolve => setTimeout(resolve, 5 + random() * longestLifeMs));
      await home.killHost();
      kills++;
      for (const waiter of waiting) if (kills >= waiter.count) waiter.resolve();
      await connectSomehow(home);
    }
  })();
  return {
    done,
    kills: () => kills,
    atLeast: count => (kills >= count ? Promise.resolve() : new Promise(resolve => waiting.push({ count, resolve }))),
    stop: () => {
      stopped = true;
    },
  };
}

/** A person's client: when the host is gone it starts one and says the same again, with the same key. */
async function dispatchSomehow(
  home: TestHome,
  folder: string,
  prompt: string,
  idempotencyKey: string,
): Promise<string> {
  for (;;) {
    const client = await connectSomehow(home);
    try {
      const { threadId } = await client.threads.dispatch({ folder, agent: 'dev', prompt, idempotencyKey });
      return threadId;
    } catch (error) {
      if (!isAnyAppError(error) || error.code !== 'host.unreachable') throw error;
    } finally {
      client.dispose();
    }
  }
}

async function connectSomehow(home: TestHome): Promise<HostClient> {
  for (;;) {
    try {
      return await home.connect();
    } catch (error) {
      if (!isAnyAppError(error) || error.code !== 'host.unreachable') throw error;
    }
  }
}

/** The thread once its latest run has ended; told by the feed, not asked again and again. */
async function settledThread(client: HostClient, threadId: string) {
  const stop = new AbortController();
  for await (const { update } of client.events.watch({}, { signal: stop.signal })) {
    if (update.case !== 'snapshot' && update.case !== 'changes') continue;
    const thread = update.value.threads.find(candidate => candidate.id === threadId);
    // Ended, and its work is committed.
    if (thread?.latestRun && thread.latestRun.endedAt > 0n && !['queued', 'working'].includes(thread.status)) break;
  }
  return await client.threads.getThread({ threadId });
}

function bigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}
