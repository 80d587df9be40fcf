import { create } from '@bufbuild/protobuf';
import { beforeEach, expect, test, vi } from 'vitest';
import type { Uri } from 'vscode';
import { isUnapplied, startWritten } from '../../../src/extension/dispatch/startWritten.js';
import type { ComposeFileState } from '../../../src/extension/projects/composeFileStates.js';
import type { Services } from '../../../src/extension/services.js';
import { ChangeSchema, ProjectSchema } from '../../../src/protocol/gen/muster/v1/projects_pb.js';

const fake = vi.hoisted(() => ({ done: [] as string[], isDirty: false, consents: true }));
vi.mock('vscode', async original => ({
  ...(await original<object>()),
  workspace: {
    get textDocuments() {
      return [{ uri: '/shop/agent-compose.yml', isDirty: fake.isDirty }];
    },
  },
  commands: {
    executeCommand: async (command: string, node: { agent: string }) => void fake.done.push(`${command} ${node.agent}`),
  },
}));
vi.mock('../../../src/extension/projects/applyComposeFile.js', () => ({
  applyComposeFile: async () => {
    fake.done.push('apply');
    if (!fake.consents) throw new Error('cancelled');
    return project;
  },
}));
vi.mock('../../../src/extension/dispatch/triggers.js', () => ({
  fireWritten: async (_: unknown, { prompt }: { prompt: string }) => void fake.done.push(`fire ${prompt}`),
}));
vi.mock('../../../src/extension/dispatch/runAgent.js', () => ({ runAgent: async () => void fake.done.push('run') }));

const project = create(ProjectSchema, { id: 'p', name: 'shop', revision: 2, agents: [{ name: 'dev' }] });
const file = { fsPath: '/shop/agent-compose.yml', toString: () => '/shop/agent-compose.yml' } as Uri;

function changed(...changes: readonly (readonly [type: string, name: string, message?: string])[]): ComposeFileState {
  const all = [['project', 'shop', ''] as const, ...changes];
  return {
    kind: 'changed',
    changes: all.map(([resourceType, name, message = 'permissions']) =>
      create(ChangeSchema, { action: 'updated', resourceType, name, message }),
    ),
  };
}

async function start(
  what: 'run' | 'dispatch' | 'fire',
  state: ComposeFileState | undefined,
): Promise<readonly string[]> {
  const services = {
    host: { client: async () => ({}), projects: new Map([['p', project]]) },
    composeFiles: { check: async () => state, projectOf: () => project },
  } as unknown as Services;
  await startWritten(services, { file, agent: 'dev', start: what, prompt: 'Look.' }).catch((error: unknown) =>
    fake.done.push(String(error)),
  );
  return fake.done.splice(0);
}

beforeEach(() => Object.assign(fake, { done: [], isDirty: false, consents: true }));

test('what stands in the file starts at once while it is what is applied', async () => {
  expect(await start('fire', { kind: 'applied' })).toEqual(['fire Look.']);
  expect(await start('run', { kind: 'applied' })).toEqual(['run']);
  // Another agent's changes are not this one's.
  expect(await start('dispatch', changed(['agent', 'reviewer']))).toEqual(['muster.dispatch dev']);
  // Its schedule has nothing to do with a task of a person's.
  expect(await start('run', changed(['scheduler', 'dev']))).toEqual(['run']);
});

test('what is not applied as it stands there is applied first, and nothing starts without consent', async () => {
  const permissions = changed(['agent', 'dev', 'permissions']);
  expect(await start('fire', permissions)).toEqual(['apply', 'fire Look.']);
  expect(await start('fire', changed(['scheduler', 'dev', 'triggers']))).toEqual(['apply', 'fire Look.']);
  expect(await start('run', permissions)).toEqual(['apply', 'run']);
  expect(await start('dispatch', undefined)).toEqual(['apply', 'muster.dispatch dev']);
  fake.isDirty = true;
  expect(await start('fire', { kind: 'applied' })).toEqual(['apply', 'fire Look.']);
  fake.consents = false;
  expect(await start('fire', permissions)).toEqual(['apply', 'Error: cancelled']);
});

test('what all agents share concerns each of them', () => {
  const providers: ComposeFileState = {
    kind: 'changed',
    changes: [create(ChangeSchema, { action: 'updated', resourceType: 'project', name: 'shop', message: 'providers' })],
  };
  expect(isUnapplied(providers, { agent: 'dev', start: 'run' })).toBe(true);
  expect(isUnapplied({ kind: 'invalid', problems: [] }, { agent: 'dev', start: 'run' })).toBe(true);
});
