import { describe, expect, test } from 'vitest';
import { settle } from '../../support/clock.js';
import { coreHost, coreWorld, runNow, waitingAgent, type CoreWorld } from '../../support/coreHost.ts';
import { specOf } from '../../support/projectSpecs.ts';

const permission = (command: string) => ({ kind: 'permission', tool: 'Bash', input: { command } });

async function asked(world: CoreWorld, body: unknown) {
  const host = coreHost(world);
  const task = await host.dispatch();
  const letter = world.sandbox.writeLetter(task.run.id, body);
  const questions = () => world.store.read(stores => stores.questions.open());
  const only = () => {
    const [one] = questions();
    if (!one) throw new Error('Nothing is asked');
    return one;
  };
  return { host, letter, questions, only, ...task };
}

describe('a question of an agent', () => {
  test('makes its thread need a person, says what it is, and goes back with the answer', async () => {
    const world = coreWorld();
    const { host, run, thread, letter, only } = await asked(world, permission('npm test'));
    expect(runNow(world, run).status).toBe('waiting');
    expect(await host.threads.get(thread.id)).toMatchObject({
      status: 'needs_you',
      needs: 'dev asks: Bash: npm test',
      questions: [{ kind: 'permission', rule: 'Bash(npm test)' }],
    });
    host.questions.answer(only().id, 'deny', 'Not now.');
    host.mail.look(run.id);
    expect(world.sandbox.answerTo(run.id, letter)).toEqual({ decision: 'deny', text: 'Not now.' });
    expect(runNow(world, run).status).toBe('running');
    expect((await host.threads.get(thread.id)).questions).toEqual([]);
  });

  test('stands the clock of its run still, however long the answer takes', async () => {
    const world = coreWorld(
      specOf(waitingAgent.replace('"provider":"mine"}', '"provider":"mine","timeout":"1h","stall_timeout":"10m"}')),
    );
    const { host, run, only } = await asked(world, permission('npm test'));
    await world.clock.advance(10 * 3_600_000);
    expect(runNow(world, run).status).toBe('waiting');
    host.questions.answer(only().id, 'allow', '');
    host.mail.look(run.id);
    await world.clock.advance(11 * 60_000);
    expect(runNow(world, run)).toMatchObject({ status: 'timed_out', error: { code: 'stall' } });
  });

  test('that is allowed for the whole thread is not asked again there, and is asked elsewhere', async () => {
    const world = coreWorld();
    const { host, run, only, questions } = await asked(world, permission('npm test'));
    host.questions.answer(only().id, 'always', '');
    host.mail.look(run.id);
    const again = world.sandbox.writeLetter(run.id, permission('npm test'));
    expect(world.sandbox.answerTo(run.id, again)).toMatchObject({ decision: 'allow' });
    world.sandbox.writeLetter(run.id, permission('npm test && rm -rf .'));
    expect(questions()).toMatchObject([{ title: 'Bash: npm test && rm -rf .' }]);
    const other = await host.dispatch();
    world.sandbox.writeLetter(other.run.id, permission('npm test'));
    expect(questions()).toHaveLength(2);
  });

  test('is still open after the host died, also when it died between the answer and the letter', async () => {
    const world = coreWorld();
    const { host, run, letter, only } = await asked(world, { kind: 'question', text: 'Which?', options: ['a', 'b'] });
    await host.end();
    const next = coreHost(world);
    await next.takeUp();
    expect(runNow(world, run).status).toBe('waiting');
    expect(only()).toMatchObject({ kind: 'text', title: 'Which?', options: ['a', 'b'] });
    next.questions.answer(only().id, 'answer', 'b');
    await next.end();
    expect(world.sandbox.answerTo(run.id, letter)).toBeUndefined();
    await coreHost(world).takeUp();
    expect(world.sandbox.answerTo(run.id, letter)).toEqual({ decision: 'answer', text: 'b' });
  });

  test('takes one answer, one that fits, and none when its run has ended', async () => {
    const world = coreWorld();
    const { host, run, only } = await asked(world, permission('npm test'));
    const { id } = only();
    expect(() => host.questions.answer(id, 'answer', 'yes')).toThrow(/answer allow, deny or always/);
    expect(() => host.questions.answer('zzzz', 'allow', '')).toThrow(/no question "zzzz"/);
    host.questions.answer(id.slice(0, 6), 'allow', '');
    expect(() => host.questions.answer(id, 'allow', '')).toThrow(/answered already/);
    host.mail.look(run.id);
    world.sandbox.writeLetter(run.id, permission('ls'));
    const second = only().id;
    world.sandbox.exit(run.id, { code: 0 });
    await settle();
    await world.clock.advance(1_000);
    expect(() => host.questions.answer(second, 'allow', '')).toThrow(/its run has ended/);
    expect(world.store.read(stores => stores.questions.open())).toEqual([]);
  });

  test.each([
    ['nothing', undefined, /not a JSON object/],
    ['a list', [], /not a JSON object/],
    ['an unknown kind', { kind: 'merge' }, /does not know this kind/],
    ['an empty question', { kind: 'question', text: '  ' }, /is empty/],
    ['a verdict that nobody asked for', { kind: 'verdict', verdict: 'approve' }, /Nobody asked you/],
    ['a verdict of another word', { kind: 'verdict', verdict: 'lgtm' }, /must be one of/],
  ])('%s is answered with what is wrong', async (_, body, reason) => {
    const world = coreWorld();
    const { run, letter, questions } = await asked(world, body);
    expect(world.sandbox.answerTo(run.id, letter)).toEqual({ error: expect.stringMatching(reason) as string });
    expect(questions()).toEqual([]);
  });
});
