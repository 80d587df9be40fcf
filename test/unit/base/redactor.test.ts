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
