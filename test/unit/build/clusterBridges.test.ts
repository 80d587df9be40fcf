import { expect, test } from 'vitest';
import { bridgeOf, leftBridges } from '../../../src/build/provision/cluster/bridges.ts';

test('of all bridges only those are taken away whose cluster was killed', () => {
  const listed = ['docker0', bridgeOf(41), bridgeOf(42), 'mstr', 'mstr42x', 'br-mstr43']
    .map(
      (name, index) =>
        `${index + 2}: ${name}: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue\\    link/ether`,
    )
    .join('\n');
  expect(leftBridges(listed, pid => pid === 41)).toEqual(['mstr42']);
  expect(bridgeOf(4_194_304).length).toBeLessThanOrEqual(15);
});
