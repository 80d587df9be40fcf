import { create } from '@bufbuild/protobuf';
import { describe, expect, test, vi } from 'vitest';
import { ThreadPageController } from '../../../src/pages/threadPage/threadPageController.js';
import type { ThreadPageServices } from '../../../src/pages/threadPage/threadPageServices.js';
import { ProjectSchema } from '../../../src/protocol/gen/muster/v1/projects_pb.js';
import type { RunSchema } from '../../../src/protocol/gen/muster/v1/runs_pb.js';
import {
  DiffThreadResponseSchema,
  GetThreadResponseSchema,
  type Thread,
} from '../../../src/protocol/gen/muster/v1/threads_pb.js';
import { toThreadPageSchema, type ToThreadPage } from '../../../src/protocol/webview/threadPageMessages.js';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { FakeLive, FakeTranscript, wireThread } from './fakeLive.js';

const threadId = 'k3v9x2m4q7wz';

/** A page's extension side with everything around it played by the test. */
function setUp() {
  const live = new FakeLive();
  const transcripts = new Map<string, FakeTranscript>();
  const transcript = (runId: string): FakeTranscript => {
    const known = transcripts.get(runId) ?? new FakeTranscript();
    transcripts.set(runId, known);
    return known;
  };
  const host = {
    thread: wireThread(),
    runs: [] as MessageInitShape<typeof RunSchema>[],
    loads: 0,
    diffs: 0,
    files: ['a.ts'],
    refuse: undefined as Error | undefined,
  };
  const drafts = new Map<string, string>();
  const called: string[] = [];
  const opened: unknown[] = [];
  const services: ThreadPageServices = {
    live,
    closing: new AbortController().signal,
    async getThread() {
      host.loads++;
      if (host.refuse) throw host.refuse;
      return create(GetThreadResponseSchema, { thread: host.thread, runs: host.runs });
    },
    async diffThread() {
      host.diffs++;
      return create(DiffThreadResponseSchema, {
        files: host.files.map(path => ({ path, status: 'modified', additions: 1 })),
        uncommitted: ['b.ts'],
      });
    },
    readTranscript: ({ runId, from, follow }, signal) => transcript(runId).read({ from, follow }, signal),
    async followUp({ agent, text, key }) {
      called.push(`followUp ${agent} ${text} ${key}`);
      if (host.refuse) throw host.refuse;
    },
    async act(action, id) {
      called.push(`${action} ${id}`);
      if (host.refuse) throw host.refuse;
    },
    async openDiff(_, path) {
      called.push(`diff ${path}`);
    },
    async openRunLog(_, runId) {
      called.push(`log ${runId}`);
    },
    async startHost() {
      called.push('startHost');
    },
    drafts: {
      get: id => drafts.get(id) ?? '',
      async set(id, text) {
        drafts.set(id, text);
      },
    },
  };
  const posted: ToThreadPage[] = [];
  const titles: string[] = [];
  const controller = new ThreadPageController({
    threadId,
    services,
    strings: { stop: 'Anhalten' },
    editor: {
      async openFile(target) {
        opened.push(target);
      },
      async openLink(url) {
        opened.push(url);
      },
    },
    post: message => posted.push(toThreadPageSchema.parse(JSON.parse(JSON.stringify(message)))),
    onThread: (thread: Thread) => titles.push(thread.summary),
  });
  const said = (): readonly string[] =>
    posted.flatMap(message =>
      message.type === 'transcript' ? message.entries.flatMap(entry => ('text' in entry ? [entry.text] : [])) : [],
    );
  const types = (): readonly string[] => posted.map(message => message.type);
  const run = (id: string, status: string) => ({ id, status, messageId: 'm', startedAt: 1n });
  return { live, host, transcript, drafts, called, opened, posted, titles, controller, said, types, run };
}

const until = (check: () => unknown): Promise<unknown> =>
  vi.waitFor(() => expect(check()).toBeTruthy(), { interval: 5, timeout: 30_000 });

describe('a session of a thread page', () => {
  test('everything is sent when the page is ready: what is known at once, the transcripts, then what is new', async () => {
    const { live, host, transcript, controller, posted, said, types, run, titles } = setUp();
    live.known.set(threadId, wireThread({ summary: 'Upgrade' }));
    host.runs = [run('r1', 'succeeded'), run('r2', 'running')];
    transcript('r1').say('One.');
    transcript('r2').say('Two.');
    controller.receive({ type: 'ready' });
    expect(types()).toEqual(['init', 'connection', 'thread']);
    await until(() => types().includes('caughtUp'));
    expect([...said()].sort()).toEqual(['One.', 'Two.']);
    expect(titles).toEqual(['Upgrade', 'Upgrade zod']);
    transcript('r2').say('Three.');
    await until(() => said().includes('Three.'));
    expect(said().filter(text => text === 'Two.')).toHaveLength(1);
    expect(posted).toContainEqual(expect.objectContaining({ type: 'files', uncommitted: 1 }));
    controller.dispose();
  });

  test('its project is called as elsewhere: apart from another of the same name', async () => {
    const { live, posted, controller } = setUp();
    const project = (id: string) =>
      create(ProjectSchema, { id, name: 'demo', file: `/w/${id}/agent-compose.yml`, agents: [] });
    live.listed = [project('greeter'), project('second')];
    live.known.set(threadId, wireThread({ projectId: 'second', projectName: 'demo' }));
    controller.receive({ type: 'ready' });
    expect(posted.find(message => message.type === 'thread')).toMatchObject({
      thread: { projectName: 'demo (second)' },
    });
    controller.dispose();
  });

  test('growing transcripts and costs fetch nothing again; a run that ends does', async () => {
    const { live, host, controller, types, run } = setUp();
    host.runs = [run('r1', 'running')];
    host.thread = wireThread({ latestRun: { id: 'r1', status: 'running' } });
    controller.receive({ type: 'ready' });
    await until(() => types().includes('caughtUp') && types().includes('files'));
    for (let cost = 1; cost < 20; cost++)
      live.change(wireThread({ latestRun: { id: 'r1', status: 'running' }, costUsd: cost }));
    expect([host.loads, host.diffs]).toEqual([1, 1]);
    host.thread = wireThread({ status: 'ready', head: 'abc', latestRun: { id: 'r1', status: 'succeeded' } });
    live.change(host.thread);
    await until(() => host.loads === 2 && host.diffs === 2);
    controller.dispose();
  });

  test('the files are asked for while the agent works, a few times a minute at most', async () => {
    vi.useFakeTimers();
    try {
      const { live, host, controller, run } = setUp();
      host.runs = [run('r1', 'running')];
      host.thread = wireThread({ latestRun: { id: 'r1', status: 'running' } });
      controller.receive({ type: 'ready' });
      await vi.advanceTimersByTimeAsync(100);
      expect(host.diffs).toBe(1);
      for (let cost = 1; cost < 20; cost++) {
        live.change(wireThread({ latestRun: { id: 'r1', status: 'running' }, costUsd: cost }));
        await vi.advanceTimersByTimeAsync(500);
      }
      expect(host.diffs).toBeGreaterThan(2);
      expect(host.diffs).toBeLessThan(6);
      controller.dispose();
      const asked = host.diffs;
      await vi.advanceTimersByTimeAsync(60_000);
      expect(host.diffs).toBe(asked);
    } finally {
      vi.useRealTimers();
    }
  });

  test('a hidden page reads nothing and hears nothing; the next ready starts over', async () => {
    const { live, host, transcript, controller, posted, types, run } = setUp();
    host.runs = [run('r1', 'running')];
    controller.receive({ type: 'ready' });
    await until(() => types().includes('caughtUp') && transcript('r1').readers === 1);
    controller.pause();
    await until(() => transcript('r1').readers === 0 && live.listeners === 0);
    const before = posted.length;
    transcript('r1').say('Unheard.');
    live.change(wireThread());
    expect(posted).toHaveLength(before);
    controller.receive({ type: 'ready' });
    await until(() => JSON.stringify(posted.slice(before)).includes('Unheard.'));
    controller.dispose();
  });

  test('after a lost connection the transcript goes on where it stopped', async () => {
    const { live, host, transcript, controller, said, types, run } = setUp();
    host.runs = [run('r1', 'running')];
    controller.receive({ type: 'ready' });
    transcript('r1').say('One.');
    await until(() => said().includes('One.') && types().includes('caughtUp'));
    live.connect('offline');
    transcript('r1').break();
    await until(() => transcript('r1').readers === 0);
    transcript('r1').say('Two.');
    live.connect('online');
    await until(() => said().includes('Two.'));
    expect(said()).toEqual(['One.', 'Two.']);
    expect(types()).not.toContain('failed');
    controller.dispose();
  });

  test('a queued run is read when it has started, also when it is over by then', async () => {
    const { live, host, transcript, controller, said, types, run } = setUp();
    host.runs = [run('r1', 'queued')];
    host.thread = wireThread({ status: 'queued', latestRun: { id: 'r1', status: 'queued' } });
    controller.receive({ type: 'ready' });
    await until(() => types().includes('caughtUp'));
    expect(transcript('r1').readers).toBe(0);
    transcript('r1').say('Quick.');
    transcript('r1').end();
    host.runs = [run('r1', 'succeeded')];
    host.thread = wireThread({ status: 'ready', latestRun: { id: 'r1', status: 'succeeded' } });
    live.change(host.thread);
    await until(() => said().includes('Quick.'));
    controller.dispose();
  });

  test('a thread that cannot be loaded says why, and can be tried again', async () => {
    const { host, controller, posted, types } = setUp();
    host.refuse = new Error('There is no such thread.');
    controller.receive({ type: 'ready' });
    await until(() => types().includes('failed'));
    expect(posted).toContainEqual({ type: 'failed', what: 'load', message: 'There is no such thread.' });
    host.refuse = undefined;
    controller.receive({ type: 'reload' });
    await until(() => types().includes('caughtUp'));
    controller.dispose();
  });
});

describe('what a page asks for', () => {
  test('each button does its one thing, and a failure is told', async () => {
    const { host, controller, called, opened, posted, types } = setUp();
    controller.receive({ type: 'ready' });
    await until(() => types().includes('caughtUp'));
    controller.receive({ type: 'act', action: 'merge' });
    controller.receive({ type: 'openDiff', path: 'a.ts' });
    controller.receive({ type: 'openRunLog', runId: 'r1' });
    controller.receive({ type: 'startHost' });
    controller.receive({ type: 'openFile', path: 'a.ts', line: 3 });
    controller.receive({ type: 'openLink', url: 'https://example.com' });
    expect(called).toEqual([`merge ${threadId}`, 'diff a.ts', 'log r1', 'startHost']);
    expect(opened).toEqual([{ path: 'a.ts', line: 3, roots: ['/w/upgrade', '/r/shop'] }, 'https://example.com']);
    host.refuse = new Error('The merge was refused.');
    controller.receive({ type: 'act', action: 'merge' });
    await until(() => types().includes('failed'));
    expect(posted.at(-1)).toEqual({ type: 'failed', what: 'action', message: 'The merge was refused.' });
    controller.dispose();
  });

  test('a follow-up is answered by its key, whether it arrived or not', async () => {
    const { host, controller, called, posted, types } = setUp();
    controller.receive({ type: 'ready' });
    await until(() => types().includes('caughtUp'));
    controller.receive({ type: 'followUp', agent: 'dev', text: 'And the docs.', key: 'key-00000001' });
    await until(() => types().includes('followUpDone'));
    expect(called).toEqual(['followUp dev And the docs. key-00000001']);
    expect(posted).toContainEqual({ type: 'followUpDone', key: 'key-00000001' });
    host.refuse = new Error('The queue is full.');
    controller.receive({ type: 'followUp', agent: 'dev', text: 'More.', key: 'key-00000002' });
    await until(() => posted.some(message => message.type === 'followUpDone' && message.error !== undefined));
    expect(posted).toContainEqual({ type: 'followUpDone', key: 'key-00000002', error: 'The queue is full.' });
    controller.dispose();
  });

  test.each([
    null,
    'ready',
    { type: 'act', action: 'format-disk' },
    { type: 'openFile', path: '' },
    { type: 'openFile', path: 'a.ts', line: -1 },
    { type: 'followUp', text: '', agent: 'dev', key: 'key-00000001' },
    { type: 'followUp', text: 'x'.repeat(1_000_001), agent: 'dev', key: 'key-00000001' },
  ])('what is no message of the page is dropped: %j', async raw => {
    const { controller, called, opened, posted } = setUp();
    controller.receive(raw);
    expect([called, opened, posted]).toEqual([[], [], []]);
  });

  test('the cursor goes into the follow-up box, now or when the page is there', () => {
    const { controller, types } = setUp();
    controller.focusFollowUp();
    expect(types()).toEqual([]);
    controller.receive({ type: 'ready' });
    expect(types().slice(0, 2)).toEqual(['init', 'focusFollowUp']);
    controller.focusFollowUp();
    expect(types().filter(type => type === 'focusFollowUp')).toHaveLength(2);
    controller.dispose();
  });

  test('a draft of an earlier window is handed over, and forgotten when it was sent', async () => {
    const { drafts, posted, controller } = setUp();
    drafts.set(threadId, 'half a thought');
    controller.receive({ type: 'ready' });
    expect(posted).toContainEqual({ type: 'draft', text: 'half a thought' });
    controller.receive({ type: 'draft', text: 'a whole one' });
    expect(drafts.get(threadId)).toBe('a whole one');
    controller.receive({ type: 'followUp', text: 'a whole one', agent: 'dev', key: 'key-00001' });
    await until(() => posted.some(({ type }) => type === 'followUpDone'));
    expect(drafts.get(threadId)).toBe('');
  });

  test('files are listed with their numbers in order', async () => {
    const { host, posted, controller } = setUp();
    host.files = ['step10.ts', 'step9.ts', 'a/b.ts'];
    controller.receive({ type: 'ready' });
    await until(() => posted.some(({ type }) => type === 'files'));
    const shown = posted.find(message => message.type === 'files');
    expect(shown?.files.map(({ path }) => path)).toEqual(['a/b.ts', 'step9.ts', 'step10.ts']);
  });
});
