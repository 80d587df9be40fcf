import { expect, test } from 'vitest';
import { coreHost, coreWorld, runNow } from '../../support/coreHost.js';

test('a run whose wrapper began although its start failed tells why when nothing came of it', async () => {
  const world = coreWorld();
  const host = coreHost(world);
  const start = world.sandbox.runs.start;
  world.sandbox.runs.start = async (launch, signal) => {
    await start(launch, signal);
    for (const one of ['cli', 'wrapper'] as const) world.sandbox.kill(launch.run, one);
    throw new Error('The engine broke off the connection');
  };
  const { run } = await host.dispatch();
  await world.clock.advance(5_000);
  expect(runNow(world, run)).toMatchObject({
    status: 'lost',
    error: {
      message: expect.stringMatching(/^The engine broke off the connection\. What is here of its work is kept/),
    },
  });
});
