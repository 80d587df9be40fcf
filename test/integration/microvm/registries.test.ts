import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Registries } from '../../../src/drivers/microvm/registries.js';
import { tempDirectory } from '../../support/tempDirectory.js';

/** A home folder in which somebody is logged in at two registries, at one of them with a helper. */
function home(): Readonly<Record<string, string>> {
  const folder = tempDirectory('muster-registries-');
  mkdirSync(join(folder, '.docker'));
  const auth = Buffer.from('ada:in:file').toString('base64');
  const config = { auths: { 'https://index.docker.io/v1/': { auth } }, credHelpers: { 'ghcr.io': 'test' } };
  writeFileSync(join(folder, '.docker', 'config.json'), JSON.stringify(config));
  const helper = join(folder, 'docker-credential-test');
  writeFileSync(helper, '#!/bin/sh\nread -r server\necho "{\\"Username\\":\\"$1\\",\\"Secret\\":\\"of $server\\"}"\n');
  chmodSync(helper, 0o755);
  return { HOME: folder, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
}

const imageOf = (name: string, more: Readonly<Record<string, string>> = {}) =>
  new Registries(async () => ({ ...home(), ...more })).imageOf({ name, pull: 'missing' });

test('an image of a machine is fetched with what docker login wrote down, or with its helper', async () => {
  expect(await imageOf('debian')).toMatchObject({ login: { username: 'ada', password: 'in:file' } });
  expect(await imageOf('ghcr.io/ada/tool')).toMatchObject({ login: { username: 'get', password: 'of ghcr.io' } });
  expect(await imageOf('quay.io/ada/tool')).toEqual({ name: 'quay.io/ada/tool', pull: 'missing' });
});

test('names without a registry come from IMAGE_REGISTRY', async () => {
  const mirror = { IMAGE_REGISTRY: 'mirror.test:5000/hub/' };
  expect((await imageOf('debian', mirror)).name).toBe('mirror.test:5000/hub/debian');
  expect((await imageOf('ghcr.io/ada/tool', mirror)).name).toBe('ghcr.io/ada/tool');
  expect((await imageOf('/opt/rootfs', mirror)).name).toBe('/opt/rootfs');
});

test.each([
  ['127.0.0.1:5000/agents:1', true],
  ['localhost:5000/agents', true],
  ['mirror.test:5000/agents', true],
  ['other.test/agents', true],
  ['localhost.example.com/agents', undefined],
  ['ghcr.io/ada/agents', undefined],
])('the registry of %s is asked over plain HTTP: %s', async (name, plainHttp) => {
  const image = await imageOf(name, { IMAGE_INSECURE_REGISTRIES: 'mirror.test:5000, other.test' });
  expect(image.plainHttp).toBe(plainHttp);
});
