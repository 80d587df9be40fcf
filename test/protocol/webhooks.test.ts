import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { startDaemon } from '../support/daemon.ts';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const file = `name: shop
providers:
  shell: {command: sh, args: ["-c", "cat > notes.txt; echo written"]}
agents:
  scribe:
    provider: shell
    scheduler:
      triggers:
        - name: opened
          event:
            topic: webhook.github.pull_request
            where: {action: [opened, reopened], pull_request.base.ref: main}
          prompt: "Look at #\${{ event.payload.number }}: \${{ event.payload.pull_request.title }}"
`;

const payload = (action: string): string =>
  JSON.stringify({ action, number: 7, pull_request: { title: '$(touch /tmp/owned) `x`', base: { ref: 'main' } } });

interface Accepted {
  readonly accepted: boolean;
  readonly topic: string;
  readonly event_id: string;
  readonly sequence: number;
  readonly correlation_id: string;
}

test('a webhook signed like GitHub’s starts one run, whose merge lands', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  const daemon = await startDaemon(home, '--listen', '127.0.0.1:0');
  const run = (...args: readonly string[]) => home.muster(args, { cwd: repository });
  await run('up', '--yes');
  const secret = (await run('webhook', 'source', 'add', 'webhook.github', '--provider', 'github_sha256')).stdout.trim();
  expect(secret.length).toBeGreaterThan(40);

  const send = async (body: string, headers: Readonly<Record<string, string>> = {}, at = 'webhook.github') =>
    await fetch(`${daemon.url}/api/webhooks/${at}`, {
      method: 'POST',
      body,
      headers: {
        'Content-Type': 'application/json',
        'X-GitHub-Event': 'pull_request',
        'X-GitHub-Delivery': 'd-1',
        'X-Hub-Signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
        ...headers,
      },
    });

  const first = await send(payload('opened'));
  expect(first.status).toBe(202);
  const accepted = (await first.json()) as Accepted;
  expect(accepted).toMatchObject({ accepted: true, topic: 'webhook.github.pull_request' });
  // GitHub sends it again when it heard nothing.
  expect(await (await send(payload('opened'))).json()).toEqual(accepted);

  expect((await send(payload('closed'))).status).toBe(409);
  expect((await send(payload('opened'), { 'X-Hub-Signature-256': 'sha256=00' })).status).toBe(401);
  expect(
    (await send(payload('opened'), { 'Authorization': `Bearer ${secret}`, 'X-Hub-Signature-256': '' })).status,
  ).toBe(401);
  expect((await send(payload('opened'), { 'Content-Type': 'text/plain' })).status).toBe(415);
  expect((await send(payload('opened'), {}, 'webhook.gitlab')).status).toBe(404);
  expect((await send('{', { 'X-GitHub-Delivery': 'd-2' })).status).toBe(400);
  expect((await send(payload('opened'), { 'X-GitHub-Event': 'a b', 'X-GitHub-Delivery': 'd-3' })).status).toBe(400);
  expect((await send(JSON.stringify('x'.repeat(1_100_000)))).status).toBe(413);
  expect((await fetch(`${daemon.url}/api/webhooks/webhook.github`)).status).toBe(405);

  const runs = async (): Promise<readonly { status: string; thread_id: string }[]> =>
    (
      (await home.musterJson(['scheduler', 'runs'], { cwd: repository })) as {
        runs: { status: string; thread_id: string }[];
      }
    ).runs;
  await expect.poll(async () => (await runs()).map(({ status }) => status), { timeout: 60_000 }).toEqual(['started']);
  const [{ thread_id: thread } = { thread_id: '' }] = await runs();
  expect(await run('wait', thread, '--timeout', '60')).toMatchObject({ status: 0 });
  expect(await run('merge', thread)).toMatchObject({ status: 0 });
  const landed = (): string =>
    execFileSync('git', ['log', '-1', '--format=%H', '--', 'notes.txt'], { cwd: repository, encoding: 'utf8' });
  await expect.poll(landed, { timeout: 60_000 }).toMatch(/^[0-9a-f]{40}/);
  // What a stranger wrote reached the agent as words.
  expect(execFileSync('git', ['show', 'HEAD:notes.txt'], { cwd: repository, encoding: 'utf8' })).toBe(
    'Look at #7: $(touch /tmp/owned) `x`',
  );
});

test('what was published is read with a token, and a source that was removed is nobody', async () => {
  const home = testHome(programs);
  const daemon = await startDaemon(home, '--listen', '127.0.0.1:0');
  const secret = (await home.muster(['webhook', 'source', 'add', 'webhook.ci.*'])).stdout.trim();
  const send = async (headers: Readonly<Record<string, string>>, topic = 'webhook.ci.build') =>
    await fetch(`${daemon.url}/api/webhooks/${topic}`, {
      method: 'POST',
      body: '{"ok":true}',
      headers: { 'Content-Type': 'application/json', ...headers },
    });
  const accepted = (await (
    await send({ 'X-WEBHOOK-TOKEN': secret, 'X-Correlation-ID': 'build-7' })
  ).json()) as Accepted;
  expect((await send({ Authorization: `Bearer ${secret}` })).status).toBe(202);
  expect((await send({ 'X-WEBHOOK-TOKEN': `${secret}x` })).status).toBe(401);
  expect((await send({ 'X-WEBHOOK-TOKEN': secret }, 'webhook.other')).status).toBe(404);

  const token = await daemon.token('--scope', 'read');
  const get = async (path: string, bearer = token) => {
    const response = await fetch(`${daemon.url}${path}`, { headers: { Authorization: `Bearer ${bearer}` } });
    return { status: response.status, body: (await response.json()) as { events?: object[] } };
  };
  expect(await get('/api/events?topic=webhook.*', secret)).toMatchObject({ status: 401 });
  expect(await get('/api/events')).toMatchObject({ status: 400 });
  const found = await get('/api/events?correlation_id=build-7');
  expect(found.body.events).toMatchObject([
    {
      id: accepted.event_id,
      topic: 'webhook.ci.build',
      source: 'webhook',
      payload: { ok: true },
      dispatch_status: 'no_subscriber',
    },
  ]);
  const page = await get(`/api/events?topic=webhook.*&after_sequence=${accepted.sequence}&view=summary`);
  expect(page.body.events).toHaveLength(1);
  expect(page.body.events?.[0]).not.toHaveProperty('payload');
  expect(await get(`/api/events/${accepted.event_id}`)).toMatchObject({
    status: 200,
    body: { correlation_id: 'build-7' },
  });
  expect(await get(`/api/events/${accepted.event_id}/runs`)).toMatchObject({ status: 200, body: { runs: [] } });
  expect(await get('/api/events/topics')).toMatchObject({
    body: {
      topics: expect.arrayContaining([{ topic: 'webhook.ci.build', count: 2, last_sequence: expect.any(Number) }]),
    },
  });
  expect(await get(`/api/events/${accepted.event_id}/trace`)).toMatchObject({
    body: { correlation_id: 'build-7', events: [{ id: accepted.event_id, runs: [] }] },
  });
  expect(await get('/api/events/nothing')).toMatchObject({ status: 404 });

  await home.muster(['webhook', 'source', 'rm', 'webhook.ci.*']);
  expect((await send({ 'X-WEBHOOK-TOKEN': secret })).status).toBe(404);
  expect((await home.muster(['webhook', 'source', 'ls'])).stderr).toContain('Nobody may');
});

test('agent-compose’s routes for sources list, add and remove them, for whoever may do everything', async () => {
  const home = testHome(programs);
  const daemon = await startDaemon(home, '--listen', '127.0.0.1:0');
  const [admin, narrow] = [await daemon.token('--scope', 'admin'), await daemon.token('--name', 'narrow')];
  const ask = async (method: string, path = '', { token = admin, body }: { token?: string; body?: unknown } = {}) => {
    const response = await fetch(`${daemon.url}/api/webhook-sources${path}`, {
      method,
      headers: { 'Authorization': `Bearer ${token}`, 'Content-Type': 'application/json' },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const topic = 'webhook.ci.*';
  const path = `/${encodeURIComponent(topic)}`;
  expect(await ask('GET', '', { token: 'none' })).toMatchObject({ status: 401 });
  expect(await ask('GET', '', { token: narrow })).toMatchObject({ status: 403 });
  expect(await ask('PUT', path, { token: narrow, body: {} })).toMatchObject({ status: 403 });
  expect(await ask('GET')).toEqual({ status: 200, body: { sources: [] } });

  const added = await ask('PUT', path, { body: { provider: 'token' } });
  expect(added).toMatchObject({ status: 201, body: { topic, provider: 'token', token: expect.any(String) } });
  const id = String(added.body['id']);
  const again = await ask('PUT', '', { body: { topic } });
  expect(again).toMatchObject({ status: 200, body: { id } });
  expect(again.body).not.toHaveProperty('token');
  expect(await ask('PUT', path, { body: { provider: 'github_sha256' } })).toMatchObject({ status: 409 });
  const { sources } = (await home.musterJson(['webhook', 'source', 'ls'])) as { sources: { topic: string }[] };
  expect(sources).toMatchObject([{ topic }]);

  const send = async () =>
    await fetch(`${daemon.url}/api/webhooks/webhook.ci.build`, {
      method: 'POST',
      body: '{}',
      headers: { 'Authorization': `Bearer ${String(added.body['token'])}`, 'Content-Type': 'application/json' },
    });
  expect((await send()).status).toBe(202);
  expect(await ask('GET', `/${id}`)).toMatchObject({ status: 200, body: { topic } });
  expect(await ask('DELETE', `/${id}`)).toEqual({ status: 200, body: { removed: true } });
  expect((await send()).status).toBe(404);

  expect(await ask('DELETE', path)).toMatchObject({ status: 404 });
  expect(await ask('GET', path)).toMatchObject({ status: 404 });
  expect(await ask('POST', path)).toMatchObject({ status: 405 });
  for (const body of ['no json', '[]', { topic: 7 }, { topic: 'muster.own' }, { topic, provider: 'magic' }])
    expect(await ask('PUT', '', { body }), JSON.stringify(body)).toMatchObject({ status: 400 });
  expect(await ask('PUT', '', { body: 'x'.repeat(10_000) })).toMatchObject({ status: 413 });
  expect(await ask('GET', '/%zz')).toMatchObject({ status: 400 });
});
