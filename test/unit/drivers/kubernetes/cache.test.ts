import { describe, expect, test } from 'vitest';
import { makeId } from '../../../../src/base/ids.js';
import { cacheClaim, cacheClaimName, isCacheClaim, pendingWhy } from '../../../../src/drivers/kubernetes/cacheClaim.js';
import { contentsOf, fillCommand } from '../../../../src/drivers/kubernetes/cacheScripts.js';

const one = 'a'.repeat(40);
const two = 'b'.repeat(64);

describe('what a volume says of itself', () => {
  test.each([
    ['', { generation: 1, tips: [], outdated: [] }],
    ['1/objects\n1/tips/' + one, { generation: 1, tips: [one], outdated: [] }],
    [`1/objects\n2/objects\n1/tips/${one}\n2/tips/${two}`, { generation: 2, tips: [two], outdated: [] }],
    ['1/objects\n2/objects\n3/objects\n12/objects', { generation: 12, tips: [], outdated: [1, 2, 3] }],
    [
      `0/objects\n../tips/${one}\n1/tips/../../x\n01/objects\n9999999/objects\n1/tips/--all`,
      { generation: 1, tips: [], outdated: [] },
    ],
  ])('is read as text of strangers: %j', (said, contents) => {
    expect(contentsOf(said)).toEqual(contents);
  });
});

test('words of a command are no shell', () => {
  const run = makeId<'run'>(new Uint8Array(16));
  const [shell, option, , name, ...words] = fillCommand('sha1', { generation: 3, run, tip: one, outdated: [1] });
  expect([shell, option, name, ...words]).toEqual(['/bin/sh', '-c', 'cache', 'sha1', '3', run, one, '1']);
});

describe('the claim of a repository', () => {
  const owner = { state: 'mark', objects: '/home/ada/shop/.git/objects', cache: {} };

  test('is made as the file says', () => {
    expect(cacheClaim(owner)).toEqual({
      metadata: {
        name: cacheClaimName(owner),
        labels: {
          'app.kubernetes.io/managed-by': 'muster',
          'muster.dev/state': 'mark',
          'muster.dev/cache': 'history',
        },
        annotations: { 'muster.dev/repository': 'shop' },
      },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '10737418240' } } },
    });
    const cache = { storage: 'shared', sizeBytes: 7, accessMode: 'ReadWriteMany' };
    expect(cacheClaim({ ...owner, cache }).spec).toEqual({
      accessModes: ['ReadWriteMany'],
      storageClassName: 'shared',
      resources: { requests: { storage: '7' } },
    });
  });

  test('is another one for another host, repository, class or access, not for another size', () => {
    const name = cacheClaimName(owner);
    expect(isCacheClaim(name)).toBe(true);
    expect(name).toMatch(/^muster-cache-[0-9a-f]{24}$/);
    const others = [
      { ...owner, state: 'other' },
      { ...owner, objects: '/home/ada/web/.git/objects' },
      { ...owner, cache: { storage: 'fast' } },
      { ...owner, cache: { accessMode: 'ReadWriteMany' } },
    ];
    expect(new Set([name, ...others.map(cacheClaimName)]).size).toBe(5);
    expect(cacheClaimName({ ...owner, cache: { sizeBytes: 1, accessMode: 'ReadWriteOnce' } })).toBe(name);
  });
});

test.each([
  [[], undefined],
  [['Normal'], undefined],
  [['WaitForFirstConsumer'], 'waits for a pod'],
  [['FailedBinding'], { why: 'said', isFinal: true }],
  [['WaitForFirstConsumer', 'ProvisioningFailed'], { why: 'said', isFinal: false }],
])('what a claim waits for: %j', (reasons, expected) => {
  const events = reasons.map(reason => ({ reason, message: 'said.', metadata: {}, involvedObject: {} }));
  expect(pendingWhy(events)).toEqual(expected);
});
