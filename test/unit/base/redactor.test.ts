import { describe, expect, it } from 'vitest';
import { isSecretName, Redactor } from '../../../src/base/redactor.js';

describe('the redactor', () => {
  it('replaces announced values wherever they stand, also escaped inside JSON', () => {
    const redactor = new Redactor();
    redactor.add('s3cr3t-"value"');
    expect(redactor.redact('token=s3cr3t-"value";')).toBe('token=********;');
    expect(redactor.redact(JSON.stringify({ token: 's3cr3t-"value"' }))).toBe('{"token":"********"}');
  });

  it('replaces the longer of two secrets whole', () => {
    const redactor = new Redactor();
    redactor.add('password');
    redactor.add('password-and-more');
    expect(redactor.redact('x password-and-more y')).toBe('x ******** y');
  });

  it('knows the shapes of common keys that nobody announced', () => {
    const redactor = new Redactor();
    expect(redactor.redact(`key sk-ant-${'a1B2'.repeat(8)} end`)).toBe('key ******** end');
    expect(redactor.redact(`ghp_${'a'.repeat(36)}`)).toBe('********');
  });

  it.each([
    ['a GitHub token of the newer form', `github_pat_${'a1B2'.repeat(15)}`],
    ['a GitLab token', `glpat-${'a1B2'.repeat(6)}`],
    ['a Slack token', `xoxb-${'1234567890'.repeat(2)}-${'abcdefghij'.repeat(1)}`],
    ['a Google key', `AIza${'a1B2c3D'.repeat(5)}`],
    ['a Stripe key', `sk_live_${'a1B2'.repeat(6)}`],
    ['a JSON Web Token', `eyJ${'a1B2'.repeat(5)}.${'c3D4'.repeat(5)}.${'e5F6'.repeat(5)}`],
    ['a whole private key', `-----BEGIN RSA PRIVATE KEY-----\n${'a1B2\n'.repeat(20)}-----END RSA PRIVATE KEY-----`],
    ['a private key that is cut off', `-----BEGIN PRIVATE KEY-----\n${'a1B2\n'.repeat(20)}`],
  ])('knows %s', (_, secret) => {
    expect(new Redactor().redact(`before ${secret}`)).toBe('before ********');
  });

  it('leaves ordinary words alone', () => {
    const redactor = new Redactor();
    redactor.add('on');
    expect(redactor.redact('on and on: skip the sketch')).toBe('on and on: skip the sketch');
  });

  it.each(['OPENAI_API_KEY', 'GITHUB_TOKEN', 'DB_PASSWORD', 'AWS_SECRET_ACCESS_KEY', 'TOKEN'])(
    'takes %s for a secret',
    name => {
      expect(isSecretName(name)).toBe(true);
    },
  );

  it.each(['PATH', 'HOME', 'KEYBOARD', 'TOKENIZERS_PARALLELISM', 'MONKEY'])('takes %s for no secret', name => {
    expect(isSecretName(name)).toBe(false);
  });
});
