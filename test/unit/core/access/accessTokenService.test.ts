import { expect, onTestFinished, test, vi } from 'vitest';
import { AccessTokenService } from '../../../../src/core/access/accessTokenService.js';
import { isAppError } from '../../../../src/base/errors.js';
import { FakeClock } from '../../../support/clock.ts';
import { countingIds } from '../../../support/ids.ts';
import { openTestStore } from '../../../support/sqliteStore.ts';

function service() {
  const clock = new FakeClock();
  const opened = openTestStore();
  onTestFinished(() => opened.dispose());
  const { store } = opened;
  let made = 0;
  const texts = { next: () => `text-${++made}`, digest: (text: string) => `digest of ${text}` };
  return { clock, store, tokens: new AccessTokenService({ store, clock, ids: countingIds(), texts }) };
}

test('a token lets in by its text until it expires, and its text is not kept', async () => {
  const { clock, store, tokens } = service();
  const { text } = tokens.create({ name: 'laptop', scope: 'read', expiresAt: clock.now() + 1000 });
  expect(tokens.recognise(text)).toMatchObject({ name: 'laptop', scope: 'read' });
  expect(tokens.recognise('text-2')).toBeUndefined();
  expect(JSON.stringify(store.read(({ accessTokens }) => accessTokens.list()))).not.toContain(`"${text}"`);
  await clock.advance(1000);
  expect(tokens.recognise(text)).toBeUndefined();
});

test('a revoked token lets nobody in, and its name is free again', () => {
  const { tokens } = service();
  const first = tokens.create({ name: 'laptop', scope: 'operate' });
  const again = (): unknown => tokens.create({ name: 'laptop', scope: 'operate' });
  expect(again).toThrow(/there is a token "laptop"/);
  tokens.revoke('laptop');
  expect(tokens.recognise(first.text)).toBeUndefined();
  const second = tokens.create({ name: 'laptop', scope: 'operate' });
  expect(tokens.revoke('laptop').id).toBe(second.token.id);
  expect(tokens.recognise(second.text)).toBeUndefined();
});

test('unknown tokens and names that nobody could type are refused', () => {
  const { clock, tokens } = service();
  const refused = (work: () => unknown, code: 'token.unknown' | 'request.invalid'): void => {
    try {
      work();
    } catch (error) {
      expect(isAppError(error, code)).toBe(true);
      return;
    }
    throw new Error('it was not refused');
  };
  refused(() => tokens.revoke('nobody'), 'token.unknown');
  for (const name of ['', ' x', 'a\nb', 'x'.repeat(65)])
    refused(() => tokens.create({ name, scope: 'read' }), 'request.invalid');
  refused(() => tokens.create({ name: 'late', scope: 'read', expiresAt: clock.now() }), 'request.invalid');
});

test('a token that is shown again and again is looked up once, and not good for a moment longer', async () => {
  const { clock, store, tokens } = service();
  const [kept, ended] = ['kept', 'ended'].map(name => tokens.create({ name, scope: 'read' }).text);
  const late = tokens.create({ name: 'late', scope: 'read', expiresAt: clock.now() + 1000 }).text;
  for (const text of [kept, ended, late]) expect(tokens.recognise(text ?? '')).toBeDefined();
  const read = vi.spyOn(store, 'read');
  for (let message = 0; message < 100; message++) expect(tokens.recognise(kept ?? '')).toMatchObject({ name: 'kept' });
  expect(read).not.toHaveBeenCalled();
  tokens.revoke('ended');
  expect([kept, ended, late].map(text => tokens.recognise(text ?? '')?.name)).toEqual(['kept', undefined, 'late']);
  await clock.advance(1000);
  expect(tokens.recognise(late)).toBeUndefined();
  // When it was last used is still written down, to the minute.
  await clock.advance(60_000);
  tokens.recognise(kept ?? '');
  expect(tokens.list().find(({ name }) => name === 'kept')?.usedAt).toBe(clock.now());
});
