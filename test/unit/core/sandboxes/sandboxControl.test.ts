import { expect, test } from 'vitest';
import { parseId } from '../../../../src/base/ids.js';
import type { Sandbox } from '../../../../src/core/sandboxes/sandbox.js';
import { SandboxControl } from '../../../../src/core/sandboxes/sandboxControl.js';
import type { SandboxDriver } from '../../../../src/core/sandboxes/sandboxDriver.js';
import type { SandboxService } from '../../../../src/core/sandboxes/sandboxService.js';
import type { Store } from '../../../../src/core/store.js';
import { FakeSandbox } from '../../../support/fakes/fakeSandbox.js';

const sandbox: Sandbox = {
  id: parseId('000000000000'),
  threadId: parseId('000000000001'),
  agent: 'dev',
  driver: { name: 'kubernetes' },
  image: 'agents:1',
  state: 'ready',
  createdAt: 0,
  usedAt: 0,
};
const inspection = { state: 'running', runtimeIds: ['pod'], phase: 'Running' } as const;
const usage = { cpus: 1, memoryBytes: 2, processes: 3 };

/** Of one sandbox, whose driver answers as a test says. */
function control(answers: Partial<SandboxDriver>): SandboxControl {
  const driver: SandboxDriver = { ...new FakeSandbox().driver, inspect: async () => inspection, ...answers };
  const sandboxes = { known: () => [sandbox], of: () => driver, progressOf: () => undefined };
  const store = {} as Store<never>;
  return new SandboxControl({ store, sandboxes: sandboxes as unknown as SandboxService });
}

const refusal = async (): Promise<never> => {
  throw new Error('events is forbidden');
};

test('what happened to it that nobody may read hides nothing else of it', async () => {
  const views = await control({ stats: async () => usage, happenings: refusal }).list({ usage: true });
  expect(views).toMatchObject([{ inspection, usage, happenings: undefined, problem: 'events is forbidden' }]);
});

test('what it uses that nobody can count hides nothing else of it', async () => {
  const happenings = async () => ['Started: Container'];
  const views = await control({ stats: refusal, happenings }).list({ usage: true });
  expect(views).toMatchObject([
    { inspection, usage: undefined, happenings: ['Started: Container'], problem: 'events is forbidden' },
  ]);
});

test('a runtime that does not answer is a problem, and one that does is none', async () => {
  expect(await control({ inspect: refusal }).list({ usage: true })).toMatchObject([{ problem: 'events is forbidden' }]);
  const [view] = await control({ stats: async () => usage }).list({ usage: true });
  expect(view).toMatchObject({ inspection, usage });
  expect(view).not.toHaveProperty('problem');
});
