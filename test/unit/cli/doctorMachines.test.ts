import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AppError } from '../../../src/base/errors.js';
import type { CommandContext } from '../../../src/cli/command.js';
import { checkMachines } from '../../../src/cli/doctor/checks.js';
import { tempDirectory } from '../../support/tempDirectory.js';

function contextOf(stateDir: string, drivers: readonly string[]): CommandContext {
  const projects = [{ agents: drivers.map(driver => ({ driver })) }];
  const client = { projects: { listProjects: async () => ({ projects }) } };
  return {
    stateDir,
    signal: new AbortController().signal,
    connectRunning: async () => client,
  } as unknown as CommandContext;
}

test('names the command that installs a runtime which agents ask for, until it is there', async () => {
  const stateDir = tempDirectory('muster-doctor-');
  const context = contextOf(stateDir, ['process', 'docker', 'microsandbox', 'microsandbox']);
  const command = `npm install --prefix "${join(stateDir, 'runtimes')}" microsandbox@0.6.18`;
  expect(await checkMachines(context)).toEqual([
    {
      name: 'microsandbox',
      status: 'warn',
      detail: 'not installed; agents with `driver: microsandbox` need it',
      fix: `Install it: ${command}`,
    },
  ]);
  mkdirSync(join(stateDir, 'runtimes', 'node_modules', 'microsandbox'), { recursive: true });
  expect(await checkMachines(context)).toMatchObject([{ name: 'microsandbox', status: 'ok' }]);
});

test('says nothing where no agent asks for one, or no host runs', async () => {
  expect(await checkMachines(contextOf('/', ['process', 'docker']))).toEqual([]);
  const connectRunning = (): Promise<never> => {
    throw new AppError('host.unreachable', 'none', { socket: '', reason: 'none' });
  };
  const context = { ...contextOf('/', []), connectRunning } as CommandContext;
  expect(await checkMachines(context)).toEqual([]);
});
