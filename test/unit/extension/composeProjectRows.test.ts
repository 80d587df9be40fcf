import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { describeChanges } from '../../../src/extension/projects/describeChanges.js';
import { agentItem, projectItem, triggerItem } from '../../../src/extension/views/projectItems.js';
import {
  AgentSchema,
  ChangeSchema,
  ProjectSchema,
  TriggerSchema,
} from '../../../src/protocol/gen/muster/v1/projects_pb.js';

const project = create(ProjectSchema, {
  id: 'p1',
  name: 'shop',
  folder: '/home/ada/shop',
  file: '/home/ada/shop/agent-compose.yml',
  revision: 3,
  consented: true,
  agents: [{ name: 'dev' }, { name: 'reviewer' }],
});

describe('the row of a project', () => {
  it('says which revision is applied', () => {
    const { description, contextValue } = projectItem(project, { state: { kind: 'applied' }, place: '' });
    expect(description).toBe('applied · 2 agents · revision 3');
    expect(contextValue).toBe('project');
  });

  it('tells two of one name apart by their files', () => {
    const { description } = projectItem(project, { state: undefined, place: 'web/agent-compose.yml' });
    expect(description).toBe('web/agent-compose.yml · applied · 2 agents · revision 3');
  });

  it('marks a file that differs, and one with problems', () => {
    const changes = [create(ChangeSchema, { action: 'removed', resourceType: 'agent', name: 'dev' })];
    const changed = projectItem(project, { state: { kind: 'changed', changes }, place: '' });
    expect(changed.description).toContain('file changed');
    expect(changed.tooltip).toContain('agent dev removed');
    expect(changed.contextValue).toBe('project changed');
    const state = { kind: 'invalid', problems: ['agents.dev: bad'] } as const;
    const invalid = projectItem(project, { state, place: '' });
    expect(invalid.description).toContain('file invalid');
    expect(invalid.tooltip).toContain('agents.dev: bad');
  });
});

describe('the row of an agent', () => {
  const row = (more: object) =>
    agentItem(project, create(AgentSchema, { name: 'dev', ...more }), { hasChildren: false }).tooltip;

  it('says what the agent is for and what it may, or what keeps it from working', () => {
    const description = 'Writes the first version.';
    expect(row({ description, permissions: 'unconfined' })).toBe(`${description}\nPermissions: unconfined`);
    expect(row({ description, problem: 'claude is not there.' })).toBe(`${description}\nclaude is not there.`);
  });

  it('says who goes on with its work', () => {
    const agent = create(AgentSchema, {
      name: 'dev',
      provider: 'demo',
      driver: 'process',
      handoffTo: ['reviewer', 'tester'],
    });
    const item = agentItem(project, agent, { hasChildren: false });
    expect(item.description).toContain('demo · → reviewer, tester');
    expect(item.accessibilityInformation?.label).toContain('demo, Hands its work to reviewer, tester');
    expect(item.tooltip).toContain('Hands its work to reviewer, tester');
  });
});

describe('the row of a trigger', () => {
  const now = Date.UTC(2026, 0, 1);
  const fires = [now + 12 * 60_000];
  const row = (automatic: boolean, times: readonly number[] = fires) =>
    triggerItem(create(TriggerSchema, { kind: 'cron', schedule: '@hourly', automatic }), {
      id: 't',
      fires: times,
      now,
    });

  it('counts down to what the host fires', () => {
    expect(row(true).description).toBe('next in 12 min');
  });

  it('promises nothing that only a person fires', () => {
    expect(row(false).description).toBe('due in 12 min · fired by hand');
    expect(row(false, []).description).toBe('fired by hand');
    expect(row(false).label).toBe('cron @hourly');
  });
});

it('describes what an apply changes, and only that', () => {
  const change = (action: string, resourceType: string, name: string, message = '') =>
    create(ChangeSchema, { action, resourceType, name, message });
  expect(
    describeChanges([
      change('unchanged', 'project', 'shop'),
      change('updated', 'agent', 'dev', 'model, env'),
      change('created', 'agent', 'reviewer'),
      change('removed', 'scheduler', 'dev'),
      change('updated', 'project', 'shop'),
    ]),
  ).toBe('agent dev (model, env), new agent reviewer, scheduler of dev removed');
  expect(describeChanges([change('updated', 'project', 'shop')])).toBe('project shop');
});
