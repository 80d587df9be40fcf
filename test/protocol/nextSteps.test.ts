import { chmodSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

/** `fail` ends badly, `write` changes a file. */
const file = `name: shop
providers:
  writer: {command: sh, args: ["-c", "cat > /dev/null; echo work > work.txt"], input: stdin}
  broken: {command: sh, args: ["-c", "cat > /dev/null; exit 3"], input: stdin}
merge:
  verify: ["echo the reason; exit 1"]
agents:
  write: {provider: writer}
  fail: {provider: broken}
`;

test('what went wrong says what comes next, with the names that people know', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  const run = (...args: readonly string[]) => home.muster(args, { cwd: repository });
  expect(await run('up', '--yes')).toMatchObject({ status: 0 });
  const dispatched = async (...args: readonly string[]): Promise<string> => {
    const { thread_id: id } = (await home.musterJson(['dispatch', ...args], { cwd: repository })) as {
      thread_id: string;
    };
    return id;
  };
  const id = await dispatched('write', 'Write', '--wait');

  expect(await run('down', '-p', 'shpo')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('There is no project "shpo". Applied are: shop.'),
  });

  // A slip of the keyboard is refused; the thread stays as it was.
  const slip = await run('merge', id, '--into', 'mian');
  expect(slip.status).not.toBe(0);
  expect(slip.stderr).toContain('There is no branch "mian" to merge into. There are: main');
  expect((await run('ps', '--all')).stdout).not.toContain('mian');

  expect((await run('merge', id)).stderr).toContain(`muster queue checks ${id}`);

  const failed = await run('dispatch', 'fail', 'Try', '--wait', '--json');
  const { thread_id: bad } = JSON.parse(failed.stdout) as { thread_id: string };
  const waiting = await dispatched('write', 'After it', '--depends-on', bad);
  const inbox = (await run('inbox')).stdout;
  expect(inbox).toContain(`${bad} shop/fail:`);
  expect(inbox).toContain(`${waiting} shop/write: It waits for thread ${bad}, whose run failed.`);
});

test('a task says that it goes by what was applied when the file was written since', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  await home.muster(['up', '--yes'], { cwd: repository });
  const dispatch = () => home.muster(['dispatch', 'write', 'Write'], { cwd: repository });
  expect((await dispatch()).stderr).toBe('');
  const later = new Date(Date.now() + 60_000);
  utimesSync(join(repository, 'agent-compose.yml'), later, later);
  expect((await dispatch()).stderr).toContain('agent-compose.yml was written since it was applied');
});

test('doctor tells a docker that has no engine from one that has', async () => {
  const home = testHome(programs);
  const repository = testRepository({});
  const bin = join(repository, '..', 'docker-bin');
  mkdirSync(bin, { recursive: true });
  const doctor = async (script: string): Promise<string> => {
    writeFileSync(join(bin, 'docker'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, 'docker'), 0o755);
    const env = { PATH: `${bin}:${process.env['PATH']}` };
    return (await home.muster(['doctor'], { cwd: repository, env })).stdout;
  };
  expect(await doctor('echo 27.0.1')).toMatch(/docker: .*engine 27\.0\.1/);
  expect(await doctor('echo "Cannot connect to the Docker daemon" >&2; exit 1')).toMatch(
    /docker: .*no engine answers: Cannot connect to the Docker daemon\n.*Start the engine/,
  );
});
