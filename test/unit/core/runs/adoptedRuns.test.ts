import { beforeEach, describe, expect, test } from 'vitest';
import type { RunId } from '../../../../src/base/ids.js';
import type { RunEnd } from '../../../../src/core/runs/runSupervisor.js';
import { settle, type FakeClock } from '../../../support/clock.js';
import type { FakeSandbox } from '../../../support/fakes/fakeSandbox.js';
import { noLimits, SupervisedRun } from '../../../support/supervisedRun.js';

describe('a run that the supervisor adopts', () => {
  let supervised: SupervisedRun;
  let clock: FakeClock;
  let sandbox: FakeSandbox;
  let run: RunId;
  let heard: (string | RunEnd)[];

  beforeEach(() => {
    supervised = new SupervisedRun();
    ({ clock, sandbox, run, heard } = supervised);
  });

  /** A host does this and is killed when it begins to stop the run; the next one is `supervised.supervisor` afterwards. */
  async function killedWhileItStops(work: () => Promise<void>): Promise<void> {
    const { supervisor, listener } = supervised;
    const runs = { ...sandbox.runs, stop: () => new Promise<never>(() => {}) };
    // What the killed one hears nobody has written down; its tail dies with it.
    supervised.listener = { onStarted: () => {}, onLines: () => {}, onEnded: () => {} };
    supervised.supervisor = supervised.open(runs, { tail: () => new Promise<never>(() => {}) });
    await work();
    Object.assign(supervised, { supervisor, listener });
  }

  test('has ended meanwhile: its whole output, then its end', async () => {
    sandbox.leave(run, { started: true, pid: true });
    sandbox.write(run, 'known\nnew\nlast');
    sandbox.exit(run, { code: 0 });
    await supervised.adopt(noLimits, { outputOffset: 6 });
    expect(heard).toEqual([
      'started',
      'line new',
      'line last',
      { kind: 'exited', exit: { code: 0, endedAt: 0 }, stderrTail: '' },
    ]);
    supervised.expectQuiet();
  });

  test('goes on: it is watched from where the earlier host was', async () => {
    sandbox.leave(run, { started: true, pid: true, alive: ['wrapper', 'cli'] });
    sandbox.write(run, 'known\nnew\n');
    await supervised.adopt(noLimits, { outputOffset: 6 });
    expect(heard).toEqual(['started', 'line new']);
    sandbox.exit(run, { code: 1 });
    await settle();
    expect(heard.at(-1)).toMatchObject({ kind: 'exited' });
  });

  test('was seen working before its directory was emptied: it has run', async () => {
    await supervised.adopt(noLimits, { seenStarted: true });
    await clock.advance(2000);
    expect(heard).toMatchObject(['started', { kind: 'lost', started: true }]);
  });

  test('never began: it is claimed, so that a late wrapper stops', async () => {
    await sandbox.directory.create(run, { spec: {}, prompt: '', files: {} });
    await supervised.adopt();
    expect(heard).toEqual([{ kind: 'lost', started: false, stderrTail: '' }]);
    sandbox.leave(run, { started: true, alive: ['wrapper'] });
    sandbox.begin(supervised.launch([{ print: 'it ran\n' }]));
    expect(await sandbox.runs.isAlive(run)).toBe(false);
  });

  test('was being given up by a host that was killed meanwhile: nothing ran', async () => {
    await sandbox.directory.create(run, { spec: {}, prompt: '', files: {} });
    await killedWhileItStops(() => supervised.adopt());
    await supervised.adopt();
    expect(heard).toEqual([{ kind: 'lost', started: false, stderrTail: '' }]);
    supervised.expectQuiet();
  });

  test('was being given up, and was seen working before: it has run', async () => {
    await sandbox.directory.claimStart(run);
    await supervised.adopt(noLimits, { seenStarted: true });
    await clock.advance(2000);
    expect(heard).toMatchObject(['started', { kind: 'lost', started: true }]);
  });

  test('was cancelled before it began by a host that was killed meanwhile: it is cancelled', async () => {
    sandbox.wrapperWaits = true;
    const steps = supervised.launch([{ print: 'it ran\n' }]);
    await killedWhileItStops(async () => {
      supervised.supervisor.start(steps, noLimits, supervised.listener);
      await settle();
      void supervised.supervisor.cancel(run);
      await settle();
    });
    await supervised.adopt(noLimits, { cancelled: true });
    sandbox.begin(steps);
    await settle();
    expect(heard).toEqual([{ kind: 'cancelled' }]);
    supervised.expectQuiet();
  });

  test('was being cancelled at work by a host that was killed meanwhile: it is stopped and cancelled', async () => {
    await killedWhileItStops(async () => {
      await supervised.start([{ print: 'one\n' }, { wait: true }]);
      void supervised.supervisor.cancel(run);
      await settle();
    });
    await supervised.adopt(noLimits, { cancelled: true });
    expect(heard).toEqual(['started', 'line one', { kind: 'cancelled' }]);
    expect(await sandbox.runs.isAlive(run)).toBe(false);
    supervised.expectQuiet();
  });

  test('has a wrapper between its claim and its pid: it is watched', async () => {
    sandbox.leave(run, { started: true, alive: ['wrapper'] });
    await supervised.adopt();
    expect(heard).toEqual([]);
    sandbox.write(run, 'one\n');
    sandbox.exit(run, { code: 0 });
    await settle();
    expect(heard).toMatchObject(['started', 'line one', { kind: 'exited' }]);
  });

  test.each([
    { left: 'a claim alone', pid: false },
    { left: 'a pid and nothing alive', pid: true },
  ])('left $left: it is lost', async ({ pid }) => {
    sandbox.leave(run, { started: true, pid });
    sandbox.write(run, 'half');
    await supervised.adopt();
    expect(heard.at(-1)).toEqual({ kind: 'lost', started: true, stderrTail: '' });
    expect(heard).toContain('line half');
    supervised.expectQuiet();
  });

  test('has lost its wrapper only: it is lost when the command has ended', async () => {
    sandbox.leave(run, { started: true, pid: true, alive: ['cli'] });
    await supervised.adopt();
    await clock.advance(60_000);
    expect(heard).toEqual(['started']);
    sandbox.kill(run, 'cli');
    await clock.advance(2_000);
    expect(heard.at(-1)).toMatchObject({ kind: 'lost', started: true });
  });
});
