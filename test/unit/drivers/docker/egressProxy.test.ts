import { describe, expect, test } from 'vitest';
import { destination } from '../../../../src/drivers/guests/egressProxy.js';

describe('what a guest may reach', () => {
  test.each([
    ['127.0.0.1:4711', ['127.0.0.1:4711'], { address: '127.0.0.1', port: 4711 }],
    ['[::1]:443', ['::1'], /not among/],
    ['localhost:80', ['localhost'], /not on the Internet/],
    ['127.0.0.1:4711', ['127.0.0.1'], /not among/],
    ['example.com:22', ['example.com'], /not among/],
    ['evil.com:443', ['example.com', '*.example.org'], /not among/],
    ['notexample.org:443', ['*.example.org'], /not among/],
    ['example.org:443', ['*.example.org'], /not among/],
    ['EVIL.COM:443', ['evil.com.example.org'], /not among/],
    ['example.com', ['example.com'], /no host and port/],
    ['example.com:0', ['example.com:0'], /no host and port/],
    ['example.com:443 x', ['example.com'], /no host and port/],
    ['user@example.com:443', ['example.com'], /not among/],
  ])('%s, where %j is allowed', async (target, allowed, expected) => {
    const found = await destination(target, allowed);
    if (expected instanceof RegExp) expect(found).toMatchObject({ refused: expect.stringMatching(expected) });
    else expect(found).toEqual(expected);
  });
});
