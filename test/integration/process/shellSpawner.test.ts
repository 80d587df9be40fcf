import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ProcessRuns, type HeardRun } from '../../support/processRuns.js';

let runs: ProcessRuns;
beforeEach(async () => {
  runs = await ProcessRuns.open();
  runs.sandbox.prepare();
});
afterEach(async () => {
  // First who makes spare folders in what is removed then.
  await runs.sandbox.dispose();
  await runs.dispose();
});

/** The shell that starts processes: the child of this process that reads its commands from a pipe. */
function spawnerPid(): number {
  const children = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  const line = children.split('\n').find(each => each.trimEnd().endsWith('/bin/sh -s'));
  return Number.parseInt(line ?? '', 10);
}

/** On a busy machine. */
const patience = { timeout: 30_000 };

/** The shell that waits for the next order: it says so on the first one's output. */
function waitingPid(): number {
  const output = readlinkSync(`/proc/${spawnerPid()}/fd/1`);
  const pids = execFileSync('pgrep', ['-fx', '/bin/sh -s'], { encoding: 'utf8' }).trim().split('\n');
  return Number(pids.find(pid => linkAt(`/proc/${pid}/fd/3`) === output) ?? Number.NaN);
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // It has ended since it was listed, or has no such descriptor.
    return undefined;
  }
}

/** The process that {@link aboutItself} was started by. */
function wrapperOf({ texts }: HeardRun): number {
  return Number(texts.find(text => text.startsWith('wrapper '))?.slice('wrapper '.length));
}

/** Until an agent can be started by the shell that waits. */
async function untilOneWaits(): Promise<number> {
  await expect.poll(waitingPid, patience).toBeGreaterThan(0);
  return waitingPid();
}

/** Environment and parent of an agent, as it sees them. */
const aboutItself =
  'tr "\\0" "\\n" </proc/$$/environ | sort; echo "cwd $PWD"; echo "wrapper $PPID"; ps -o sid=,pgid= -p $PPID';

test('an agent has the same environment, folder and kind of session as one that the host starts itself', async () => {
  const env = {
    'PLAIN': 'x',
    'QUOTES': `a'b"c$HOME \`id\` \\`,
    'LINES': 'one\ntwo\n',
    'EMPTY': '',
    'IFS': 'x',
    'OLDPWD': '/old',
    'with.dot': 'dropped',
    'LANG': 'C.UTF-8',
    'WORD': 'käse',
  };
  let waiting: HeardRun | undefined;
  await expect
    .poll(async () => {
      const pid = await untilOneWaits();
      waiting = await runs.start(aboutItself, { env });
      await waiting.ended;
      return wrapperOf(waiting) === pid;
    }, patience)
    .toBe(true);
  // One waits for the first of two.
  const [, through] = await Promise.all([runs.start('true'), runs.start(aboutItself, { env })]);
  await through.ended;
  // A shell cannot be told this one, so that the host starts the process itself.
  const direct = await runs.start(aboutItself, { env: { ...env, OPTIND: '1' } });
  await direct.ended;
  const comparable = (lines: readonly string[]) =>
    lines
      .filter(line => !/^(?:(?:MUSTER_RUN_ID|OPTIND)=|wrapper )/.test(line))
      .map(line => line.replace(/^ *(\d+) +\1$/, 'leads'));
  expect(comparable(through.texts)).toEqual(comparable(direct.texts));
  expect(comparable(waiting?.texts ?? [])).toEqual(comparable(direct.texts));
  expect(through.texts).toContain('PLAIN=x');
  expect(comparable(through.texts)).toContain('leads');
});

test('an agent is started though the shell that starts processes was killed', async () => {
  const before = spawnerPid();
  process.kill(before, 'SIGKILL');
  const heard = await runs.start('echo here; echo once >>count');
  expect(await heard.ended).toMatchObject({ kind: 'exited', exit: { code: 0 } });
  expect(heard.texts).toEqual(['here']);
  expect(spawnerPid()).not.toBe(before);
});

test('an agent is started once though the shell that waited for it was killed', async () => {
  process.kill(await untilOneWaits(), 'SIGKILL');
  for (let run = 0; run < 2; run++) {
    const heard = await runs.start(`echo once >>${runs.stateDir}/count-${run}; echo done`);
    await heard.said('done');
    await heard.ended;
    expect(readFileSync(`${runs.stateDir}/count-${run}`, 'utf8')).toBe('once\n');
  }
  // Found out by now. Another one waits a moment after the next start, which would use one that already does.
  await (
    await runs.start('true')
  ).ended;
  await expect.poll(waitingPid, patience).toBeGreaterThan(0);
});

test('an agent is started once though the shell that starts processes hangs', async () => {
  const spawner = spawnerPid();
  process.kill(spawner, 'SIGSTOP');
  const heard = await runs.start(`echo once >>${runs.stateDir}/count; echo done`);
  await heard.said('done');
  await heard.ended;
  const later = await runs.start('echo later');
  await later.ended;
  expect(spawnerPid()).not.toBe(spawner);
  expect(readFileSync(`${runs.stateDir}/count`, 'utf8')).toBe('once\n');
});

test('a run that is cancelled while its process is on its way does not begin afterwards', async () => {
  const spawner = spawnerPid();
  process.kill(spawner, 'SIGSTOP');
  const heard = await runs.start(`echo begun >>${runs.stateDir}/count; sleep 1000`);
  const cancelled = runs.supervisor.cancel(heard.run);
  process.kill(spawner, 'SIGCONT');
  await cancelled;
  expect(await heard.ended).toEqual({ kind: 'cancelled' });
  const members = execFileSync('sh', ['-c', `grep -lz "^MUSTER_RUN_ID=${heard.run}" /proc/[0-9]*/environ || true`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  expect(members).toBe('');
});

test('the shell is in no argument list with what a run is told, and ends with the sandbox', async () => {
  const spawner = spawnerPid();
  expect(readFileSync(`/proc/${spawner}/cmdline`, 'utf8')).toBe('/bin/sh\0-s\0');
  expect(readlinkSync(`/proc/${spawner}/cwd`)).toBe('/');
  const waits = await untilOneWaits();
  expect(readFileSync(`/proc/${waits}/cmdline`, 'utf8')).toBe('/bin/sh\0-s\0');
  await Promise.all([runs.start('true'), runs.start('true')]);
  const last = await untilOneWaits();
  const heard = await runs.start('sleep 0.2; echo outlived');
  await runs.sandbox.dispose();
  expect(await heard.ended).toMatchObject({ kind: 'exited', exit: { code: 0 } });
  expect(heard.texts).toEqual(['outlived']);
  await expect.poll(spawnerPid, patience).toBeNaN();
  await expect.poll(() => linkAt(`/proc/${last}/exe`), patience).toBeUndefined();
});
