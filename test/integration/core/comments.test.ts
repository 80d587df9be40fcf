import { describe, expect, test } from 'vitest';
import { CommentService } from '../../../src/core/reviews/commentService.ts';
import { FindingComments } from '../../../src/core/reviews/findingComments.ts';
import { silentLog } from '../../../src/base/log.ts';
import { RequestChanges } from '../../../src/core/reviews/requestChanges.ts';
import { coreHost, coreWorld, finishRun } from '../../support/coreHost.ts';
import { settle } from '../../support/clock.ts';
import { randomIds } from '../../support/randomIds.ts';

const code = ['one', 'two', 'three', 'four', ''].join('\n');

/** A thread whose agent has written {@link code} to `readme.md`. */
async function reviewed() {
  const world = coreWorld();
  const host = coreHost(world);
  const task = await host.dispatch();
  await finishRun(world, task, code);
  const { id } = task.thread;
  await host.settler.settled(id);
  const decode = (content: Uint8Array): string => new TextDecoder().decode(content);
  const comments = new CommentService({ ...world, ids: randomIds(), driver: world.worktrees, decode });
  const requests = new RequestChanges({ store: world.store, comments, dispatcher: host.dispatcher });
  const at = (line: number) => ({ path: 'readme.md', side: 'changed' as const, lines: { start: line, end: line } });
  const messages = () => world.store.read(stores => stores.messages.ofThread(id));
  /** The author works again, on what it was asked last. */
  const work = async (text: string, answer: string) => {
    const run = world.store.read(stores => stores.runs.ofThread(id)).at(-1);
    if (!run) throw new Error('no run');
    await settle();
    world.sandbox.write(run.id, `${answer}\n`);
    await finishRun(world, { thread: task.thread, run }, text);
    await host.settler.settled(id);
  };
  const request = (note = '', idempotencyKey?: string) => requests.send(id, { note, environment: {}, idempotencyKey });
  const requestAgain = () => requests.send(id, { note: '', environment: {}, again: true });
  return { world, host, id, comments, requests, request, requestAgain, at, messages, work };
}

describe('a comment', () => {
  test('keeps the code it is about, is counted on the thread, and can be said otherwise until it is sent', async () => {
    const { comments, host, id, at, request } = await reviewed();
    const draft = await comments.add(id, at(2), '  Why two?  ');
    expect(draft).toMatchObject({ state: 'draft', text: 'Why two?', place: { anchor: { lines: ['two'] } } });
    expect((await host.threads.get(id)).comments).toEqual({ drafts: 1, open: 0 });
    comments.edit(id, draft.id.slice(0, 12), 'Why not three?');
    await request();
    expect((await host.threads.get(id)).comments).toEqual({ drafts: 0, open: 1 });
    expect(() => comments.edit(id, draft.id, 'Too late')).toThrow(/answer it instead/);
    expect(() => comments.remove(id, draft.id)).toThrow(/Resolve it/);
  });

  test('on a file that is not there is refused', async () => {
    const { comments, id, at } = await reviewed();
    await expect(comments.add(id, { ...at(1), path: 'none.md' }, 'x')).rejects.toMatchObject({
      code: 'request.invalid',
    });
    await expect(comments.add(id, at(1), ' \n ')).rejects.toMatchObject({ code: 'request.invalid' });
  });

  test('can be taken back with what was answered to it', async () => {
    const { comments, id, at } = await reviewed();
    const draft = await comments.add(id, at(1), 'x');
    comments.reply(id, draft.id, 'y');
    comments.remove(id, draft.id);
    expect(await comments.list(id)).toEqual([]);
  });
});

describe('requesting changes', () => {
  test('is sent to whom the reviewer names instead of the author', async () => {
    const { requests, id } = await reviewed();
    const sent = requests.send(id, { note: 'Shorter', environment: {}, agent: 'helper2' });
    await expect(sent).rejects.toMatchObject({ code: 'agent.unknown', data: { agent: 'helper2' } });
  });

  test('sends all drafts as one message with file, line, code and words, and the author goes on', async () => {
    const { comments, id, at, request, messages, host } = await reviewed();
    await comments.add(id, at(2), 'Why two?');
    await comments.add(id, { ...at(3), lines: { start: 3, end: 4 } }, 'Too many.');
    const { run } = await request('Nearly there.');
    const [sent, ...others] = messages().filter(({ intent }) => intent === 'changes-requested');
    expect(others).toEqual([]);
    expect(sent).toMatchObject({ from: 'you', to: 'dev', runId: run.id });
    for (const part of [
      'Nearly there.',
      'readme.md, line 2',
      'two',
      'Why two?',
      'readme.md, lines 3 to 4',
      'Too many.',
    ]) {
      expect(sent?.body).toContain(part);
    }
    expect((await host.threads.get(id)).status).toBe('working');
  });

  test('is refused when nothing is said', async () => {
    const { request, id } = await reviewed();
    await expect(request(' ')).rejects.toMatchObject({ code: 'request.invalid', data: { field: 'note' } });
    expect(id).toBeDefined();
  });

  test('with the same key is sent once', async () => {
    const { comments, id, at, request, messages } = await reviewed();
    await comments.add(id, at(2), 'Why two?');
    const first = await request('', 'key');
    expect((await request('', 'key')).run.id).toBe(first.run.id);
    expect(messages().filter(({ intent }) => intent === 'changes-requested')).toHaveLength(1);
  });

  test('sends what is still open again when asked to, and its answer resolves that', async () => {
    const { comments, id, at, request, requestAgain, messages, work } = await reviewed();
    const left = await comments.add(id, at(1), 'Do this.');
    const resolved = await comments.add(id, at(2), 'And that.');
    await request();
    await work('changed', `DONE: ${resolved.id.slice(0, 6)}`);
    await expect(request()).rejects.toMatchObject({ code: 'request.invalid' });
    const { run } = await requestAgain();
    const [sent] = messages().filter(({ runId }) => runId === run.id);
    expect(sent?.body).toContain('Do this.');
    expect(sent?.body).not.toContain('And that.');
    await work('changed again', `DONE: ${left.id.slice(0, 6)}`);
    expect((await comments.list(id)).map(({ comment }) => comment.state)).toEqual(['resolved', 'resolved']);
  });

  test('the answer resolves what it says is done, and only of what it was asked', async () => {
    const { comments, id, at, request, work } = await reviewed();
    const done = await comments.add(id, at(1), 'Do this.');
    const left = await comments.add(id, at(2), 'And that.');
    await request();
    const later = await comments.add(id, at(3), 'Not sent.');
    const lines = [done, later].map(comment => `DONE: ${comment.id.slice(0, 6)}`);
    await work('zero\none\ntwo\nthree\nfour\n', `I did it.\n${lines.join('\n')}`);
    const now = await comments.list(id);
    const state = (wanted: string) => now.find(({ comment }) => comment.id === wanted)?.comment;
    expect(state(done.id)).toMatchObject({ state: 'resolved', resolvedBy: 'dev' });
    expect(state(left.id)).toMatchObject({ state: 'open' });
    expect(state(later.id)).toMatchObject({ state: 'draft' });
    expect(comments.resolve(id, done.id, false).state).toBe('open');
  });

  test('comments follow their code into the next round, and say when it is gone', async () => {
    const { comments, id, at, request, work } = await reviewed();
    const kept = await comments.add(id, at(2), 'Stays.');
    const gone = await comments.add(id, at(3), 'Goes.');
    await request();
    await work('zero\none\ntwo\n3\nfour\n', 'Done.');
    const places = new Map((await comments.list(id)).map(({ comment, now }) => [comment.id, now]));
    expect(places.get(kept.id)).toEqual({ start: 3, end: 3 });
    expect(places.get(gone.id)).toBeUndefined();
  });
});

describe('what a reviewing agent found', () => {
  test('becomes comments of that agent, which its next verdict resolves', async () => {
    const { world, id, comments, host } = await reviewed();
    const decode = (content: Uint8Array): string => new TextDecoder().decode(content);
    const findings = new FindingComments({
      ...world,
      ids: randomIds(),
      log: silentLog,
      driver: world.worktrees,
      decode,
    });
    const thread = (await host.threads.get(id)).thread;
    const say = async (line: number, text: string) => {
      const runId = world.ids.next<'run'>();
      const [run] = world.store.read(stores => stores.runs.ofThread(id));
      if (!run) throw new Error('no run');
      world.store.transact(stores => {
        stores.runs.insert({ ...run, id: runId });
        stores.verdicts.save({
          runId,
          threadId: id,
          agent: 'critic',
          verdict: 'request_changes',
          summary: 'So so.',
          findings: [
            { file: 'readme.md', line, severity: 'major', text },
            { file: 'none.md', line: 1, severity: 'note', text: 'About a file that is not there.' },
            { file: '', severity: 'note', text: 'About the whole.' },
          ],
          commit: thread.head ?? '',
          at: 1,
        });
      });
      await findings.make(id);
      await findings.make(id);
    };
    await say(2, 'Two is wrong.');
    const [first, ...others] = await comments.list(id);
    expect(others).toEqual([]);
    expect(first).toMatchObject({
      comment: { author: 'critic', severity: 'major', state: 'open', text: 'Two is wrong.' },
      now: { start: 2, end: 2 },
    });
    await say(3, 'Three too.');
    const states = (await comments.list(id)).map(({ comment }) => [comment.text, comment.state]);
    expect(states).toEqual([
      ['Two is wrong.', 'resolved'],
      ['Three too.', 'open'],
    ]);
    await findings.dispose();
  });
});
