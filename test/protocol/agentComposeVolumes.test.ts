import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Code, createClient } from '@connectrpc/connect';
import { beforeAll, expect, test } from 'vitest';
import { VolumeService } from '../../src/protocol/gen/agentcompose/v2/volumes_pb.js';
import { transportTo, wires, type Wire } from '../support/agentCompose/wires.ts';
import { startDaemon } from '../support/daemon.ts';
import { buildPrograms, testHome, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

test('volumes are refused in words where no engine answers, and what cannot be meant before one is asked', async () => {
  const home = testHome(programs);
  const person = home.env['HOME'] ?? '';
  mkdirSync(person, { recursive: true });
  writeFileSync(join(person, '.profile'), 'export DOCKER_HOST=unix:///nowhere/docker.sock\n');
  const daemon = await startDaemon(home, '--listen', '127.0.0.1:0');
  const token = await daemon.token('--scope', 'admin');
  const looking = await daemon.token('--name', 'looks', '--scope', 'read');
  for (const wire of Object.keys(wires) as Wire[]) {
    const volumes = createClient(VolumeService, transportTo({ url: daemon.url, token }, wire));
    for (const asked of [
      () => volumes.listVolumes({}),
      () => volumes.inspectVolume({ name: 'seeds' }),
      () => volumes.createVolume({ name: 'seeds' }),
      () => volumes.removeVolume({ name: 'seeds', force: true }),
      () => volumes.pruneVolumes({ force: true }),
    ])
      await expect(asked(), wire).rejects.toMatchObject({
        code: Code.FailedPrecondition,
        rawMessage: expect.stringContaining('unix:///nowhere/docker.sock'),
      });
    for (const [refused, code] of [
      [() => volumes.inspectVolume({}), Code.InvalidArgument],
      [() => volumes.createVolume({ name: '../seeds' }), Code.InvalidArgument],
      [() => volumes.createVolume({ name: 'seeds', driver: 'nfs' }), Code.InvalidArgument],
      // It would be another host's by then.
      [() => volumes.createVolume({ name: 'seeds', labels: { 'dev.muster.state': 'x' } }), Code.InvalidArgument],
      // A volume can be any folder of the engine's machine.
      [() => volumes.createVolume({ name: 'seeds', options: { device: '/', o: 'bind' } }), Code.Unimplemented],
      [() => volumes.removeVolume({}), Code.InvalidArgument],
    ] as const)
      await expect(refused(), wire).rejects.toMatchObject({ code });
    expect(await volumes.listVolumes({ driver: 'nfs' }), wire).toMatchObject({ total: 0 });
    const reader = createClient(VolumeService, transportTo({ url: daemon.url, token: looking }, wire));
    await expect(reader.pruneVolumes({}), wire).rejects.toMatchObject({ code: Code.PermissionDenied });
  }
  for (const words of [['ls'], ['create', 'seeds'], ['inspect', 'seeds'], ['rm', 'seeds'], ['prune']])
    expect(await home.muster(['volume', ...words, '--engine', 'unix:///nowhere/docker.sock'])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('unix:///nowhere/docker.sock'),
    });
  expect(await home.muster(['volume', 'create', '../seeds'])).toMatchObject({ status: 2 });
  expect(await home.muster(['volume', 'create', 'seeds', '--driver', 'nfs'])).toMatchObject({ status: 2 });
});
