import { describe, expect, test } from 'vitest';
import { toThreadPageSchema, type ToThreadPage } from '../../../src/protocol/webview/threadPageMessages.js';
import { threadPageStateSchema } from '../../../src/protocol/webview/threadPageState.js';
import { conversationRows } from '../../../webview/threadPage/conversationRows.js';
import { applyMessage, cachedPart, initialState, type PageState } from '../../../webview/threadPage/pageState.js';
import { finishedThread } from '../../webview/support/threadFixtures.js';

const after = (state: PageState, messages: readonly ToThreadPage[]): PageState => messages.reduce(applyMessage, state);
const said = (state: PageState): readonly string[] =>
  [...state.transcripts.values()]
    .flatMap(transcript => transcript.last(transcript.length))
    .flatMap(entry => ('text' in entry ? [entry.text] : []));
const text = (words: string): ToThreadPage => ({
  type: 'transcript',
  runId: 'run000000001',
  entries: [{ kind: 'text', text: words }],
});

describe('the state of a thread page', () => {
  test('every message of the fixtures is one that the page accepts', () => {
    for (const message of finishedThread()) expect(toThreadPageSchema.safeParse(message).success).toBe(true);
  });

  test('a transcript grows as it arrives', () => {
    expect(said(after(initialState(undefined), [text('One.'), text('Two.')]))).toEqual(['One.', 'Two.']);
  });

  test('what was cached is shown until everything is there again, then replaced at once', () => {
    const before = after(initialState(undefined), finishedThread());
    const kept = threadPageStateSchema.parse(
      JSON.parse(JSON.stringify({ threadId: 'k3v9x2m4q7wz', cached: cachedPart(before) })),
    );
    const restored = initialState(kept);
    expect(restored.thread?.summary).toBe(before.thread?.summary);
    expect(said(restored)).toEqual(said(before));
    const arriving = after(restored, [text('Fresh.')]);
    expect(said(arriving)).toEqual(said(before));
    expect(said(after(arriving, [{ type: 'caughtUp' }, text('More.')]))).toEqual(['Fresh.', 'More.']);
  });

  test('the cache holds the end of a long conversation, and never long texts whole', () => {
    const long = Array.from({ length: 400 }, (_, i) => text(`Line ${i} ${'x'.repeat(5_000)}`));
    const cached = cachedPart(after(initialState(undefined), [...finishedThread().slice(0, 4), ...long]));
    const entries = cached?.transcripts['run000000001'] ?? [];
    expect(entries).toHaveLength(150);
    const last = entries.at(-1);
    expect(last && 'text' in last && last.text.startsWith('Line 399')).toBe(true);
    expect(JSON.stringify(cached).length).toBeLessThan(400_000);
  });

  test('the cache holds what is around the row that a person reads, and its rows keep their names', () => {
    const said = Array.from({ length: 400 }, (_, i) => text(`Line ${i}`));
    const state = after(initialState(undefined), [...finishedThread().slice(0, 4), ...said]);
    const restored = initialState(
      threadPageStateSchema.parse(
        JSON.parse(JSON.stringify({ threadId: 'k3v9x2m4q7wz', cached: cachedPart(state, 'run000000001:200') })),
      ),
    );
    const rows = conversationRows(restored);
    const row = rows.at(rows.indexOf('run000000001:200'));
    const whole = conversationRows(state);
    expect(row).toBeDefined();
    expect(row).toEqual(whole.at(whole.indexOf('run000000001:200')));
    // Kept once more before everything has arrived: still the same rows.
    const again = cachedPart(restored, 'run000000001:200');
    expect(again?.skipped?.['run000000001']).toBe(170);
  });

  test('a failure goes away when the part works again', () => {
    const failed = after(initialState(undefined), [{ type: 'failed', what: 'load', message: 'No.' }]);
    expect(failed.failures.get('load')).toBe('No.');
    const works = after(failed, [{ type: 'conversation', messages: [], runs: [], merges: [] }]);
    expect(works.failures.size).toBe(0);
  });
});
