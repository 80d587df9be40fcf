import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testRepository, type Programs } from '../support/hostProcess.ts';
import { timedHome, type TimedHome } from '../support/timedHome.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const minute = 60_000;
const hour = 60 * minute;
/** Half past midnight: the first moment of an hourly trigger is half an hour away. */
const start = Date.UTC(2031, 0, 1, 0, 30);

const file = `name: shop
providers:
  shell: {command: sh, args: ["-c", "true"]}
agents:
  once:
    provider: shell
    scheduler: {overlap: parallel, triggers: [{name: t, cron: "0 * * * *", timezone: UTC}]}
  left:
    provider: shell
    scheduler: {overlap: parallel, misfire: skip, triggers: [{name: t, cron: "0 * * * *", timezone: UTC}]}
  all:
    provider: shell
    scheduler: {overlap: parallel, misfire: run_all, triggers: [{name: t, cron: "0 * * * *", timezone: UTC}]}
`;

/** What the agent's trigger did, the oldest first: `started 01`, `missed 01+7`. */
async function told(home: TimedHome, repository: string, agent: string): Promise<string> {
  const { runs } = (await home.musterJson(['scheduler', 'runs', agent], { cwd: repository })) as {
    runs: readonly { status: string; due_at: string; missed: number }[];
  };
  return runs
    .toReversed()
    .map(({ status, due_at, missed }) => `${status} ${due_at.slice(11, 13)}${missed > 0 ? `+${missed}` : ''}`)
    .join(', ');
}

const all = 'started 01, started 02, started 03, started 04';

test('a real host whose machine slept, whose clock was set back, and that was killed fires as each policy says', async () => {
  const home = timedHome(programs, start);
  const repository = testRepository({ 'agent-compose.yml': file });
  const fired = (agent: string) => expect.poll(() => told(home, repository, agent), { timeout: 60_000 });
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  // It slept until half past four.
  home.setTime(start + 4 * hour);
  await fired('once').toBe('started 01+3');
  await fired('left').toBe('missed 01+3');
  await fired('all').toBe(all);
  // Back to half past two, and on to five o'clock: what has fired does not fire again.
  home.setTime(start + 2 * hour);
  home.setTime(start + 4 * hour + 30 * minute + 1_000);
  await fired('once').toBe('started 01+3, started 05');
  await fired('left').toBe('missed 01+3, started 05');
  await fired('all').toBe(`${all}, started 05`);
  // Nobody was there at six and seven.
  await home.killHost();
  home.setTime(start + 7 * hour);
  await fired('once').toBe('started 01+3, started 05, started 06+1');
  await fired('left').toBe('missed 01+3, started 05, missed 06+1');
  await fired('all').toBe(`${all}, started 05, started 06, started 07`);
});
