import { describe, expect, test } from 'vitest';
import { dockerEndpoint, endpointText } from '../../../../src/drivers/docker/dockerEndpoint.js';
import { registryLogin, registryOf } from '../../../../src/drivers/guests/registryLogin.js';

const nowhere = { home: '/home/ada', exists: () => false };

describe('the engine that is meant', () => {
  test.each([
    ['unix:///run/docker.sock', { kind: 'socket', path: '/run/docker.sock' }],
    ['tcp://far.example:2375', { kind: 'tcp', host: 'far.example', port: 2375 }],
    ['ssh://far.example', { kind: 'ssh', address: 'far.example' }],
    ['ssh://ada@far.example:2222/', { kind: 'ssh', address: 'ada@far.example:2222' }],
  ])('%s', (host, endpoint) => {
    const found = dockerEndpoint({ ...nowhere, host, environment: { DOCKER_HOST: 'unix:///another' } });
    expect(found).toMatchObject({ ...endpoint, from: 'driver.docker.host' });
    expect(endpointText(found)).toBe(host.replace(/\/$/, ''));
  });

  test.each([
    'http://far.example',
    'ssh://',
    'ssh://-oProxyCommand=evil',
    'ssh://ada@-x',
    'ssh://a b',
    'tcp://x:99999',
  ])('is not at %s', host => {
    const ask = (): unknown => dockerEndpoint({ ...nowhere, host, environment: {} });
    expect(ask).toThrow(expect.objectContaining({ code: 'sandbox.unavailable' }));
  });

  test('is asked with certificates where there are some', () => {
    const environment = { DOCKER_HOST: 'tcp://far.example:2376', DOCKER_CERT_PATH: '/certs' };
    expect(dockerEndpoint({ ...nowhere, environment })).toMatchObject({ tls: '/certs', from: 'DOCKER_HOST' });
  });
});

test.each([
  ['debian:bookworm', 'docker.io'],
  ['ada/tool', 'docker.io'],
  ['ghcr.io/ada/tool:1', 'ghcr.io'],
  ['localhost/tool', 'localhost'],
  ['127.0.0.1:5000/tool', '127.0.0.1:5000'],
])('the registry of %s is %s', (image, registry) => {
  expect(registryOf(image)).toBe(registry);
});

test('a login is nobody’s where nothing was written down', async () => {
  expect(await registryLogin('ghcr.io/ada/tool', { HOME: '/no/such/home' })).toBeUndefined();
});
