import { expect, test } from 'vitest';
import { parseId } from '../../../../src/base/ids.js';
import type { DriverSpec } from '../../../../src/compose/projectSpec.js';
import { agreeTo } from '../../../../src/core/projects/consent.js';
import type { Project } from '../../../../src/core/projects/project.js';
import type { ProjectStores } from '../../../../src/core/projects/projectStore.js';
import { Capacities } from '../../../../src/core/sandboxes/placeCapacity.js';
import type { Store } from '../../../../src/core/store.js';
import { specOf } from '../../../support/projectSpecs.js';

function project(
  id: string,
  drivers: Readonly<Record<string, object>>,
  consent: 'agreed' | 'asked' = 'agreed',
): Project {
  const agents = Object.entries(drivers).map(([name, driver]) => [name, { provider: 'claude', image: 'a', driver }]);
  const spec = specOf(JSON.stringify({ name: id, agents: Object.fromEntries(agents) as object }));
  return {
    id: parseId(id),
    name: id,
    folder: '/shop',
    file: '/shop/agent-compose.yml',
    revision: 1,
    specHash: 'hash',
    spec,
    appliedAt: 0,
    ...(consent === 'agreed' && { consent: agreeTo(spec, 'hash') }),
  };
}

/** Places that answer with their name, but for one that is broken. */
function capacities(...projects: readonly Project[]) {
  const asked: DriverSpec[] = [];
  const capacityOf = async (driver: DriverSpec) => {
    asked.push(driver);
    if (driver.name === 'kubernetes' && driver.context === 'broken') throw new Error('there is no such context');
    return { name: 'answered', atWork: 1, waiting: [] };
  };
  const store = {
    read: (work: (stores: ProjectStores) => unknown) =>
      work({ projects: { list: () => projects } } as unknown as ProjectStores),
  } as unknown as Store<ProjectStores>;
  return {
    asked,
    capacities: new Capacities({ store, looks: { kubernetes: { capacityOf }, docker: { capacityOf } } }),
  };
}

const pool = { docker: { hosts: ['ssh://one', 'ssh://two'] } };
const cluster = { kubernetes: { context: 'build', namespace: 'agents' } };

test('agents share a place that is asked once, and one of this machine or of one engine is none', async () => {
  const shop = project('000000000001', { a: cluster, b: cluster, c: pool, d: { process: {} }, e: { docker: {} } });
  const tool = project('000000000002', {
    a: cluster,
    f: { kubernetes: { ...cluster.kubernetes, node_selector: { x: 'y' } } },
  });
  const { asked, capacities: all } = capacities(shop, tool);
  const places = await all.list([]);
  expect(places.map(({ driver, agents }) => [driver.name, agents.map(({ agent }) => agent)])).toEqual([
    ['kubernetes', ['a', 'b', 'a']],
    ['docker', ['c']],
    ['kubernetes', ['f']],
  ]);
  expect(asked).toHaveLength(3);
  const own = await all.list([tool.id]);
  expect(own.map(({ agents }) => agents)).toEqual([
    [{ project: tool.id, agent: 'a' }],
    [{ project: tool.id, agent: 'f' }],
  ]);
});

test('a place that nobody agreed to is not asked', async () => {
  const { asked, capacities: all } = capacities(project('000000000001', { a: cluster, c: pool }, 'asked'));
  expect(await all.list([])).toEqual([]);
  expect(asked).toEqual([]);
});

test('a place that cannot be asked says why', async () => {
  const broken = { kubernetes: { context: 'broken', namespace: 'agents' } };
  const { capacities: all } = capacities(project('000000000001', { a: broken }));
  expect((await all.list([])).map(({ capacity }) => capacity)).toEqual([
    { name: 'broken/agents', atWork: 0, waiting: [], unknown: 'there is no such context' },
  ]);
});
