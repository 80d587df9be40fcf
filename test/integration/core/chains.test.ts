import { describe, expect, test } from 'vitest';
import type { Run } from '../../../src/core/runs/run.js';
import { RetryThread } from '../../../src/core/threads/retryThread.ts';
import { settle } from '../../support/clock.js';
import { coreHost, coreWorld, type CoreHost, type CoreWorld } from '../../support/coreHost.ts';
import { fakeCommand } from '../../support/fakes/fakeSandbox.ts';
import { specOf } from '../../support/projectSpecs.ts';

/** Agents that go on until the test ends them with what they say. */
function worldWith(agents: Readonly<Record<string, object>>): CoreWorld {
  const provider = { command: fakeCommand, args: ['[{"wait":true}]'], output: { format: 'text' } };
  return coreWorld(
    specOf(
      JSON.stringify({
        providers: { mine: provider },
        agents: Object.fromEntries(Object.entries(agents).map(([name, more]) => [name, { provider: 'mine', ...more }])),
      }),
    ),
  );
}

/** The run of the thread that is at work. */
function active(world: CoreWorld): Run {
  const [only, ...others] = world.store
    .read(stores => stores.runs.active())
    .filter(({ run }) => run.status === 'running')
    .map(({ run }) => run);
  if (!only || others.length > 0) throw new Error(`${others.length + (only ? 1 : 0)} runs are at work`);
  return only;
}

/** The agent at work says this and ends well. */
async function says(world: CoreWorld, text: string): Promise<string> {
  const run = active(world);
  world.sandbox.write(run.id, `${text}\n`);
  world.sandbox.exit(run.id, { code: 0 });
  await settle();
  await world.clock.advance(1_000);
  return run.agent;
}

const view = (world: CoreWorld, id: string) => {
  const found = world.store.read(stores => stores.threads.page({ limit: 1 }).threads)[0];
  if (found?.thread.id !== id) throw new Error('No such thread');
  return found;
};

async function begin(world: CoreWorld, more: object = {}): Promise<{ host: CoreHost; id: string }> {
  const host = coreHost(world);
  const { thread } = await host.dispatch({ prompt: 'Add a health check', ...more });
  return { host, id: thread.id };
}

const reviewed = { dev: { handoff: { on_response: 'reviewer', prompt: 'Look closely.' } }, reviewer: {} };

describe('a hand-off', () => {
  test('gives the reply to the reviewer on the same thread, with the task and what is expected of it', async () => {
    const world = worldWith(reviewed);
    const { id } = await begin(world);
    expect(await says(world, 'I added it.')).toBe('dev');
    expect(active(world)).toMatchObject({ agent: 'reviewer', threadId: id });
    const [asked] = world.store.read(stores => stores.messages.ofThread(view(world, id).thread.id)).slice(-1);
    expect(asked).toMatchObject({ from: 'dev', to: 'reviewer', intent: 'handoff' });
    for (const part of ['Look closely.', 'Add a health check', 'I added it.', 'VERDICT: approve']) {
      expect(asked?.body).toContain(part);
    }
  });

  test('ends when the reviewer approves: the thread is ready and nobody is asked again', async () => {
    const world = worldWith(reviewed);
    const { id } = await begin(world);
    await says(world, 'I added it.');
    await says(world, 'Fine.\nVERDICT: approve');
    expect(view(world, id)).toMatchObject({ status: 'ready', chain: { state: 'approved', depth: 1 } });
    expect(world.store.read(stores => stores.runs.active())).toEqual([]);
  });

  test('goes back to the author with the findings when changes are asked for, and round again', async () => {
    const world = worldWith(reviewed);
    const { id } = await begin(world);
    await says(world, 'I added it.');
    await says(world, 'It has no test.\nVERDICT: request changes');
    expect(active(world)).toMatchObject({ agent: 'dev' });
    const messages = world.store.read(stores => stores.messages.ofThread(view(world, id).thread.id));
    expect(messages.at(-1)).toMatchObject({ from: 'reviewer', to: 'dev', intent: 'changes-requested' });
    expect(messages.at(-1)?.body).toContain('It has no test.');
    await says(world, 'Now it has.');
    expect(await says(world, 'VERDICT: approve')).toBe('reviewer');
    expect(view(world, id)).toMatchObject({ status: 'ready', chain: { state: 'approved', depth: 2 } });
  });

  test('needs a person when the two do not agree within the limit, also over a person’s next message', async () => {
    const world = worldWith({ ...reviewed, dev: { handoff: { on_response: 'reviewer', max_depth: 1 } } });
    const { id, host } = await begin(world);
    await says(world, 'I added it.');
    await says(world, 'No.\nVERDICT: request changes');
    await says(world, 'Still the same.');
    expect(view(world, id)).toMatchObject({
      status: 'needs_you',
      needs: expect.stringMatching(/did not agree within 1/),
      chain: { state: 'exhausted' },
    });
    await host.dispatch({ thread: id, prompt: 'Try again' });
    await says(world, 'Done.');
    expect(active(world).agent).toBe('reviewer');
  });

  test('needs a person when the reviewer gives no verdict: what it seems to mean is not guessed', async () => {
    const world = worldWith(reviewed);
    const { id } = await begin(world);
    await says(world, 'I added it.');
    await says(world, 'I approve this.');
    expect(view(world, id)).toMatchObject({
      status: 'needs_you',
      needs:
        'reviewer ended without saying whether the work of dev is good. Review it yourself, or ask reviewer again.',
    });
  });

  test('takes the verdict of the tool before the last line, with findings for the author, about the author’s commit', async () => {
    const world = worldWith(reviewed);
    const { id } = await begin(world);
    await says(world, 'I added it.');
    const finding = { file: 'src/health.ts', line: 3, severity: 'major', text: 'It has no test.' };
    const letter = { kind: 'verdict', verdict: 'request_changes', summary: 'Not yet.', findings: [finding] };
    world.sandbox.writeLetter(active(world).id, { ...letter, verdict: 'approve' });
    expect(world.sandbox.answerTo(active(world).id, 1)).toEqual({ recorded: 'approve' });
    world.sandbox.writeLetter(active(world).id, letter);
    await says(world, 'Fine.\nVERDICT: approve');
    expect(active(world).agent).toBe('dev');
    const { messages, verdicts } = world.store.read(stores => ({
      messages: stores.messages.ofThread(view(world, id).thread.id),
      verdicts: stores.verdicts.ofThread(view(world, id).thread.id),
    }));
    expect(messages.at(-1)?.body).toContain('Not yet.\n\n- src/health.ts:3: (major) It has no test.');
    expect(verdicts).toMatchObject([{ agent: 'reviewer', verdict: 'request_changes', findings: [finding] }]);
    expect(verdicts[0]?.commit).toBe(view(world, id).thread.head);
  });

  test('hears a verdict that was written just before the reviewer ended', async () => {
    const world = worldWith(reviewed);
    const { id, host } = await begin(world);
    await says(world, 'I added it.');
    const reviewer = active(world);
    await host.end();
    world.sandbox.writeLetter(reviewer.id, { kind: 'verdict', verdict: 'approve', summary: 'Good.' });
    world.sandbox.exit(reviewer.id, { code: 0 });
    await coreHost(world).takeUp();
    await world.clock.advance(1_000);
    expect(view(world, id)).toMatchObject({ status: 'ready', chain: { state: 'approved' } });
  });

  test('puts aside what a reviewer changed that may only read, and nothing of one that did not', async () => {
    const world = worldWith({ ...reviewed, reviewer: { workspace: { provider: 'thread', access: 'read' } } });
    const { id } = await begin(world);
    const worktree = view(world, id).thread.worktree ?? '';
    world.git.write(`${worktree}/health.ts`, 'export const healthy = true;');
    await says(world, 'I added it.');
    await says(world, 'It has no test.\nVERDICT: request changes');
    expect(view(world, id).thread.notes ?? []).toEqual([]);
    await says(world, 'Now it has.');
    world.git.write(`${worktree}/health.ts`, 'export const healthy = false;');
    await says(world, 'VERDICT: approve');
    const { thread, status } = view(world, id);
    expect(thread.notes).toEqual([
      expect.stringMatching(
        /^reviewer may only read here, and changed files\. They are put aside: `git diff \w+ refs\/muster\/aside\/\w+` shows them\.$/,
      ),
    ]);
    // What was reviewed is what is ready, and what lies in the worktree.
    expect(status).toBe('ready');
    expect(world.git.commit(thread.head ?? '').files.get('health.ts')).toBe('export const healthy = true;');
    expect(world.git.checkouts.get(worktree)?.files.get('health.ts')).toBe('export const healthy = true;');
  });

  test('to several reviewers: all are heard, one who asks for changes is enough', async () => {
    const world = worldWith({ dev: { handoff: { on_response: ['a', 'b'] } }, a: {}, b: {} });
    const { id } = await begin(world);
    await says(world, 'I added it.');
    expect(await says(world, 'VERDICT: approve')).toBe('a');
    expect(await says(world, 'Not yet.\nVERDICT: request changes')).toBe('b');
    expect(active(world).agent).toBe('dev');
    expect(view(world, id).chain?.said).toMatchObject([{ verdict: 'approve' }, { verdict: 'request_changes' }]);
  });

  test('with join: any to several reviewers: the first verdict decides, and the others do not run', async () => {
    const world = worldWith({ dev: { handoff: { on_response: ['a', 'b', 'c'], join: 'any' } }, a: {}, b: {}, c: {} });
    const { id } = await begin(world);
    await says(world, 'I added it.');
    expect(await says(world, 'I do not know.')).toBe('a');
    expect(await says(world, 'VERDICT: approve')).toBe('b');
    expect(view(world, id)).toMatchObject({ status: 'ready', chain: { state: 'approved', waiting: [] } });
    const runs = world.store.read(stores => stores.runs.ofThread(view(world, id).thread.id));
    expect(runs.map(({ agent, status }) => `${agent} ${status}`)).toEqual([
      'dev succeeded',
      'a succeeded',
      'b succeeded',
    ]);
  });

  test('with join: none: what reviewers say goes back to nobody', async () => {
    const world = worldWith({ dev: { handoff: { on_response: ['a', 'b'], join: 'none' } }, a: {}, b: {} });
    const { id } = await begin(world);
    await says(world, 'I added it.');
    await says(world, 'VERDICT: request changes');
    await says(world, 'Hm.');
    expect(view(world, id)).toMatchObject({ status: 'ready', chain: { state: 'commented' } });
    expect(world.store.read(stores => stores.runs.active())).toEqual([]);
  });

  test('of a task that failed goes to the agent that takes over, within the limit', async () => {
    const handoff = (on_failure: string) => ({ handoff: { on_failure, max_depth: 2 } });
    const world = worldWith({ dev: handoff('fixer'), fixer: handoff('dev') });
    const { id } = await begin(world);
    const failsNow = async (): Promise<void> => {
      world.sandbox.exit(active(world).id, { code: 1 });
      await settle();
      await world.clock.advance(1_000);
    };
    await failsNow();
    expect(active(world).agent).toBe('fixer');
    const messages = world.store.read(stores => stores.messages.ofThread(view(world, id).thread.id));
    expect(messages.at(-1)).toMatchObject({ from: 'dev', to: 'fixer', intent: 'take-over' });
    expect(messages.at(-1)?.body).toContain('Add a health check');
    await failsNow();
    expect(active(world).agent).toBe('dev');
    await failsNow();
    expect(view(world, id)).toMatchObject({ status: 'needs_you', chain: { state: 'handed', depth: 2 } });
    expect(world.store.read(stores => stores.runs.active())).toEqual([]);
  });

  test('does not follow a failure', async () => {
    const world = worldWith(reviewed);
    const { id } = await begin(world);
    world.sandbox.exit(active(world).id, { code: 1 });
    await settle();
    expect(view(world, id)).toMatchObject({ status: 'needs_you' });
    expect(world.store.read(stores => stores.runs.active())).toEqual([]);
  });

  test('is left out when the message says so', async () => {
    const world = worldWith(reviewed);
    const { id } = await begin(world, { skipHandoff: true });
    await says(world, 'I added it.');
    expect(view(world, id)).toMatchObject({ status: 'ready' });
    expect(world.store.read(stores => stores.runs.active())).toEqual([]);
  });

  test('does not happen on a thread that was closed meanwhile', async () => {
    const world = worldWith(reviewed);
    const { id, host } = await begin(world);
    await host.threads.close(id, { stop: true });
    await settle();
    expect(world.store.read(stores => stores.runs.active())).toEqual([]);
  });
});

describe('several reviewers', () => {
  const two = { dev: { handoff: { on_response: ['reviewer', 'tester'] } }, reviewer: {}, tester: {} };

  test('all say what they think; one who asks for changes wins, and the author hears of all who do', async () => {
    const world = worldWith(two);
    const { id } = await begin(world);
    await says(world, 'I added it.');
    expect(await says(world, 'No docs.\nVERDICT: request changes')).toBe('reviewer');
    expect(await says(world, 'VERDICT: approve')).toBe('tester');
    expect(active(world).agent).toBe('dev');
    const body = world.store.read(stores => stores.messages.ofThread(view(world, id).thread.id)).at(-1)?.body;
    expect(body).toContain('No docs.');
    expect(body).not.toContain('tester asks');
  });

  test('that agree make the thread ready only when the last has spoken', async () => {
    const world = worldWith(two);
    const { id } = await begin(world);
    await says(world, 'I added it.');
    await says(world, 'VERDICT: approve');
    expect(view(world, id).status).not.toBe('ready');
    await says(world, 'VERDICT: comment');
    expect(view(world, id)).toMatchObject({ status: 'ready', chain: { state: 'approved' } });
  });
});

test('an agent’s approval is no person’s: nothing is marked as approved for a merge', async () => {
  const world = worldWith(reviewed);
  const { id } = await begin(world);
  await says(world, 'I added it.');
  await says(world, 'VERDICT: approve');
  expect(view(world, id).approved).toBeUndefined();
});

describe('trying again', () => {
  test('asks the reviewer that gave no verdict, and the chain goes on with its answer', async () => {
    const world = worldWith(reviewed);
    const { host, id } = await begin(world);
    await says(world, 'I added it.');
    await says(world, 'Hm.');
    expect(view(world, id)).toMatchObject({ status: 'needs_you', chain: { state: 'undecided' } });
    const retries = new RetryThread({ store: world.store, dispatcher: host.dispatcher });
    await retries.again(id, { environment: {}, key: 'again' });
    await settle();
    expect(active(world)).toMatchObject({ agent: 'reviewer' });
    await says(world, 'Fine.\nVERDICT: approve');
    expect(view(world, id)).toMatchObject({ status: 'ready', chain: { state: 'approved', depth: 1 } });
  });

  test('asks the author when it was the author that failed', async () => {
    const world = worldWith(reviewed);
    const { host, id } = await begin(world);
    world.sandbox.exit(active(world).id, { code: 1 });
    await settle();
    const retries = new RetryThread({ store: world.store, dispatcher: host.dispatcher });
    await retries.again(id, { environment: {}, key: undefined });
    await settle();
    expect(active(world)).toMatchObject({ agent: 'dev' });
  });
});
