import { beforeEach, describe, expect, test } from 'vitest';
import type { RunId } from '../../../../src/base/ids.js';
import { silentLog } from '../../../../src/base/log.js';
import { DirectoryRunSupervisor } from '../../../../src/core/runs/directoryRunSupervisor.js';
import type { AdoptedRun, RunEnd, RunLimits, RunListener } from '../../../../src/core/runs/runSupervisor.js';
import { FakeClock, settle } from '../../../support/clock.js';
import { FakeSandbox, fakeCommand } from '../../../support/fakes/fakeSandbox.js';
import { countingIds } from '../../../support/ids.js';
import type { ProgramStep } from '../../../support/programs.js';

const noLimits: RunLimits = { wallClockMs: 0, stallMs: 0, graceMs: 1000 };

describe('a run that the supervisor adopts', () => {
  let clock: FakeClock;
  let sandbox: FakeSandbox;
  let supervisor: DirectoryRunSupervisor;
  let run: RunId;
  let heard: (string | RunEnd)[];
  let listener: RunListener;

  beforeEach(() => {
    clock = new FakeClock();
    sandbox = new FakeSandbox();
    supervisor = open();
    run = countingIds().next();
    heard = [];
    listener = {
      onStarted: () => heard.push('started'),
      onLines: lines => heard.push(...lines.map(line => `line ${line.text}`)),
      onEnded: end => heard.push(end),
    };
  });

  function open(runs = sandbox.runs, output = sandbox.output): DirectoryRunSupervisor {
    return new DirectoryRunSupervisor({
      directory: sandbox.directory,
      output,
      drivers: { ofRun: () => runs },
      clock,
      log: silentLog,
    });
  }
  function launch(steps: readonly ProgramStep[]) {
    return { run, argv: [fakeCommand, JSON.stringify(steps)], env: {}, cwd: '/', stdin: 'none' as const };
  }
  async function start(steps: readonly ProgramStep[], limits = noLimits): Promise<void> {
    supervisor.start(launch(steps), limits, listener);
    await settle();
  }
  async function adopt(limits = noLimits, from: Partial<AdoptedRun> & { readonly agoMs?: number } = {}): Promise<void> {
    const { agoMs = 0, ...known } = from;
    const startedAt = clock.now() - agoMs;
    supervisor.adopt(
      { run, outputOffset: 0, startedAt, seenStarted: false, cancelled: false, ...known },
      limits,
      listener,
    );
    await settle();
  }
  /** A host does this and is killed when it begins to stop the run; the next one is `supervisor` afterwards. */
  async function killedWhileItStops(work: () => Promise<void>): Promise<void> {
    const kept = { supervisor, listener };
    const runs = { ...sandbox.runs, stop: () => new Promise<never>(() => {}) };
    // What the killed one hears nobody has written down; its tail dies with it.
    listener = { onStarted: () => {}, onLines: () => {}, onEnded: () => {} };
    supervisor = open(runs, { tail: () => new Promise<never>(() => {}) });
    await work();
    ({ supervisor, listener } = kept);
  }
  /** Nothing of an ended run goes on: no timer, no watch. */
  function expectQuiet(): void {
    expect({ sleeping: clock.sleeping, watching: sandbox.watching }).toEqual({ sleeping: 0, watching: 0 });
  }

  test('has ended meanwhile: its whole output, then its end', async () => {
    sandbox.leave(run, { started: true, pid: true });
    sandbox.write(run, 'known\nnew\nlast');
    sandbox.exit(run, { code: 0 });
    await adopt(noLimits, { outputOffset: 6 });
    expect(heard).toEqual([
      'started',
      'line new',
      'line last',
      { kind: 'exited', exit: { code: 0, endedAt: 0 }, stderrTail: '' },
    ]);
    expectQuiet();
  });

  test('goes on: it is watched from where the earlier host was', async () => {
    sandbox.leave(run, { started: true, pid: true, alive: ['wrapper', 'cli'] });
    sandbox.write(run, 'known\nnew\n');
    await adopt(noLimits, { outputOffset: 6 });
    expect(heard).toEqual(['started', 'line new']);
    sandbox.exit(run, { code: 1 });
    await settle();
    expect(heard.at(-1)).toMatchObject({ kind: 'exited' });
  });

  test('was seen working before its directory was emptied: it has run', async () => {
    await adopt(noLimits, { seenStarted: true });
    await clock.advance(2000);
    expect(heard).toMatchObject(['started', { kind: 'lost', started: true }]);
  });

  test('never began: it is claimed, so that a late wrapper stops', async () => {
    await sandbox.directory.create(run, { spec: {}, prompt: '', files: {} });
    await adopt();
    expect(heard).toEqual([{ kind: 'lost', started: false, stderrTail: '' }]);
    sandbox.leave(run, { started: true, alive: ['wrapper'] });
    sandbox.begin(launch([{ print: 'it ran\n' }]));
    expect(await sandbox.runs.isAlive(run)).toBe(false);
  });

  test('was being given up by a host that was killed meanwhile: nothing ran', async () => {
    await sandbox.directory.create(run, { spec: {}, prompt: '', files: {} });
    await killedWhileItStops(() => adopt());
    await adopt();
    expect(heard).toEqual([{ kind: 'lost', started: false, stderrTail: '' }]);
    expectQuiet();
  });

  test('was being given up, and was seen working before: it has run', async () => {
    await sandbox.directory.claimStart(run);
    await adopt(noLimits, { seenStarted: true });
    await clock.advance(2000);
    expect(heard).toMatchObject(['started', { kind: 'lost', started: true }]);
  });

  test('was cancelled before it began by a host that was killed meanwhile: it is cancelled', async () => {
    sandbox.wrapperWaits = true;
    const steps = launch([{ print: 'it ran\n' }]);
    await killedWhileItStops(async () => {
      supervisor.start(steps, noLimits, listener);
      await settle();
      void supervisor.cancel(run);
      await settle();
    });
    await adopt(noLimits, { cancelled: true });
    sandbox.begin(steps);
    await settle();
    expect(heard).toEqual([{ kind: 'cancelled' }]);
    expectQuiet();
  });

  test('was being cancelled at work by a host that was killed meanwhile: it is stopped and cancelled', async () => {
    await killedWhileItStops(async () => {
      await start([{ print: 'one\n' }, { wait: true }]);
      void supervisor.cancel(run);
      await settle();
    });
    await adopt(noLimits, { cancelled: true });
    expect(heard).toEqual(['started', 'line one', { kind: 'cancelled' }]);
    expect(await sandbox.runs.isAlive(run)).toBe(false);
    expectQuiet();
  });

  test('has a wrapper between its claim and its pid: it is watched', async () => {
    sandbox.leave(run, { started: true, alive: ['wrapper'] });
    await adopt();
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
    await adopt();
    expect(heard.at(-1)).toEqual({ kind: 'lost', started: true, stderrTail: '' });
    expect(heard).toContain('line half');
    expectQuiet();
  });

  test('has lost its wrapper only: it is lost when the command has ended', async () => {
    sandbox.leave(run, { started: true, pid: true, alive: ['cli'] });
    await adopt();
    await clock.advance(60_000);
    expect(heard).toEqual(['started']);
    sandbox.kill(run, 'cli');
    await clock.advance(2_000);
    expect(heard.at(-1)).toMatchObject({ kind: 'lost', started: true });
  });
});
