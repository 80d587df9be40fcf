import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Redactor } from '../../../src/base/redactor.js';
import { noSecrets } from '../../support/secretMasks.ts';

const letters = (length: number): string => randomBytes(length).toString('hex').slice(0, length);
const jwt = `eyJhbGciOiJIUzI1NiJ9.${letters(40)}.${letters(43)}`;
const body = Array.from({ length: 20 }, () => randomBytes(48).toString('base64')).join('\n');
const privateKey = `-----BEGIN RSA PRIVATE KEY-----\n${body}\n-----END RSA PRIVATE KEY-----`;

/** One of each kind; put together here, so that nobody takes the file for a leak. */
const kinds = [
  ['Anthropic', `sk-ant-${letters(40)}`],
  ['OpenAI', `sk-proj-${letters(40)}`],
  ['GitHub', `ghp_${letters(36)}`],
  ['GitHub OAuth', `gho_${letters(36)}`],
  ['GitHub, fine-grained', `github_pat_${letters(60)}`],
  ['GitLab', `glpat-${letters(20)}`],
  ['Slack', `xoxb-${letters(24)}`],
  ['Google', `AIza${letters(35)}`],
  ['AWS', `AKIA${letters(16).toUpperCase()}`],
  ['Stripe', `sk_live_${letters(24)}`],
  ['JWT', jwt],
] as const;

describe('a key that nobody announced is hidden by its shape', () => {
  test.each(kinds)('%s: in what agents say, and in the log of the host', (_, key) => {
    const line = JSON.stringify({ text: `export KEY=${key} # mine` });
    for (const hidden of [noSecrets.hideIn(line), new Redactor().redact(line)]) {
      expect(hidden).not.toContain(key.slice(8));
      expect(hidden).toContain('export KEY=');
      expect(hidden).toContain('# mine');
      JSON.parse(hidden);
    }
  });

  test.each([
    ['as text', privateKey],
    ['in JSON', JSON.stringify({ text: privateKey })],
    ['in JSON in JSON', JSON.stringify({ text: JSON.stringify({ key: privateKey }) })],
  ])('a whole private key with its body, %s', (_, text) => {
    for (const hidden of [noSecrets.hideIn(text), new Redactor().redact(text)])
      for (const line of body.split('\n')) expect(hidden).not.toContain(line.slice(0, 16));
    if (text.startsWith('{')) JSON.parse(noSecrets.hideIn(text));
  });

  test('what follows a private key stays as it is', () => {
    for (const text of [`${privateKey}\nskip the sketch\n`, JSON.stringify({ text: `${privateKey}\nskip the sketch` })])
      for (const hidden of [noSecrets.hideIn(text), new Redactor().redact(text)])
        expect(hidden).toContain('skip the sketch');
  });

  test('ordinary text stays as it is', () => {
    const text =
      'sk-learn, ghp_short, eyJust.some.words, BEGIN TRANSACTION; -----BEGIN PUBLIC KEY----- task-1234567890abcdefghijklmnop xoxo';
    expect(noSecrets.hideIn(text)).toBe(text);
    expect(new Redactor().redact(text)).toBe(text);
  });
});
