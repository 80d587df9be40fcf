import { describe, expect, it } from 'vitest';
import {
  answeringUpstream,
  ask,
  callFacade,
  messages,
  spentOf,
  startFacade,
  startUpstream,
  whole,
} from '../../support/facadeHost.js';

describe('what a run used', () => {
  it('is on the run while it works: tokens by kind and money', async () => {
    const upstream = await answeringUpstream();
    const host = await startFacade({ upstream: upstream.url });
    await host.post(messages, ask);
    await host.post(messages, ask);
    expect(host.store.read(({ runs }) => runs.get(host.run.id))).toMatchObject({
      inputTokens: 2000,
      outputTokens: 200,
      costUsd: 2 * (1000 * 1 + 100 * 10) * 1e-6,
    });
  });

  it('is asked of Chat Completions, and the client sees nothing of that', async () => {
    const said = 'data: {"choices":[{"delta":{"content":"hi"}}],"usage":null}\n\n';
    const counts = 'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}\n\n';
    const upstream = await startUpstream((request, response) => {
      const asked = JSON.parse(request.whole.toString()) as { stream_options?: { include_usage?: boolean } };
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(said + (asked.stream_options?.include_usage ? counts : '') + 'data: [DONE]\n\n');
    });
    const host = await startFacade({ upstream: upstream.url });
    const chat = '/openai/v1/chat/completions';
    const request = { model: 'gpt-5', stream: true, messages: [] };
    expect((await host.post(chat, request)).text).toBe(`${said}data: [DONE]\n\n`);
    expect((await host.post(chat, { ...request, stream_options: { include_usage: false, x: 1 } })).text).toBe(
      `${said}data: [DONE]\n\n`,
    );
    expect(JSON.parse(String(upstream.requests[1]?.body))).toMatchObject({
      stream_options: { include_usage: true, x: 1 },
    });
    const own = await host.post(chat, { ...request, stream_options: { include_usage: true } });
    expect(own.text).toBe(`${said}${counts}data: [DONE]\n\n`);
    expect(spentOf(host)).toMatchObject({ calls: 3, tokens: { input: 21, output: 9 } });
  });

  it('does not count what counts nothing', async () => {
    const upstream = await answeringUpstream('{"input_tokens":5}');
    const host = await startFacade({ upstream: upstream.url });
    expect((await host.post(`${messages}/count_tokens`, ask)).status).toBe(200);
    const headers = { authorization: `Bearer ${host.token}` };
    expect((await callFacade(host.url, { path: '/openai/v1/models', method: 'GET', headers })).status).toBe(200);
    expect(spentOf(host).calls).toBe(0);
  });
});

describe('limits', () => {
  it('of money let no call start at the cap, and say so in words that clients stop at', async () => {
    const upstream = await answeringUpstream();
    const host = await startFacade({
      upstream: upstream.url,
      // A call costs $0.002.
      compose: 'agents: {dev: {provider: claude, llm: facade, budget: {usd_per_run: 0.004}}}',
    });
    expect((await host.post(messages, ask)).status).toBe(200);
    expect((await host.post(messages, ask)).status).toBe(200);
    const refused = await host.post(messages, ask);
    expect(refused.status).toBe(402);
    expect(JSON.parse(refused.text)).toMatchObject({
      type: 'error',
      error: { type: 'billing_error', message: expect.stringContaining('agents.dev.budget.usd_per_run') as string },
    });
    expect(upstream.requests).toHaveLength(2);
    const other = await host.openRun();
    const headers = { authorization: `Bearer ${other.token}` };
    expect((await callFacade(host.url, { path: messages, headers, body: JSON.stringify(ask) })).status).toBe(200);
  });

  it('go over by the calls at work at most, however many come at once', async () => {
    const held: (() => void)[] = [];
    const upstream = await startUpstream((_, response) => {
      held.push(() => response.writeHead(200, { 'content-type': 'application/json' }).end(whole));
    });
    const host = await startFacade({
      upstream: upstream.url,
      compose: 'agents: {dev: {provider: claude, llm: facade, budget: {tokens: 1100}}}',
    });
    const early = [1, 2, 3].map(() => host.post(messages, ask));
    await expect.poll(() => held.length).toBe(3);
    for (const answer of held) answer();
    expect((await Promise.all(early)).map(({ status }) => status)).toEqual([200, 200, 200]);
    const late = await Promise.all([1, 2, 3].map(() => host.post(messages, ask)));
    expect(late.map(({ status }) => status)).toEqual([402, 402, 402]);
    expect(upstream.requests).toHaveLength(3);
  });

  it('in dollars refuse a model that has no price, because nobody could watch them', async () => {
    const upstream = await answeringUpstream();
    const host = await startFacade({
      upstream: upstream.url,
      compose: 'agents: {dev: {provider: claude, llm: facade, budget: {usd: 100}}}',
      settings: { prices: [] },
    });
    const answer = await host.post(messages, { ...ask, model: 'brand-new-model' });
    expect(answer.status).toBe(402);
    expect(answer.text).toContain('brand-new-model');
    expect(answer.text).toContain('models.json');
  });

  it('of this machine hold for all projects together', async () => {
    const upstream = await answeringUpstream();
    const host = await startFacade({ upstream: upstream.url, settings: { budget: { tokens_per_day: 1 } } });
    expect((await host.post(messages, ask)).status).toBe(200);
    expect((await host.post(messages, ask)).status).toBe(402);
    host.settings({ budget: { tokens_per_day: 1_000_000 } });
    expect((await host.post(messages, ask)).status).toBe(200);
  });

  it('of requests are told with the time to wait', async () => {
    const upstream = await answeringUpstream();
    const host = await startFacade({
      upstream: upstream.url,
      settings: { rate_limits: { anthropic: { requests_per_minute: 2 } } },
    });
    await host.post(messages, ask);
    await host.post(messages, ask);
    const limited = await host.post(messages, ask);
    expect(limited.status).toBe(429);
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(50);
    expect(JSON.parse(limited.text)).toMatchObject({ error: { type: 'rate_limit_error' } });
  });

  it('that cannot be read stop calls instead of being guessed', async () => {
    const upstream = await answeringUpstream();
    const host = await startFacade({ upstream: upstream.url });
    host.settings({ budget: { usd_per_day: 'much' } });
    const answer = await host.post(messages, ask);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('models.json');
    expect(upstream.requests).toHaveLength(0);
  });
});

describe('a host that starts again', () => {
  it('counts what an earlier one left open by the size of its request', async () => {
    const upstream = await answeringUpstream();
    const host = await startFacade({ upstream: upstream.url });
    const { run, store } = host;
    const thread = run.threadId;
    store.transact(({ modelCalls }) =>
      modelCalls.begin(
        {
          run: run.id,
          thread,
          project: host.projectId,
          agent: 'dev',
          upstream: 'anthropic',
          protocol: 'messages',
          model: 'm',
          startedAt: 1,
        },
        4000,
      ),
    );
    expect(spentOf(host).calls).toBe(0);
    await host.models.resumeModels();
    expect(spentOf(host)).toMatchObject({ calls: 1, tokens: { input: 1000 }, costUsd: 0.001 });
  });
});
