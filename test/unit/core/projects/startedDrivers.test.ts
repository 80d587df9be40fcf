import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startedDrivers } from '../../../../src/base/startedDrivers.js';
import { inRepository } from '../../../../src/build/paths.ts';
import { requireDriver } from '../../../../src/core/projects/project.js';
import { specOf } from '../../../support/projectSpecs.ts';

test.each(['process', 'docker', 'kubernetes', 'boxlite', 'microsandbox'])(
  '%s is let through when the host starts it',
  name => {
    const [agent] = specOf(`agents: {dev: {provider: demo, image: debian, driver: {${name}: {}}}}`).agents;
    const check = (): void => requireDriver(agent!);
    if (startedDrivers.includes(name)) expect(check).not.toThrow();
    else expect(check).toThrow(`Agent dev runs in ${name}, which this version does not start yet.`);
  },
);

test('a root file system of BoxLite stands for an image', () => {
  const [agent] = specOf('agents: {dev: {provider: demo, driver: {boxlite: {rootfs: /opt/vm}}}}').agents;
  expect(() => requireDriver(agent!)).not.toThrow();
});

test('what is let through is what the host is built with', () => {
  const built = readFileSync(inRepository('src/host/buildDrivers.ts'), 'utf8');
  const [, map = ''] = /const sandboxDrivers = \{\n([\s\S]*?)\n {2}\};/.exec(built) ?? [];
  const names = [...map.matchAll(/^ {4}(\w+)[,:]/gm)].map(([, name]) => name);
  expect(new Set(['process', ...names])).toEqual(new Set(startedDrivers));
});

test.each([
  ['driver: {microsandbox: {}}', 'names no image'],
  ['driver: {kubernetes: {}}', 'names no image'],
  ['driver: {boxlite: {}}', 'names no image'],
  ['driver: {boxlite: {}}, build: .', 'takes images from registries alone'],
  ['driver: {boxlite: {kernel: /k}}, image: debian', 'takes no other kernel'],
  ['driver: {boxlite: {rootfs: opt/vm}}', 'not an absolute path'],
  ['driver: {boxlite: {}}, image: debian, volumes: ["/srv:/srv"]', 'Leave volumes: out'],
  ['driver: {kubernetes: {}}, build: .', 'takes images from registries alone'],
  ['driver: {microsandbox: {}}, build: .', 'takes images from registries alone'],
])('%s is refused: %s', (fields, text) => {
  const [agent] = specOf(`agents: {dev: {provider: demo, ${fields}}}`).agents;
  expect(() => requireDriver(agent!)).toThrow(text);
});
