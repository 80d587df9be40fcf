import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { HostProfiles } from '../../../src/client/hostProfiles.js';
import { findKeychain } from '../../../src/client/keychain.js';
import { tempDirectory } from '../../support/tempDirectory.ts';

const url = 'https://builds.example';
const { signal } = new AbortController();

test('without a keychain the token is in a file that only its owner can read, and is found by address and name', async () => {
  const stateDir = join(tempDirectory(), 'state');
  const profiles = new HostProfiles({ stateDir, keychain: async () => undefined });
  expect(profiles.list()).toEqual([]);
  expect(await profiles.keep({ url, name: 'work', token: 'muster_1' }, signal)).toBe('file');
  expect(statSync(join(stateDir, 'hosts.json')).mode & 0o777).toBe(0o600);
  expect(await profiles.token('work', signal)).toBe('muster_1');
  await profiles.keep({ url, name: 'work', token: 'muster_2' }, signal);
  expect(await profiles.token(url, signal)).toBe('muster_2');
  expect(profiles.list().length).toBe(1);
  expect(await profiles.forget('work', signal)).toBe(true);
  expect(await profiles.token(url, signal)).toBeUndefined();
  expect(await profiles.forget('work', signal)).toBe(false);
});

test('a damaged list is an empty one', () => {
  const stateDir = tempDirectory();
  writeFileSync(join(stateDir, 'hosts.json'), '{"hosts": [1, {"url": 5}');
  expect(new HostProfiles({ stateDir, keychain: async () => undefined }).list()).toEqual([]);
});

/** A program that is called like one of the system's, and what it was told on its command line. */
function program(name: string, script: string): { readonly folder: string; readonly PATH: string } {
  const folder = tempDirectory();
  writeFileSync(join(folder, name), `#!/bin/sh\ncd '${folder}'; echo "$@" >> words; ${script}\n`);
  chmodSync(join(folder, name), 0o755);
  return { folder, PATH: `${folder}:/usr/bin:/bin` };
}

const keychains = {
  linux: ['secret-tool', 'case $1 in store) cat > kept;; lookup) cat kept 2>/dev/null;; clear) rm -f kept;; esac'],
  darwin: [
    'security',
    `case $1 in -i) sed -n 's/.*-w "\\(.*\\)"$/\\1/p' > kept;; find*) cat kept;; delete*) rm -f kept;; esac`,
  ],
} as const;

test.each(['linux', 'darwin'] as const)(
  'the keychain of %s keeps the token, which is then neither in the file nor on a command line',
  async platform => {
    const { folder, PATH } = program(keychains[platform][0], keychains[platform][1]);
    const stateDir = tempDirectory();
    const profiles = new HostProfiles({ stateDir, keychain: async () => findKeychain({ PATH }, platform) });
    expect(await profiles.keep({ url, name: '', token: 'muster_1' }, signal)).toBe('keychain');
    expect(readFileSync(join(folder, 'kept'), 'utf8').trim()).toBe('muster_1');
    expect(readFileSync(join(stateDir, 'hosts.json'), 'utf8')).not.toContain('muster_1');
    expect(await profiles.token(url, signal)).toBe('muster_1');
    await profiles.forget(url, signal);
    expect(await profiles.token(url, signal)).toBeUndefined();
    expect(readFileSync(join(folder, 'words'), 'utf8')).not.toContain('muster_1');
  },
);

test.each(['linux', 'darwin'] as const)(
  'a keychain of %s that refuses leaves the token to the file',
  async platform => {
    const { PATH } = program(keychains[platform][0], 'exit 1');
    const keychain = async () => findKeychain({ PATH }, platform);
    const profiles = new HostProfiles({ stateDir: tempDirectory(), keychain });
    expect(await profiles.keep({ url, name: '', token: 'muster_1' }, signal)).toBe('file');
    expect(await profiles.token(url, signal)).toBe('muster_1');
  },
);
