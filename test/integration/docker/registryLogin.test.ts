import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { registryLogin } from '../../../src/drivers/guests/registryLogin.js';
import { tempDirectory } from '../../support/tempDirectory.js';

function home(config: object): { readonly HOME: string; readonly PATH: string } {
  const folder = tempDirectory('muster-login');
  mkdirSync(join(folder, '.docker'));
  writeFileSync(join(folder, '.docker/config.json'), JSON.stringify(config));
  writeFileSync(
    join(folder, 'docker-credential-test'),
    '#!/bin/sh\nread -r server\n[ "$1 $server" = "get ghcr.io" ] && echo \'{"Username":"ada","Secret":"kept"}\'\n',
  );
  chmodSync(join(folder, 'docker-credential-test'), 0o755);
  return { HOME: folder, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
}

const written = Buffer.from('ada:in:file').toString('base64');

test('is what docker login wrote into its file', async () => {
  const environment = home({
    auths: { 'ghcr.io': { auth: written }, 'https://index.docker.io/v1/': { auth: written } },
  });
  const login = { username: 'ada', password: 'in:file' };
  expect(await registryLogin('ghcr.io/ada/tool', environment)).toEqual({ ...login, serveraddress: 'ghcr.io' });
  expect(await registryLogin('debian', environment)).toMatchObject(login);
  expect(await registryLogin('quay.io/ada/tool', environment)).toBeUndefined();
});

test('is asked of the helper that it names', async () => {
  for (const config of [{ credsStore: 'test' }, { credHelpers: { 'ghcr.io': 'test' } }])
    expect(await registryLogin('ghcr.io/ada/tool', home(config))).toMatchObject({ username: 'ada', password: 'kept' });
  // A name that would be another program's is no helper.
  expect(await registryLogin('ghcr.io/ada/tool', home({ credsStore: '../evil' }))).toBeUndefined();
});
