import { afterEach, describe, expect, it, vi } from 'vitest';
import { receiverName } from '../../../src/extension/dispatch/sendTask.js';
import type { WorkspaceScope } from '../../../src/extension/projects/workspaceScope.js';
import { threadDescription } from '../../../src/extension/threads/threadText.js';
import {
  agentTitle,
  projectTitle,
  shortTitle,
  tabTitle,
  taskTitle,
  tellApart,
  threadTitle,
} from '../../../src/extension/threads/threadTitles.js';
import { makeThread } from '../../support/protoThreads.js';

describe('projects that are called alike', () => {
  const projects = ['greeter', 'second'].map(folder => ({
    id: folder,
    name: 'demo',
    file: `/w/${folder}/agent-compose.yml`,
  }));
  const thread = makeThread({ projectId: 'second', projectName: 'demo', agent: 'dev' });
  afterEach(() => tellApart([], []));

  it('are told apart wherever an agent is named with its project', () => {
    tellApart([thread], projects);
    expect(projects.map(projectTitle)).toEqual(['demo (greeter)', 'demo (second)']);
    expect(agentTitle(thread)).toBe('demo (second)/dev');
    expect(threadDescription(thread, 0, { withProject: true })).toMatch(/^demo \(second\)\/dev/);
    const scope = { projects: () => projects } as unknown as WorkspaceScope;
    expect(receiverName({ scope }, { projectId: 'second', agent: 'dev' })).toBe('demo (second)/dev');
  });

  it('are called by their name as it is now, alone', () => {
    tellApart([thread], [{ id: 'second', name: 'shop', file: '/w/second/agent-compose.yml' }]);
    expect(agentTitle(thread)).toBe('shop/dev');
  });
});

describe('threads that are called alike', () => {
  const one = makeThread({ id: '3f2a9k4m7p0q', summary: 'Fix the test' });
  const other = makeThread({ id: '7b1c9k4m7p0q', summary: 'Fix the test' });
  const alone = makeThread({ id: '8b1c9k4m7p0q', summary: 'Add a page' });
  afterEach(() => tellApart([], []));

  it('are told apart in messages, tabs and rows for as long as both are shown', () => {
    tellApart([one, other, alone], []);
    expect([one, other, alone].map(threadTitle)).toEqual(['Fix the test (3f2a)', 'Fix the test (7b1c)', 'Add a page']);
    expect(tabTitle(one)).toBe('Fix the test (3f2a)');
    expect(threadDescription(one, 0)).toMatch(/^3f2a · dev/);
    expect(threadDescription(alone, 0)).toMatch(/^dev/);
    tellApart([one, alone], []);
    expect(threadTitle(one)).toBe('Fix the test');
  });

  it('are told apart by what is loaded later, too, which is a bundle with modules of its own', async () => {
    tellApart([one, other], []);
    vi.resetModules();
    const later = await import('../../../src/extension/threads/threadTitles.js');
    expect(later.tellApart).not.toBe(tellApart);
    expect(later.tabTitle(one)).toBe('Fix the test (3f2a)');
  });

  it('are told apart in rows that cut what differs, and nowhere else', () => {
    const long = ['web', 'api'].map((name, i) =>
      makeThread({ id: `${i}f2a9k4m7p0q`, summary: `Upgrade the libraries of ${name}` }),
    );
    tellApart(long, []);
    const [web, api] = long;
    expect(shortTitle(web ?? one)).toBe(shortTitle(api ?? one));
    expect(long.map(thread => threadDescription(thread, 0).slice(0, 4))).toEqual(['0f2a', '1f2a']);
    expect(long.map(threadTitle)).toEqual(long.map(taskTitle));
  });
});
