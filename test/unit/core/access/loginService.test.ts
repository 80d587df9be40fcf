import { expect, onTestFinished, test } from 'vitest';
import { AccessTokenService } from '../../../../src/core/access/accessTokenService.js';
import { LoginService, type LoginSettings } from '../../../../src/core/access/loginService.js';
import { LoginThrottle } from '../../../../src/core/access/loginThrottle.js';
import { FakeClock } from '../../../support/clock.ts';
import { countingIds } from '../../../support/ids.ts';
import { openTestStore } from '../../../support/sqliteStore.ts';

const hourMs = 60 * 60_000;

function world(settings: Partial<LoginSettings> = {}) {
  const clock = new FakeClock();
  const opened = openTestStore();
  onTestFinished(() => opened.dispose());
  const { store } = opened;
  let made = 0;
  const texts = { next: () => `text-${++made}`, digest: (text: string) => `digest of ${text}` };
  const ids = countingIds();
  const tokens = new AccessTokenService({ store, clock, ids, texts });
  let looked = 0;
  const passwords = {
    digest: (password: string) => Promise.resolve(`slow ${password}`),
    matches: (password: string, digest: string) => {
      looked++;
      return Promise.resolve(digest === `slow ${password}`);
    },
  };
  const keyed = (text: string): string => `keyed ${text}`;
  const throttle = new LoginThrottle(clock);
  const logins = new LoginService({ store, clock, ids, texts, tokens, passwords, throttle, keyed });
  const configure = (more: Partial<LoginSettings>): void =>
    logins.configure({ named: [], lifetimeMs: hourMs, vouched: () => undefined, ...more });
  configure(settings);
  return { clock, store, tokens, logins, configure, looked: () => looked };
}

const ada = { user: 'ada', password: 'correct horse', from: '10.0.0.1' };

test('a password opens a session that ends by itself', async () => {
  const { logins, clock } = world();
  await logins.setPassword({ ...ada, scope: 'operate' });
  const { text } = await logins.logIn(ada);
  expect(logins.recognise(text)).toMatchObject({ user: 'ada', scope: 'operate' });
  expect(logins.recognise(`${text}x`)).toBeUndefined();
  await clock.advance(hourMs);
  expect(logins.recognise(text)).toBeUndefined();
  expect(logins.sessions()).toEqual([]);
});

test('a session ends with another password, with its user, and when it is revoked', async () => {
  const { logins } = world();
  await logins.setPassword({ ...ada, scope: 'admin' });
  const first = await logins.logIn(ada);
  await logins.setPassword({ user: 'ada', password: 'another horse', scope: 'admin' });
  expect(logins.recognise(first.text)).toBeUndefined();
  const second = await logins.logIn({ ...ada, password: 'another horse' });
  logins.endSession(second.session.id);
  expect(logins.recognise(second.text)).toBeUndefined();
  const third = await logins.logIn({ ...ada, password: 'another horse' });
  logins.removePassword('ada');
  expect(logins.recognise(third.text)).toBeUndefined();
  expect(() => logins.removePassword('ada')).toThrow(/Nobody is called/);
  expect(() => logins.endSession('nothing')).toThrow(/no session/);
});

test('a session of a token may what the token may, and ends with it', () => {
  const { logins, tokens } = world();
  const { text: token } = tokens.create({ name: 'phone', scope: 'read' });
  const { text } = logins.logInWithToken({ token, from: 'here' });
  expect(logins.recognise(text)).toMatchObject({ user: 'phone', scope: 'read' });
  tokens.revoke('phone');
  expect(logins.recognise(text)).toBeUndefined();
  expect(() => logins.logInWithToken({ token, from: 'here' })).toThrow(/revoked/);
});

test('who is vouched for comes in while they are on the list, and may what it says by now', () => {
  const { logins, configure } = world({ vouched: user => (user === 'ada@example.com' ? 'admin' : undefined) });
  expect(() => logins.vouchedFor(['eve@example.com', 'eve'])).toThrow(/not on the list/);
  const { text } = logins.vouchedFor(['4711', 'ada@example.com']);
  configure({ vouched: () => 'read' });
  expect(logins.recognise(text)).toMatchObject({ scope: 'read' });
  configure({});
  expect(logins.recognise(text)).toBeUndefined();
});

test('whom the environment names comes in, until it has another password for them', async () => {
  const { logins, configure } = world({ named: [{ ...ada, scope: 'admin' }] });
  const { text } = await logins.logIn(ada);
  expect(logins.recognise(text)).toMatchObject({ user: 'ada' });
  expect(logins.hasPasswords).toBe(true);
  configure({ named: [{ user: 'ada', password: 'another horse', scope: 'admin' }] });
  expect(logins.recognise(text)).toBeUndefined();
});

test('a wrong password and an unknown user are told alike, and cost the same work', async () => {
  const { logins, looked } = world();
  await logins.setPassword({ ...ada, scope: 'admin' });
  await expect(logins.logIn({ ...ada, password: 'wrong' })).rejects.toThrow('User or password is wrong.');
  expect(looked()).toBe(1);
  await expect(logins.logIn({ ...ada, user: 'eve' })).rejects.toThrow('User or password is wrong.');
  expect(looked()).toBe(2);
});

test('who guesses from one place waits longer and longer, also with the right password, and others do not', async () => {
  const { logins, clock } = world();
  await logins.setPassword({ ...ada, scope: 'admin' });
  const guess = { ...ada, password: 'wrong horse' };
  const guesses = await Promise.allSettled(Array.from({ length: 50 }, () => logins.logIn(guess)));
  const messages = guesses.map(each => (each.status === 'rejected' ? String(each.reason) : 'came in'));
  expect(messages.filter(text => text.includes('User or password is wrong'))).toHaveLength(5);
  expect(messages.filter(text => text.includes('Try again in 5 s'))).toHaveLength(45);
  await expect(logins.logIn(ada)).rejects.toThrow('Try again in 5 s');
  await expect(logins.logIn({ ...ada, from: '10.0.0.2' })).resolves.toMatchObject({ session: { user: 'ada' } });
  await clock.advance(5_000);
  await expect(logins.logIn(guess)).rejects.toThrow('User or password');
  await expect(logins.logIn(ada)).rejects.toThrow('Try again in 10 s');
  await clock.advance(10_000);
  await expect(logins.logIn(ada)).resolves.toMatchObject({ session: { user: 'ada' } });
});

test('one user of whom many places guess is guarded too, later', async () => {
  const { logins } = world();
  await logins.setPassword({ ...ada, scope: 'admin' });
  const guess = (place: number) => logins.logIn({ ...ada, password: 'wrong horse', from: `10.0.1.${place}` });
  for (let place = 0; place < 20; place++) await expect(guess(place)).rejects.toThrow('User or password');
  await expect(guess(20)).rejects.toThrow('Try again in 5 s');
});

test('passwords and names that nobody should have are refused', async () => {
  const { logins } = world();
  for (const wanted of [
    { user: 'ada', password: 'short' },
    { user: 'ada', password: 'x'.repeat(1025) },
    { user: 'a b', password: 'correct horse' },
    { user: '', password: 'correct horse' },
  ])
    await expect(logins.setPassword({ ...wanted, scope: 'read' })).rejects.toMatchObject({ code: 'request.invalid' });
  expect(logins.hasPasswords).toBe(false);
});
