import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { mcpWorld, shellProvider } from '../support/mcpWorld.ts';

/** How compas hands work on, asked of Muster over MCP. The numbers are those of `test/support/compasBehaviours.ts`. */

/** Writes down what it was asked and approves, wants changes, or says what a file in the worktree says. */
const critic = (words: string): string =>
  `{command: sh, args: ["-c", 'cat > "$HOME/asked-$1"; ls > "$HOME/saw-$1"; while [ -e "$HOME/hold-$1" ]; do sleep 0.05; done; ${words}', "sh", "{{model}}"]}`;

const compose = `name: shop
limits: {concurrency: 6}
providers:
${shellProvider}
  maker: {command: sh, args: ["-c", "echo again >> made.txt; echo I made it."]}
  approving: ${critic('echo Fine.; echo "VERDICT: approve"')}
  meddling: ${critic('echo mine >> made.txt; echo Fine now.; echo "VERDICT: approve"')}
  refusing: ${critic('echo No.; echo "VERDICT: request changes"')}
agents:
  dev:
    provider: shell
    handoff: {on_response: reviewer, prompt: Look closely.}
  plain: {provider: shell, handoff: {on_response: reviewer}}
  reviewer: {provider: approving, model: reviewer, workspace: {provider: thread, access: read}}
  stubborn: {provider: maker, handoff: {on_response: refuser, max_depth: 1}}
  refuser: {provider: refusing, model: refuser, workspace: {provider: thread, access: read}}
  lead: {provider: shell, handoff: {on_response: [reviewer, second]}}
  second: {provider: approving, model: second, workspace: {provider: thread, access: read}}
  clumsy: {provider: shell, handoff: {on_response: refuser}}
  alone: {provider: shell}
  trusting: {provider: shell, handoff: {on_response: meddler}}
  meddler: {provider: meddling, model: meddler, workspace: {provider: thread, access: write}}
  ring1: {provider: maker, handoff: {on_response: [ring2, second]}}
  ring2: {provider: approving, model: ring2, handoff: {on_response: [ring1, reviewer]}}
  again: {provider: shell, handoff: {on_response: reviewer}, retries: {max: 1, backoff: 10ms}}
`;

const world = mcpWorld(compose);

interface Said {
  readonly from: string;
  readonly to: string;
  readonly intent: string;
  readonly body: string;
  readonly skip_handoff?: boolean;
}

async function said(thread: unknown): Promise<readonly Said[]> {
  return (await world.mcp.ok('orch_transcript', { thread_id: thread }))['messages'] as readonly Said[];
}

const way = (messages: readonly Said[]): readonly string[] =>
  messages.map(({ from, to, intent }) => `${from} → ${to} (${intent})`);

const chain = async (thread: unknown): Promise<Readonly<Record<string, unknown>>> =>
  await world.mcp.ok('orch_chain', { thread_id: thread });

/** Gives a task and waits for everything that it leads to. */
async function settled(to: string, more: Record<string, unknown> = {}) {
  const sent = await world.mcp.ok('orch_dispatch', { to, body: 'echo ok > made.txt\necho I made it.', ...more });
  const thread = String(sent['thread_id']);
  const answer = await world.mcp.ok('orch_wait', {
    thread_id: thread,
    since_reference: `db:${String(sent['message_id'])}`,
    await_chain: true,
  });
  return { thread, answer };
}

const status = async (thread: unknown) =>
  ((await world.mcp.ok('orch_status', { thread_id: thread }))['threads'] as { state: string }[])[0] ?? { state: '' };

test('an agent hands its reply on, on the same thread, with the task; its own words come first (38, 39)', async () => {
  const { thread, answer } = await settled('dev');
  expect(answer).toMatchObject({ from: 'reviewer', body: expect.stringContaining('VERDICT: approve') as string });
  const messages = await said(thread);
  expect(way(messages)).toEqual([
    'operator → dev (dispatch)',
    'dev → operator (response)',
    'dev → reviewer (handoff)',
    'reviewer → operator (response)',
  ]);
  const body = messages[2]?.body ?? '';
  expect(body.startsWith('Look closely.')).toBe(true);
  expect(body).toContain('echo ok > made.txt');
  expect(body).toContain('I made it.');
  // The reviewer was given exactly that.
  expect(await world.left('asked-reviewer')).toContain(body);
  const plain = await settled('plain');
  expect((await said(plain.thread))[2]?.body).not.toContain('Look closely.');
});

test('a chain that does not agree ends at its depth and needs a person; their next message begins at none (40, defect 10)', async () => {
  const { thread, answer } = await settled('stubborn');
  expect(answer).toMatchObject({ found: true });
  const messages = await said(thread);
  expect(messages.filter(({ intent }) => intent === 'handoff')).toHaveLength(1);
  expect(await chain(thread)).toMatchObject({ chain_state: 'exhausted', depth: 1 });
  const { threads } = (await world.mcp.ok('orch_inbox')) as { threads: { thread_id: string; needs: string }[] };
  expect(threads.find(each => each.thread_id === thread)?.needs).toMatch(/stubborn.*refuser|refuser.*stubborn/);
  await settled('stubborn', { thread_id: thread });
  expect((await said(thread)).filter(({ intent }) => intent === 'handoff')).toHaveLength(2);
});

test('an agent without a hand-off ends with its reply (41)', async () => {
  const { thread } = await settled('alone');
  expect(way(await said(thread))).toEqual(['operator → alone (dispatch)', 'alone → operator (response)']);
  expect(await chain(thread)).not.toHaveProperty('chain_state');
});

test('a message can do without hand-offs, to one agent or several, and says so; a retry does not forget it (42, defect 27)', async () => {
  for (const to of ['dev', 'lead']) {
    const { thread } = await settled(to, { skip_handoff: true });
    const messages = await said(thread);
    expect(messages.map(({ intent }) => intent)).toEqual(['dispatch', 'response']);
    expect(messages.map(({ skip_handoff: skip }) => skip)).toEqual([true, undefined]);
  }
  expect((await said((await settled('dev', { skip_handoff: false })).thread)).map(({ intent }) => intent)).toContain(
    'handoff',
  );
  const body = 'if [ -e "$HOME/tried" ]; then echo Now.; else touch "$HOME/tried"; echo 503 overloaded >&2; exit 1; fi';
  const { thread } = await settled('again', { body, skip_handoff: true });
  const { executions } = await world.mcp.ok('orch_transcript', { thread_id: thread });
  expect(executions).toMatchObject([{ execution_status: 'failed' }, { execution_status: 'completed' }]);
  expect((await said(thread)).map(({ intent }) => intent)).toEqual(['dispatch', 'response']);
});

test('several agents look at the author’s work, in its batch, where the author left it (43, 45, defect 11)', async () => {
  const { thread, answer } = await settled('lead', { batch: 'fan' });
  expect(answer).toMatchObject({ found: true, from: 'second' });
  // Ours: on the author's own thread, so that nobody has to look for what they said.
  expect((await said(thread)).filter(({ intent }) => intent === 'handoff').map(({ to }) => to)).toEqual([
    'reviewer',
    'second',
  ]);
  expect(await world.left('saw-second')).toContain('made.txt');
  expect(await world.mcp.ok('orch_batch_status', { batch_id: 'fan' })).toMatchObject({
    thread_count: 1,
    threads: [{ thread_id: thread, state: 'ready' }],
  });
  expect(await chain(thread)).toMatchObject({ chain_state: 'approved', waiting_for: [] });
});

test('a wait for a chain says what is pending while any of it works, and goes on through it to the last word (44, 46, 47)', async () => {
  const { mcp } = world;
  world.hold('reviewer');
  world.hold('author');
  const sent = await mcp.ok('orch_dispatch', { to: 'lead', body: 'hold author\necho Done.' });
  const wait = { thread_id: sent['thread_id'], since_reference: `db:${String(sent['message_id'])}`, await_chain: true };
  expect(await mcp.ok('orch_wait', { ...wait, timeout_secs: 1 })).toMatchObject({
    found: false,
    chain_pending: true,
    execution_status: 'executing',
    seen: [],
  });
  world.release('author');
  await vi.waitFor(async () => expect(way(await said(sent['thread_id']))).toContain('lead → reviewer (handoff)'), {
    timeout: 60_000,
  });
  // The reply of the author is there, and is not the end; who waits without the chain has it at once.
  expect(await mcp.ok('orch_wait', { ...wait, timeout_secs: 1 })).toMatchObject({
    found: false,
    chain_pending: true,
    seen: [
      { from: 'lead', to: 'operator', intent: 'response' },
      { from: 'lead', to: 'reviewer', intent: 'handoff' },
    ],
  });
  expect(await mcp.ok('orch_wait', { thread_id: sent['thread_id'] })).toMatchObject({ found: true, from: 'lead' });
  // The last of them goes on once somebody surely waits.
  const all = await mcp.call('orch_wait', wait, { onprogress: () => world.release('reviewer') });
  expect(all.result).toMatchObject({
    found: true,
    from: 'second',
    fanout_children_awaited: 2,
    settled_at: expect.stringMatching(/Z$/) as string,
  });
  // What is over is told at once, as something that did not have to be waited for.
  const again = await mcp.ok('orch_wait', wait);
  expect(again).toMatchObject({ found: true, from: 'second' });
  expect(again).not.toHaveProperty('settled_at');
  expect((await mcp.call('orch_wait', { thread_id: 'no-such-thread', await_chain: true })).text).toContain(
    '[thread.unknown]',
  );
});

test('a chain whose author fails is over, and says why', async () => {
  const { thread } = await settled('clumsy');
  expect(await chain(thread)).toMatchObject({
    chain_state: 'undecided',
    note: 'clumsy failed when it was asked for changes.',
    waiting_for: [],
  });
});

test('agents that hand on to each other in a circle come to an end (defect 10)', async () => {
  const { thread } = await settled('ring1');
  expect(way(await said(thread)).filter(each => each.endsWith('(handoff)'))).toEqual([
    'ring1 → ring2 (handoff)',
    'ring1 → second (handoff)',
  ]);
  expect(await chain(thread)).toMatchObject({ chain_state: 'approved' });
});

test('threads of a batch do not wait for each other’s chains (45)', async () => {
  const { mcp } = world;
  world.hold('elsewhere');
  const other = await mcp.ok('orch_dispatch', { to: 'alone', body: 'hold elsewhere', batch: 'pair' });
  const { answer } = await settled('dev', { batch: 'pair' });
  expect(answer).toMatchObject({ found: true, from: 'reviewer' });
  world.release('elsewhere');
  await world.reaches(other['thread_id'], 'completed');
});

test('what agents approved lands by itself only where the file says so and a person agreed, as it was approved, and once', async () => {
  const auto = `${compose}merge: {auto: true}\n`;
  writeFileSync(join(world.repository, 'agent-compose.yml'), auto);
  const asked = await world.muster('up');
  expect(asked).toMatchObject({ status: 2 });
  expect(asked.stderr).toContain('What reviewing agents approve is merged without a person.');
  await world.apply(auto);
  const { thread } = await settled('dev');
  await vi.waitFor(async () => expect((await status(thread)).state).toBe('merged'), { timeout: 60_000 });
  expect(world.git('show', 'main:made.txt')).toBe('ok');
  // Nobody has looked at this one, at that one nobody who approves, and this one has no changes.
  const own = await settled('alone', { body: 'echo own > own.txt; echo Mine.' });
  const refusedOne = await settled('stubborn');
  const empty = await settled('dev', { body: 'echo Nothing to do.' });
  // This one approved, and changed it: what is there now nobody approved.
  const meddled = await settled('trusting', { body: 'echo ok > meddled.txt; echo I made it.' });
  const before = world.git('rev-parse', 'main');
  for (const each of [own, refusedOne, empty, meddled])
    expect((await world.mcp.ok('orch_merge_status', { thread_id: each.thread }))['recent']).toEqual([]);
  // In the way of a person's own edit it waits for them, and is not tried again by itself.
  writeFileSync(join(world.repository, 'made.txt'), 'edited\n');
  const blocked = await settled('dev', { body: 'echo more >> made.txt; echo More.' });
  await vi.waitFor(async () => expect((await status(blocked.thread)).state).toBe('needs_you'), { timeout: 60_000 });
  await world.home.killHost();
  expect((await status(blocked.thread)).state).toBe('needs_you');
  expect((await world.mcp.ok('orch_merge_status', { thread_id: blocked.thread }))['recent']).toHaveLength(1);
  expect(world.git('rev-parse', 'main')).toBe(before);
  world.git('checkout', '--quiet', '--', 'made.txt');
  await world.apply(compose);
});

test('an approval ends the loop, and is no approval of a person (defect 12)', async () => {
  const { thread } = await settled('dev');
  expect((await said(thread)).filter(({ intent }) => intent === 'handoff')).toHaveLength(1);
  expect(await world.mcp.ok('orch_status', { thread_id: thread })).toMatchObject({
    threads: [{ state: 'ready', thread_status: 'Active' }],
  });
  expect(await world.mcp.ok('orch_merge_status', { thread_id: thread })).toMatchObject({ recent: [] });
});
