import { expect, test } from 'vitest';
import { attachedFolder, engineOf } from '../../../src/extension/threads/attachedFolder.js';

function addressed(uri: string): unknown {
  const [, hex = '', path] = /^vscode-remote:\/\/attached-container\+([0-9a-f]+)(\/.*)$/.exec(uri) ?? [];
  return { path, ...(JSON.parse(Buffer.from(hex, 'hex').toString('utf8')) as object) };
}

test('a container is addressed by its id, which is no name', () => {
  const path = '/workspace';
  expect(addressed(attachedFolder('0123abc', undefined))).toEqual({ containerName: '0123abc', path });
  expect(addressed(attachedFolder('0123abc', 'unix:///var/run/docker.sock'))).toEqual({
    containerName: '0123abc',
    path,
  });
});

test('on the engine that it is on', () => {
  const command = ['docker', '--host', 'ssh://ada@far.example', 'exec', '--interactive', '0123abc'];
  expect(addressed(attachedFolder('0123abc', engineOf(command)))).toMatchObject({
    settings: { host: 'ssh://ada@far.example' },
  });
  expect(engineOf(['msb', 'exec'])).toBeUndefined();
});
