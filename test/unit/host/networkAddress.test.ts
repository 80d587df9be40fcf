import { expect, test } from 'vitest';
import { parseListenAddress } from '../../../src/host/server/listenAddress.js';
import { requireSafe } from '../../../src/host/server/networkOptions.js';

test.each([
  ['7410', { address: '127.0.0.1', port: 7410, loopback: true }],
  ['localhost:0', { address: '127.0.0.1', port: 0, loopback: true }],
  ['127.8.8.8:1', { address: '127.8.8.8', port: 1, loopback: true }],
  ['[::1]:7410', { address: '::1', port: 7410, loopback: true }],
  [':7410', { address: '0.0.0.0', port: 7410, loopback: false }],
  ['10.0.0.5:7410', { address: '10.0.0.5', port: 7410, loopback: false }],
])('%s is read', (text, expected) => {
  expect(parseListenAddress(text)).toEqual(expected);
});

test.each(['', 'x', 'host.example:7410', '127.0.0.1', '127.0.0.1:70000', '1.2.3.4:1:2', 'http://x:1'])(
  '%j is refused',
  text => {
    expect(() => parseListenAddress(text)).toThrow(/Cannot listen/);
  },
);

test('what others reach needs TLS, or a word that something in front has it', () => {
  const at = parseListenAddress(':7410');
  expect(() => requireSafe({ at, plainHttp: false })).toThrow(/without TLS/);
  expect(() => requireSafe({ at, plainHttp: true })).not.toThrow();
  expect(() => requireSafe({ at, plainHttp: false, certificate: 'c', key: 'k' })).not.toThrow();
  expect(() => requireSafe({ at: parseListenAddress('1'), plainHttp: false, certificate: 'c' })).toThrow(
    /needs its key/,
  );
});
