import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyObject } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DisposableStore } from '../../../src/base/lifecycle.js';
import { silentLog } from '../../../src/base/log.js';
import { ModelGate } from '../../../src/core/models/modelGate.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { FarUsage } from '../../../src/host/facade/farUsage.js';
import type { FarFacades } from '../../../src/core/models/farFacade.js';
import { facadeKey } from '../../../src/host/state/facadeKey.js';
import {
  answeringUpstream,
  ask,
  callFacade,
  messages,
  openCall,
  spentOf,
  startFacade,
  startUpstream,
  type FacadeHost,
  type TestUpstream,
} from '../../support/facadeHost.js';
import { facadeName, facadeVariables } from '../../support/facadeTokens.ts';
import { facadeElsewhere, facadesAt } from '../../support/farFacade.js';
import { randomIds } from '../../support/randomIds.js';
import { seedThread } from '../../support/seed.js';
import { tempDirectory } from '../../support/tempDirectory.js';

type Far = Awaited<ReturnType<typeof facadeElsewhere>>;

interface Scene {
  readonly host: FacadeHost;
  /** Two processes of one facade; runs are sent to the first. */
  readonly far: readonly [Far, Far];
  /** Takes over what they counted, as at the end of a run. */
  settle(): Promise<void>;
}

/** A host whose key two facades believe, with a run that is sent there. */
async function scene({
  upstream,
  budget = '',
  ask: how = asked => asked,
}: {
  readonly upstream: TestUpstream;
  readonly budget?: string;
  readonly ask?: (facades: FarFacades) => FarFacades;
}): Promise<Scene> {
  const keyFolder = tempDirectory();
  const variables = facadeVariables({ keys: [facadeKey(keyFolder)], upstream: upstream.url });
  const far = [await facadeElsewhere(variables), await facadeElsewhere(variables)] as const;
  const host = await startFacade({
    upstream: 'http://127.0.0.1:9',
    compose: `agents: {dev: {provider: claude, llm: facade${budget}}}`,
    far: {
      guest: { host: '127.0.0.1', port: far[0].port, place: { facade: facadeName } },
      keyFolder,
      facades: how(facadesAt(far.map(({ control }) => control))),
    },
  });
  return { host, far, settle: async () => await host.models.runModels.lastCalls(host.run.id) };
}

const used = JSON.stringify({ type: 'message', content: [], usage: { input_tokens: 1000, output_tokens: 100 } });
/** By the prices of these tests: dollars. */
const costOfOne = 0.002;

function callAt({ url }: Far, { token }: Pick<FacadeHost, 'token'>) {
  return callFacade(url, { path: messages, headers: { 'x-api-key': token }, body: JSON.stringify(ask) });
}

describe('a run whose models are reached through a facade elsewhere', () => {
  it('has a signed token and no key, and the host stores neither', async () => {
    const { host } = await scene({ upstream: await answeringUpstream() });
    expect(host.token).toMatch(/^muster_far_/);
    expect(host.variables['NO_PROXY']).toBe('127.0.0.1');
    expect(host.variables).not.toHaveProperty('ANTHROPIC_API_KEY');
    const access = host.store.read(({ modelAccess }) => modelAccess.of(host.run.id));
    expect(access).toMatchObject({ far: { place: { facade: facadeName } } });
    expect(access?.tokenHash).toBeUndefined();
    expect(statSync(join(host.stateDir, 'facade.key')).mode & 0o777).toBe(0o600);
    const database = ['muster.db', 'muster.db-wal']
      .map(name => readFileSync(join(host.stateDir, name), 'latin1'))
      .join('');
    const secret = readFileSync(join(host.stateDir, 'facade.key'), 'utf8').split('\n')[1] ?? '';
    expect(secret).not.toBe('');
    for (const text of [host.token, secret]) expect(database).not.toContain(text);
  });

  it('is counted by the host, whichever process a call went through, and each call once', async () => {
    const { host, far, settle } = await scene({ upstream: await answeringUpstream(used) });
    for (const each of [far[0], far[1], far[1]]) expect((await callAt(each, host)).status).toBe(200);
    await settle();
    await settle();
    expect(spentOf(host)).toMatchObject({ calls: 3, costUsd: 3 * costOfOne, tokens: { input: 3000, output: 300 } });
    expect(host.store.read(({ runs }) => runs.get(host.run.id))).toMatchObject({ inputTokens: 3000 });
    const calls = host.store.read(({ modelCalls }) => modelCalls.latest({ run: host.run.id, limit: 9 }));
    expect(calls[0]).toMatchObject({ agent: 'dev', upstream: 'anthropic', model: 'claude-sonnet-4-5', status: 200 });
  });

  it('is counted once also when the host did not hear the answer, and by a host that comes after it', async () => {
    let deaf = true;
    const { host, far, settle } = await scene({
      upstream: await answeringUpstream(used),
      ask: facades => ({
        ask: async (place, word) => {
          const said = await facades.ask(place, word);
          if (deaf) throw new Error('the connection broke off');
          return said;
        },
      }),
    });
    await callAt(far[0], host);
    await settle();
    expect(spentOf(host).calls).toBe(0);
    deaf = false;
    await settle();
    await callAt(far[0], host);
    await settle();
    expect(spentOf(host).calls).toBe(2);
  });

  it('is counted by the next host when this one is gone', async () => {
    const { host, far } = await scene({ upstream: await answeringUpstream(used) });
    await host.models.runModels.lastCalls(host.run.id);
    await callAt(far[1], host);
    const resources = new DisposableStore();
    onTestFinished(() => resources.dispose());
    const { store } = host;
    const clock = createNodeClock();
    const rules = () => ({ upstreams: [], prices: [{ models: '*', input: 1, output: 10 }], budget: {} });
    const gate = new ModelGate({ store, clock, rules, startOfDay: () => 0 });
    const facades = facadesAt(far.map(({ control }) => control));
    const key = (): KeyObject => facadeKey(host.stateDir);
    resources.add(new FarUsage({ store, gate, facades, key, clock, log: silentLog })).begin();
    await expect.poll(() => spentOf(host).calls).toBe(1);
  });

  it('calls no more once it has ended, and what it was asking for is broken off', async () => {
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const upstream = await startUpstream((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {}\n\n');
      begin();
    });
    const { host, far, settle } = await scene({ upstream });
    const headers = { 'x-api-key': host.token };
    const answer = await openCall(far[0].url, { path: messages, headers, body: JSON.stringify(ask) });
    const broken = new Promise(resolve => answer.once('error', resolve).resume());
    await begun;
    host.endRun(host.run);
    await settle();
    await broken;
    const refused = await callAt(far[0], host);
    expect(refused).toMatchObject({ status: 402 });
    expect(refused.text).toContain('The run has ended.');
    await settle();
    expect(spentOf(host)).toMatchObject({ calls: 1 });
  });

  it('stops at its budget: here by itself, and there because the host says so', async () => {
    const upstream = await answeringUpstream(used);
    const { host, far, settle } = await scene({ upstream, budget: ', budget: {tokens_per_run: 2000}' });
    expect((await callAt(far[0], host)).status).toBe(200);
    expect((await callAt(far[0], host)).status).toBe(200);
    const over = await callAt(far[0], host);
    expect(over).toMatchObject({ status: 402 });
    expect(over.text).toContain('agents.dev.budget.tokens_per_run');
    // It has not heard of the others' calls yet.
    expect((await callAt(far[1], host)).status).toBe(200);
    await settle();
    await settle();
    expect((await callAt(far[1], host)).status).toBe(402);
    expect(upstream.requests).toHaveLength(3);
    const access = host.store.read(({ modelAccess }) => modelAccess.of(host.run.id));
    expect(access?.overBudget).toContain('The budget of this run is used up: 2000 tokens');
  });

  it('begins with what was spent before it', async () => {
    const upstream = await answeringUpstream(used);
    const { host, far, settle } = await scene({ upstream, budget: ', budget: {tokens_per_day: 1100}' });
    expect((await callAt(far[0], host)).status).toBe(200);
    await settle();
    const next = await host.openRun();
    expect((await callAt(far[0], next)).status).toBe(402);
    expect(upstream.requests).toHaveLength(1);
  });

  it('is not counted by what a facade tells of runs that were not sent there', async () => {
    let run = '';
    const more: object[] = [];
    const callOf = (): object => {
      const tokens = { input: 1, output: 1, cacheRead: 0, cacheWrite: 0, reasoning: 0 };
      const end = { status: 200, totalMs: 1, tokens, estimated: false };
      return { upstream: 'x', protocol: 'messages', model: 'm', startedAt: 1, requestBytes: 1, end };
    };
    const told = (): string => {
      const calls = [{ number: 1, run, call: callOf(), newer: true }, ...more];
      return JSON.stringify({ process: '0'.repeat(32), calls, more: true, lost: 0 });
    };
    const { host, settle } = await scene({
      upstream: await answeringUpstream(),
      ask: () => ({ ask: async () => ['no report', '{}', told()] }),
    });
    const local = seedThread(host.store, randomIds(), host.projectId, { status: 'running' }).run;
    host.store.transact(({ modelAccess }) => modelAccess.save({ run: local.id, models: [], tokenHash: 'x' }));
    run = local.id;
    await settle();
    expect(host.store.read(({ modelCalls }) => modelCalls.spent({}).calls)).toBe(0);
    run = host.run.id;
    await settle();
    // Its number was taken already.
    expect(spentOf(host).calls).toBe(0);
    more.push({ number: 2, run, call: { protocol: 'unheard of' } }, { number: 3, run, call: callOf() });
    await settle();
    expect(spentOf(host).calls).toBe(1);
  });
});

describe('the key of a host', () => {
  it('is made once and not replaced when it cannot be read', () => {
    const stateDir = tempDirectory();
    const first = facadeKey(stateDir);
    expect(facadeKey(stateDir).equals(first)).toBe(true);
    expect(readdirSync(stateDir)).toEqual(['facade.key']);
    const file = join(stateDir, 'facade.key');
    const half = readFileSync(file, 'utf8').slice(0, 60);
    writeFileSync(file, half);
    expect(() => facadeKey(stateDir)).toThrow(/holds no private key of Ed25519/);
    expect(readFileSync(file, 'utf8')).toBe(half);
  });
});
