import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ProcessRuns } from '../../support/processRuns.js';

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

/** Environment and parent of an agent, as it sees them. */
const aboutItself = 'tr "\\0" "\\n" </proc/$$/environ | sort; echo "cwd $PWD"; ps -o sid=,pgid= -p $PPID';

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
  const through = await runs.start(aboutItself, { env });
  await through.ended;
  // A shell cannot be told this one, so that the host starts the process itself.
  const direct = await runs.start(aboutItself, { env: { ...env, OPTIND: '1' } });
  await direct.ended;
  const comparable = (lines: readonly string[]) =>
    lines.filter(line => !/^(MUSTER_RUN_ID|OPTIND)=/.test(line)).map(line => line.replace(/^ *(\d+) +\1$/, 'leads'));
  expect(comparable(through.texts)).toEqual(comparable(direct.texts));
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
  const heard = await runs.start('sleep 0.2; echo outlived');
  await runs.sandbox.dispose();
  expect(await heard.ended).toMatchObject({ kind: 'exited', exit: { code: 0 } });
  expect(heard.texts).toEqual(['outlived']);
  await expect.poll(spawnerPid).toBeNaN();
});
