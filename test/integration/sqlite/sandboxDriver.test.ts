import { expect, test } from 'vitest';
import { isFor } from '../../../src/core/sandboxes/sandbox.js';
import { specOf } from '../../support/projectSpecs.js';
import { coreHost, coreWorld } from '../../support/coreHost.js';
import { randomIds } from '../../support/randomIds.js';

test.each([
  'docker: {host: "unix:///d"}',
  'docker: {hosts: ["tcp://one:2376", "ssh://two"]}',
  'microsandbox: {profile: small}',
  'boxlite: {rootfs: /opt/vm}',
  'kubernetes: {}',
  'kubernetes: {context: c, namespace: n, service_account: s, node_selector: {b: x, a: y}, tolerations: [{key: k, operator: Exists, effect: NoExecute, seconds: 5}, {value: v, key: l}], runtime_class: r, image_pull_secrets: [p, q], facade: f.g, storage: t, cache: {storage: f, size: 1g, access_mode: ReadWriteMany}}',
  'kubernetes: {cache: {}}',
])('a stored sandbox is still that of its agent: %s', async driver => {
  const world = coreWorld();
  const { store } = world;
  const { thread } = await coreHost(world).dispatch();
  const [agent] = specOf(`agents: {dev: {provider: demo, image: debian, driver: {${driver}}}}`).agents;
  if (!agent) throw new Error('There is no agent.');
  const id = randomIds().next<'sandbox'>();
  const times = { createdAt: 1, usedAt: 1 };
  store.transact(stores =>
    stores.sandboxes.save({
      id,
      threadId: thread.id,
      agent: 'dev',
      driver: agent.driver,
      image: 'debian',
      state: 'ready',
      ...times,
    }),
  );
  const stored = store.read(stores => stores.sandboxes.get(id));
  expect(stored && isFor(stored, 'dev', agent.driver)).toBe(true);
  expect(stored?.driver).toEqual(JSON.parse(JSON.stringify(agent.driver)));
});
