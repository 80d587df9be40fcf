import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createMicrovmSandbox, requireVirtualization } from '../../../src/drivers/microvm/createMicrovmSandbox.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { silentLog } from '../../../src/base/log.js';
import { tempDirectory } from '../../support/tempDirectory.js';

describe.each([
  ['microsandbox', 'microsandbox@0.6.18'],
  ['boxlite', '@boxlite-ai/boxlite@0.10.0'],
] as const)('%s', (name, published) => {
  const open = (stateDir: string) =>
    createMicrovmSandbox(name, {
      stateDir,
      programs: '/',
      clock: createNodeClock(),
      log: silentLog,
      environment: async () => ({}),
    });
  const packageFolder = (stateDir: string): string => {
    const folder = join(stateDir, 'runtimes', 'node_modules', published.replace(/@[\d.]+$/, ''));
    mkdirSync(folder, { recursive: true });
    return folder;
  };

  test('that is not installed names the one command that installs it', () => {
    const stateDir = tempDirectory('muster-state-');
    expect(() => open(stateDir)).toThrow(
      expect.objectContaining({
        code: 'sandbox.unavailable',
        message: expect.stringContaining(`npm install --prefix "${join(stateDir, 'runtimes')}" ${published}`),
      }),
    );
  });

  test('of another version, or one that does not load, is told apart', () => {
    const stateDir = tempDirectory('muster-state-');
    const folder = packageFolder(stateDir);
    writeFileSync(join(folder, 'index.js'), 'module.exports = { Sandbox: {}, Image: {} };');
    expect(() => open(stateDir)).toThrow('is another version');
    const other = tempDirectory('muster-state-');
    writeFileSync(join(packageFolder(other), 'index.js'), 'throw new Error("no such library");');
    expect(() => open(other)).toThrow('does not load: no such library');
  });
});

test.runIf(process.platform === 'linux')('a machine without virtualization is told at once', () => {
  expect(() => requireVirtualization('microsandbox', '/dev/no-such-device')).toThrow(
    expect.objectContaining({ code: 'sandbox.unavailable', message: expect.stringContaining('group kvm') }),
  );
});
