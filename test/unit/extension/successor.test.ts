import { beforeEach, describe, expect, test, vi } from 'vitest';
import { AppError } from '../../../src/base/errors.js';
import { askToUpdate } from '../../../src/extension/review/mergeThread.js';
import { requestChanges } from '../../../src/extension/review/requestChanges.js';
import type { Services } from '../../../src/extension/services.js';
import { makeThread } from '../../support/protoThreads.js';

const fake = vi.hoisted(() => ({
  asked: [] as { title?: string; placeHolder?: string; value?: string }[],
  offered: [] as string[],
  picks: [] as (string | undefined)[],
  texts: [] as string[],
}));
vi.mock('vscode', async original => ({
  ...(await original<object>()),
  ProgressLocation: {},
  workspace: { getConfiguration: () => ({ get: () => undefined }), textDocuments: [] },
  window: {
    showInputBox: async (options: object) => {
      fake.asked.push(options);
      return fake.texts.shift();
    },
    showQuickPick: async (rows: readonly { label: string }[], options: object) => {
      fake.asked.push(options);
      fake.offered.push(...rows.map(({ label }) => label));
      const wanted = fake.picks.shift();
      return rows.find(({ label }) => label === wanted);
    },
    setStatusBarMessage: () => undefined,
    withProgress: async (_: unknown, work: () => unknown) => work(),
  },
}));

beforeEach(() => {
  for (const list of Object.values(fake)) list.length = 0;
});

const thread = makeThread({ id: '3f2a9k4m7p0q', projectId: 'p1', agent: 'helper', conflictFiles: ['a.txt'] });

/** A window on a project with these agents, and what its host was sent. */
function openWindow(names: readonly string[], refuse?: Error) {
  const sent: object[] = [];
  const kept = new Map<string, unknown>();
  const take = async (request: object) => {
    if (refuse) throw refuse;
    sent.push(request);
    return { threadId: thread.id };
  };
  const agents = names.map(name => ({ name, problem: '', description: '', driver: 'process', active: 0, queued: 0 }));
  const services = {
    host: {
      threads: new Map([[thread.id, thread]]),
      projects: new Map([['p1', { id: 'p1', name: 'store', agents }]]),
      client: async () => ({ reviews: { requestChanges: take }, threads: { dispatch: take } }),
    },
    reviews: { save: async () => undefined },
    attention: { dispatchedHere: () => undefined },
    context: {
      workspaceState: {
        get: (key: string) => kept.get(key),
        update: async (key: string, value: unknown) => void kept.set(key, value),
      },
    },
  } as unknown as Services;
  return { services, sent };
}

describe('when the author is gone from the compose file', () => {
  test('changes are requested from whom the person chooses among those that are there', async () => {
    const { services, sent } = openWindow(['dev', 'helper2']);
    fake.picks.push('helper2');
    fake.texts.push('Shorter, please');
    await requestChanges(services, thread);
    expect(fake.offered).toEqual(['dev', 'helper2']);
    expect(fake.asked[0]?.placeHolder).toBe('helper is no longer in the compose file. Choose who goes on.');
    expect(fake.asked[1]?.title).toBe('Request Changes from helper2');
    expect(sent).toMatchObject([{ agent: 'helper2', note: 'Shorter, please' }]);
  });

  test('whom to ask to resolve is chosen, and nobody is asked when nobody is chosen', async () => {
    const { services, sent } = openWindow(['dev']);
    await askToUpdate(services, thread, ['a.txt']);
    expect(sent).toEqual([]);
    fake.picks.push('dev');
    await askToUpdate(services, thread, ['a.txt']);
    expect(sent).toMatchObject([{ agent: 'dev', threadId: thread.id }]);
  });
});

test('an author that is there is asked without a question', async () => {
  const { services, sent } = openWindow(['dev', 'helper']);
  await askToUpdate(services, thread, ['a.txt']);
  expect(fake.offered).toEqual([]);
  expect(sent).toMatchObject([{ agent: 'helper' }]);
});

test('the words of a request that was refused stand in the box the next time, until they are sent', async () => {
  const refused = new AppError('request.invalid', 'The queue is full.', { field: 'thread', reason: 'full' });
  const { services } = openWindow(['helper'], refused);
  const words = 'Three paragraphs of what should be different';
  fake.texts.push(words);
  await expect(requestChanges(services, thread)).rejects.toThrow('The queue is full.');
  const again = { ...services, host: openWindow(['helper']).services.host } as unknown as Services;
  for (let i = 0; i < 2; i++) {
    fake.texts.push(words);
    await requestChanges(again, thread);
  }
  expect(fake.asked.map(({ value }) => value)).toEqual(['', words, '']);
});
