import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../src/core/events/domainEvent.js';
import type { Project } from '../../src/core/projects/project.js';
import type { Run } from '../../src/core/runs/run.js';
import { claimRun, startRun } from '../../src/core/runs/runTransitions.js';
import { emptyDigest } from '../../src/core/runs/runDigest.js';
import { countingIds } from '../support/ids.js';
import { specOf } from '../support/projectSpecs.js';
import { seedProject, seedThread } from '../support/seed.js';
import { openTestStore } from '../support/sqliteStore.js';

/** The stores have no fake: a real database in a file is as quick, and cannot lie. */
let opened: ReturnType<typeof openTestStore>;
let ids: ReturnType<typeof countingIds>;
let project: Project;

beforeEach(() => {
  opened = openTestStore();
  ids = countingIds();
  project = seedProject(opened.store, ids, specOf('agents: {dev: {provider: claude}, reviewer: {provider: codex}}'));
});
afterEach(() => opened.dispose());

describe('a transaction', () => {
  it('commits a change together with its event, and tells it after the commit', () => {
    const told: RecordedEvent[] = [];
    opened.store.onDidCommit(events => told.push(...events));
    const { thread } = seedThread(opened.store, ids, project.id);
    opened.store.transact(stores => {
      stores.threads.update({ ...thread, summary: 'Other' });
      stores.events.append({ kind: 'thread_changed', threadId: thread.id }, 5);
      expect(told).toEqual([]);
    });
    expect(told).toEqual([{ sequence: 1, at: 5, event: { kind: 'thread_changed', threadId: thread.id } }]);
  });

  it('leaves neither change nor event when its work throws', () => {
    const told: RecordedEvent[] = [];
    opened.store.onDidCommit(events => told.push(...events));
    const { thread } = seedThread(opened.store, ids, project.id);
    expect(() =>
      opened.store.transact(stores => {
        stores.threads.update({ ...thread, summary: 'Other' });
        stores.events.append({ kind: 'thread_changed', threadId: thread.id }, 5);
        throw new Error('no');
      }),
    ).toThrow('no');
    opened.store.transact(stores => {
      expect(stores.threads.get(thread.id)?.summary).toBe('Fix it');
      expect(stores.events.lastSequence()).toBe(0);
    });
    expect(told).toEqual([]);
  });
});

describe('reviews', () => {
  it("the latest of each verdict is the thread's, and the same again only moves its time", () => {
    const { thread } = seedThread(opened.store, ids, project.id);
    const review = { threadId: thread.id, by: 'you' };
    const marks = opened.store.transact(stores => {
      expect(stores.reviews.marks(thread.id)).toEqual({});
      stores.reviews.record({ ...review, commit: 'a'.repeat(40), verdict: 'shown', at: 1 });
      stores.reviews.record({ ...review, commit: 'b'.repeat(40), verdict: 'shown', at: 2 });
      stores.reviews.record({ ...review, commit: 'a'.repeat(40), verdict: 'approved', at: 3 });
      stores.reviews.record({ ...review, commit: 'a'.repeat(40), verdict: 'shown', at: 4 });
      return stores.reviews.marks(thread.id);
    });
    expect(marks).toEqual({ shown: { commit: 'a'.repeat(40), at: 4 }, approved: { commit: 'a'.repeat(40), at: 3 } });
    expect(opened.store.read(stores => stores.threads.view(thread.id))).toMatchObject(marks);
  });
});

describe('secrets of runs', () => {
  it('are kept once for runs that were given the same, and per run', () => {
    const one = seedThread(opened.store, ids, project.id).run.id;
    const two = seedThread(opened.store, ids, project.id).run.id;
    opened.store.transact(({ runSecrets }) => {
      expect(runSecrets.of(one)).toBeUndefined();
      runSecrets.save(one, '[1]');
      runSecrets.save(two, '[1]');
      runSecrets.save(two, '[2]');
      expect([runSecrets.of(one), runSecrets.of(two)]).toEqual(['[1]', '[2]']);
    });
  });
});

describe('runs', () => {
  it('are counted by agent, of one project or of all, and chosen from in the order of their dispatch', () => {
    const other = seedProject(
      opened.store,
      ids,
      specOf('agents: {dev: {provider: claude}}'),
      '/other/agent-compose.yml',
    );
    const queued = [1, 2, 3].map(n => seedThread(opened.store, ids, project.id, { createdAt: n }).run.id);
    seedThread(opened.store, ids, project.id, { agent: 'reviewer', status: 'running' });
    seedThread(opened.store, ids, project.id, { status: 'succeeded' });
    seedThread(opened.store, ids, other.id, { status: 'waiting' });
    opened.store.read(({ runs }) => {
      expect(runs.load(project.id)).toEqual([
        { agent: 'dev', queued: 3, active: 0 },
        { agent: 'reviewer', queued: 0, active: 1 },
      ]);
      expect(runs.load()).toContainEqual({ agent: 'dev', queued: 3, active: 1 });
      const [first] = runs.waiting(0, 1, []);
      expect(first).toMatchObject({ id: queued[0], projectId: project.id, agent: 'dev' });
      expect(runs.waiting(first?.position ?? 0, 10, []).map(run => run.id)).toEqual(queued.slice(1));
    });
  });

  it('lose what was noted of them when they have ended', () => {
    const { run, thread } = seedThread(opened.store, ids, project.id);
    const isStopping = () => opened.store.read(stores => stores.threads.view(thread.id)?.stopping);
    opened.store.transact(({ runs }) => {
      expect(runs.digest(run.id)).toBeUndefined();
      runs.saveDigest(run.id, emptyDigest);
      runs.saveDigest(run.id, { ...emptyDigest, offset: 7 });
      expect(runs.digest(run.id)?.offset).toBe(7);
      expect(runs.isCancelled(run.id)).toBe(false);
      runs.noteCancel(run.id);
      runs.noteCancel(run.id);
      expect(runs.isCancelled(run.id)).toBe(true);
      expect(isStopping()).toBe(true);
      runs.dropNotes(run.id);
      expect(runs.digest(run.id)).toBeUndefined();
      expect(runs.isCancelled(run.id)).toBe(false);
      expect(isStopping()).toBeUndefined();
      // It has ended, and its work is still being put away.
      runs.update({ ...run, status: 'cancelled', endedAt: 5, settled: false });
      expect(isStopping()).toBe(true);
      runs.update({ ...run, status: 'cancelled', endedAt: 5, settled: true });
      expect(isStopping()).toBeUndefined();
    });
  });

  it('fence off a writer of an earlier generation', () => {
    const { run } = seedThread(opened.store, ids, project.id);
    const claimed = claimRun(run);
    opened.store.transact(stores => {
      expect(stores.runs.update(claimed)).toBe('applied');
      expect(stores.runs.update({ ...claimed, generation: 2 })).toBe('applied');
      expect(stores.runs.update(startRun(claimed, 7))).toBe('fenced');
      expect(stores.runs.get(run.id)?.status).toBe('starting');
    });
  });

  it('give back everything that was written', () => {
    const { run } = seedThread(opened.store, ids, project.id);
    const full = {
      ...run,
      model: undefined,
      status: 'failed' as const,
      startedAt: 2,
      endedAt: 3,
      exitCode: 1,
      signal: 'SIGKILL',
      error: { code: 'other', message: 'No.' },
      conversation: 'c1',
      answer: 'Done',
      activity: 'Edit a.ts',
      inputTokens: 1,
      outputTokens: 2,
      cacheReadTokens: 3,
      cacheWriteTokens: 4,
      costUsd: 0.5,
      settled: true,
    };
    opened.store.transact(stores => stores.runs.update(full));
    expect(opened.store.read(stores => stores.runs.get(run.id))).toEqual(full);
  });

  it('keep a digest to go on from', () => {
    const { run } = seedThread(opened.store, ids, project.id);
    const digest = { ...emptyDigest, offset: 42, answer: 'So far', conversation: 'c1' };
    opened.store.transact(stores => stores.runs.saveDigest(run.id, digest));
    expect(opened.store.read(stores => stores.runs.digest(run.id))).toEqual(digest);
  });

  it('are listed for a project, newest first, of one agent or of all', () => {
    const { run } = seedThread(opened.store, ids, project.id);
    const other = seedProject(
      opened.store,
      ids,
      specOf('agents: {dev: {provider: claude}}'),
      '/other/agent-compose.yml',
    );
    seedThread(opened.store, ids, other.id);
    const review = { ...run, id: ids.next<'run'>(), agent: 'reviewer' };
    opened.store.transact(stores => stores.runs.insert(review));
    const listed = (filter: { agent?: string; limit: number }) =>
      opened.store.read(stores => stores.runs.ofProject(project.id, filter)).map(({ id }) => id);
    expect(listed({ limit: 10 })).toEqual([review.id, run.id]);
    expect(listed({ limit: 1 })).toEqual([review.id]);
    expect(listed({ limit: 10, agent: 'dev' })).toEqual([run.id]);
  });

  it('find the conversation to resume: the latest of the same agent that has one', () => {
    const { thread, run } = seedThread(opened.store, ids, project.id);
    const insert = (agent: string, conversation?: string): void =>
      opened.store.transact(stores => stores.runs.insert({ ...run, id: ids.next(), agent, conversation }));
    insert('dev', 'first');
    insert('dev', 'second');
    insert('reviewer', 'other');
    insert('dev');
    expect(opened.store.read(stores => stores.runs.lastConversation(thread.id, 'dev'))).toBe('second');
  });

  it('have no conversation to resume once the CLI did not know it any more, until there is a new one', () => {
    const { thread, run } = seedThread(opened.store, ids, project.id);
    const insert = (fields: Partial<Run>): void =>
      opened.store.transact(stores => stores.runs.insert({ ...run, id: ids.next(), agent: 'dev', ...fields }));
    const found = () => opened.store.read(stores => stores.runs.lastConversation(thread.id, 'dev'));
    insert({ conversation: 'gone' });
    insert({ error: { code: 'conversation_missing', message: 'No such conversation.' } });
    expect(found()).toBeUndefined();
    insert({ conversation: 'new' });
    expect(found()).toBe('new');
  });
});

describe('pages of threads', () => {
  it('go through all threads once, newest first, also when many have the same time', () => {
    for (let i = 0; i < 25; i++)
      seedThread(opened.store, ids, project.id, { createdAt: 100 + Math.floor(i / 10), summary: `t${i}` });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = opened.store.read(stores => stores.threads.page({ limit: 7, cursor }));
      seen.push(...page.threads.map(view => view.thread.summary));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(new Set(seen).size).toBe(25);
    expect(seen).toHaveLength(25);
    expect(seen.slice(0, 5).every(summary => Number(summary.slice(1)) >= 20)).toBe(true);
  });

  it('filter by derived status, project and agent', () => {
    const other = seedProject(
      opened.store,
      ids,
      specOf('agents: {dev: {provider: claude}}'),
      '/other/agent-compose.yml',
    );
    seedThread(opened.store, ids, project.id, { status: 'succeeded', summary: 'ready' });
    seedThread(opened.store, ids, project.id, { status: 'failed', summary: 'needs' });
    seedThread(opened.store, ids, project.id, { status: 'running', summary: 'works', agent: 'reviewer' });
    seedThread(opened.store, ids, other.id, { status: 'succeeded', summary: 'elsewhere' });
    const page = (filter: object): string[] =>
      opened.store
        .read(stores => stores.threads.page({ limit: 10, ...filter }))
        .threads.map(view => view.thread.summary);
    expect(page({ statuses: ['needs_you'] })).toEqual(['needs']);
    expect(page({ statuses: ['ready'], projectId: project.id })).toEqual(['ready']);
    expect(page({ agent: 'reviewer' })).toEqual(['works']);
    expect(page({ statuses: ['merged'] })).toEqual([]);
  });

  it('count a queued thread’s place', () => {
    seedThread(opened.store, ids, project.id, { summary: 'first' });
    const { thread } = seedThread(opened.store, ids, project.id, { summary: 'second' });
    expect(opened.store.read(stores => stores.threads.view(thread.id)?.queuePosition)).toBe(2);
  });
});

describe('landings', () => {
  it('are told until they are done, with what they had written down last', () => {
    const merge = ids.next<'merge'>();
    const landing = {
      merge,
      step: 'checkout',
      commonDir: '/shop/.git',
      target: 'main',
      from: 'a'.repeat(40),
      to: 'b'.repeat(40),
      checkout: '/shop',
      at: 5,
    } as const;
    opened.store.transact(stores => stores.landings.save({ ...landing, step: 'computed' }));
    opened.store.transact(stores => stores.landings.save({ ...landing, process: { pid: 7, startTime: '12' } }));
    expect(opened.store.read(stores => stores.landings.unfinished())).toEqual([
      { ...landing, process: { pid: 7, startTime: '12' } },
    ]);
    opened.store.transact(stores => stores.landings.save({ ...landing, step: 'done' }));
    expect(opened.store.read(stores => stores.landings.unfinished())).toEqual([]);
    expect(opened.store.read(stores => stores.landings.get(merge))).toEqual({ ...landing, step: 'done' });
    opened.store.transact(stores => stores.landings.remove(merge));
    expect(opened.store.read(stores => stores.landings.get(merge))).toBeUndefined();
  });
});

describe('the change feed', () => {
  it('replays from a sequence, and says when it no longer reaches back', () => {
    const { thread } = seedThread(opened.store, ids, project.id);
    opened.store.transact(stores => {
      for (let i = 0; i < 10; i++) stores.events.append({ kind: 'thread_changed', threadId: thread.id }, i);
    });
    const since = (sequence: number) => opened.store.read(stores => stores.events.since(sequence, 100));
    expect(since(8)).toHaveLength(2);
    expect(since(10)).toEqual([]);
    expect(since(11)).toBe('gone');
    expect(opened.store.transact(stores => stores.events.prune(3, 4))).toBe(4);
    expect(since(4)).toHaveLength(6);
    expect(since(3)).toBe('gone');
    expect(opened.store.transact(stores => stores.events.prune(3, 100))).toBe(3);
    expect(since(7)).toHaveLength(3);
    expect(since(6)).toBe('gone');
  });
});

describe('projects', () => {
  it('keep a revision’s spec and forget nothing when they are removed', () => {
    opened.store.transact(stores =>
      stores.projects.save({ ...project, revision: 2, specHash: 'sha256:2', removedAt: 9 }),
    );
    expect(opened.store.read(stores => stores.projects.list())).toEqual([]);
    expect(opened.store.read(stores => stores.projects.get(project.id))).toMatchObject({
      revision: 2,
      removedAt: 9,
      name: 'shop',
    });
    expect(opened.store.read(stores => stores.projects.byFile(project.file))?.spec).toEqual(project.spec);
  });
});

describe('usage', () => {
  it('is summed by whatever is asked for; amounts that nobody said are missing, not zero', () => {
    const { thread, run } = seedThread(opened.store, ids, project.id);
    const noon = Date.UTC(2026, 10, 26, 12);
    const hour = 3_600_000;
    opened.store.transact(stores => {
      const add = (at: number, changes: Partial<Run>): void =>
        stores.runs.insert({
          ...run,
          id: ids.next(),
          status: 'succeeded',
          queuedAt: at,
          startedAt: at,
          endedAt: at + 10,
          ...changes,
        });
      stores.runs.update({ ...run, status: 'cancelled' });
      add(noon, { costUsd: 1, inputTokens: 10, cacheReadTokens: 5 });
      add(noon + 11 * hour, { costUsd: 2 });
      add(noon + 13 * hour, { agent: 'reviewer', status: 'failed', outputTokens: 7 });
      stores.batches.join(thread.id, 'zod');
    });
    const sums = (question: object) =>
      opened.store.read(stores => stores.usage.sums({ by: [], dayOffsetMs: 0, limit: 10, from: noon, ...question }));
    expect(sums({})).toEqual([
      {
        runs: 3,
        failed: 1,
        priced: 2,
        durationMs: 30,
        inputTokens: 10,
        outputTokens: 7,
        cacheReadTokens: 5,
        costUsd: 3,
      },
    ]);
    expect(sums({ by: ['agent', 'day'] }).map(({ agent, day, costUsd }) => [agent, day, costUsd])).toEqual([
      ['reviewer', '2026-11-27', undefined],
      ['dev', '2026-11-26', 3],
    ]);
    // Two hours east of Greenwich the evening's run belongs to the next day.
    expect(sums({ by: ['day'], dayOffsetMs: 2 * hour }).map(({ day, runs }) => [day, runs])).toEqual([
      ['2026-11-27', 2],
      ['2026-11-26', 1],
    ]);
    expect(sums({ by: ['batch', 'thread'] })).toMatchObject([{ batch: 'zod', threadId: thread.id, runs: 3 }]);
    expect(sums({ batch: 'other' })).toEqual([]);
    expect(sums({ agent: 'reviewer', project: project.id, thread: thread.id })).toMatchObject([{ runs: 1 }]);
    expect(sums({ to: noon + 1 })).toMatchObject([{ runs: 1, costUsd: 1 }]);
  });
});
