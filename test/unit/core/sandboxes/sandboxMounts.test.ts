import { describe, expect, test } from 'vitest';
import { mountsOf } from '../../../../src/core/sandboxes/sandboxMounts.js';
import { specOf } from '../../../support/projectSpecs.js';

function mounts(...volumes: readonly string[]) {
  const spec = specOf(
    JSON.stringify({
      volumes: { cache: { name: 'shop-cache' } },
      agents: { dev: { provider: 'claude', image: 'agents', volumes } },
    }),
  );
  const [agent] = spec.agents;
  if (!agent) throw new Error('No agent');
  return mountsOf(agent, { spec, folder: '/home/me/shop' }, { stateDir: '/home/me/.muster' });
}

describe('what the compose file wants mounted', () => {
  test('is a folder beside it, one by its path, or a volume by its name', () => {
    expect(mounts('./data:/data:ro', '../other:/other', '/opt/tools:/tools', 'cache:/cache')).toEqual([
      { type: 'volume', source: 'shop-cache', target: '/cache', readOnly: false },
      { type: 'bind', source: '/home/me/shop/data', target: '/data', readOnly: true },
      { type: 'bind', source: '/home/me/other', target: '/other', readOnly: false },
      { type: 'bind', source: '/opt/tools', target: '/tools', readOnly: false },
    ]);
  });

  test.each([
    ['./x:/workspace/.git', /not free/],
    ['./x:/muster/git', /not free/],
    ['./x:/opt/../proc', /not free/],
    ['./x:/', /not free/],
    ['/home/me/.muster/runs:/runs', /all agents/],
    ['/home/me:/home', /all agents/],
    ['../.muster:/state', /all agents/],
  ])('%s is refused', (volume, reason) => {
    expect(() => mounts(volume)).toThrow(reason);
  });
});
