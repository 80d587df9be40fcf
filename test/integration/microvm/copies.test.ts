import { createServer, type AddressInfo } from 'node:net';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { RunId } from '../../../src/base/ids.js';
import type { SandboxSpec } from '../../../src/core/sandboxes/sandboxDriver.js';
import { NamespaceMachines, namespacesMissing } from '../../support/fakes/namespaceMachines.js';
import { microvmsUnderTest } from '../../support/microvms.js';
import { tempDirectory } from '../../support/tempDirectory.js';

const missing = namespacesMissing();
const never = new AbortController().signal;

describe.skipIf(missing !== undefined)(missing ?? 'machines that work on copies', () => {
  let place: ReturnType<typeof open>;
  let machines: NamespaceMachines;
  let run: RunId;
  beforeEach(async () => {
    place = open();
    run = place.ids.next();
    await place.directory.create(run, { spec: {}, prompt: '', files: {} });
  });
  afterEach(async () => {
    await place.driver.runsIn().stop(run, { graceMs: 0 });
    await place.dispose();
  });

  function open() {
    return microvmsUnderTest(tempDirectory('muster-copies-'), {
      image: 'debian',
      runtime: stateDir => (machines = new NamespaceMachines(join(stateDir, 'machines'), { takes: 'copies' })),
    });
  }

  /** Starts a script in the workspace. */
  async function start(script: string, change: Partial<SandboxSpec> = {}, env = place.env): Promise<void> {
    const sandbox = { ...place.spec, ...change };
    const guest = await place.driver.ensure(sandbox, never);
    const cwd = guest.place(sandbox.workspace.folder);
    const launch = { run, argv: ['sh', '-c', script], env, cwd, stdin: 'none', sandbox } as const;
    await place.driver.runsIn().start(launch, never);
  }

  async function said(): Promise<string> {
    await place.directory.waitForExit(run, never);
    const lines: string[] = [];
    const onLines = (some: readonly { readonly text: string }[]): void =>
      void lines.push(...some.map(({ text }) => text));
    await place.output.tail(run, { from: 0, until: AbortSignal.abort(), signal: never, onLines });
    return lines.join('\n');
  }

  const inWorkspace = (name: string): string => join(place.spec.workspace.folder, name);
  const copies = (): string => join(place.stateDir, 'sandboxes', place.spec.id, 'copies');

  test('have two folders of this machine, and what they leave comes back before the word that it ended', async () => {
    const objects = tempDirectory('muster-objects-');
    writeFileSync(join(objects, 'pack'), 'of the repository');
    const gitDir = join(place.stateDir, 'sandboxes', place.spec.id, 'git', run);
    mkdirSync(gitDir, { recursive: true });
    writeFileSync(inWorkspace('.git'), 'gitdir: /elsewhere\n');
    writeFileSync(inWorkspace('old.txt'), 'old');
    writeFileSync(inWorkspace('kept.txt'), 'kept');
    symlinkSync('/etc/passwd', inWorkspace('link'));
    await start(
      'pwd; cat .git /muster/objects/0/pack; echo; rm old.txt; mkdir new; echo new >new/file; echo at home >$HOME/note; echo ref >/muster/git/ref; echo mine >/muster/objects/0/pack',
      { workspace: { ...place.spec.workspace, git: { gitDir, objects: [objects], commits: { head: '' } } } },
    );
    expect(await said()).toBe('/workspace\ngitdir: /muster/git\nof the repository');
    expect(machines.booted[0]?.mounts).toHaveLength(2);
    expect(readFileSync(inWorkspace('new/file'), 'utf8')).toBe('new\n');
    expect(existsSync(inWorkspace('old.txt'))).toBe(false);
    expect(readFileSync(inWorkspace('.git'), 'utf8')).toBe('gitdir: /elsewhere\n');
    expect(readFileSync(join(gitDir, 'ref'), 'utf8')).toBe('ref\n');
    // Theirs were copies.
    expect(readFileSync(join(objects, 'pack'), 'utf8')).toBe('of the repository');
    const home = join(place.stateDir, 'sandboxes', place.spec.id, 'home');
    expect(readFileSync(join(home, 'note'), 'utf8')).toBe('at home\n');
    await expect.poll(() => existsSync(join(copies(), run))).toBe(false);
    expect(await machines.list()).toEqual([]);
  });

  test('of a workspace to read nothing comes back', async () => {
    await start('echo no >forbidden', { workspace: { ...place.spec.workspace, readOnly: true } });
    await said();
    expect(existsSync(inWorkspace('forbidden'))).toBe(false);
  });

  test('nothing that they put in the place of a folder leads to files of this machine', async () => {
    const secret = tempDirectory('muster-secret-');
    for (const name of ['stdout', 'private']) writeFileSync(join(secret, name), 'of a person');
    writeFileSync(inWorkspace('mine.txt'), 'mine');
    await start(
      `mv /muster/files/home /muster/files/was; ln -s ${secret} /muster/files/home; rm -r /muster/files/workspace; ln -s ${secret} /muster/files/workspace; rm /muster/runs/${run}/stderr; ln -s ${secret}/private /muster/runs/${run}/stderr`,
    );
    await said();
    expect(await place.directory.stderrTail(run, 1000)).not.toContain('of a person');
    expect(existsSync(inWorkspace('private'))).toBe(false);
    expect(existsSync(join(place.stateDir, 'sandboxes', place.spec.id, 'home', 'private'))).toBe(false);
    expect(readFileSync(inWorkspace('mine.txt'), 'utf8')).toBe('mine');
  });

  // What is in a machine is below /usr here.
  test.skipIf(!existsSync('/usr/bin/node'))(
    'reach the port that was asked for through a relay, and have no network',
    async () => {
      const server = createServer(socket => socket.end('from this machine')).listen(0, '127.0.0.1');
      onTestFinished(() => void server.close());
      await new Promise(resolve => server.once('listening', resolve));
      const { port } = server.address() as AddressInfo;
      const guest = await place.driver.ensure(place.spec, never);
      expect(guest.reach(port)).toEqual({ host: '127.0.0.1', port });
      expect(guest.hasMail).toBe(false);
      const script = `require('net').connect(${port}, '127.0.0.1').on('data', d => process.stdout.write(String(d)))`;
      await start(`node -e "${script}"`);
      expect(await said()).toBe('from this machine');
      expect(machines.booted[0]?.network).toEqual({ ports: [], hosts: 'none' });
    },
  );

  test('why nothing was started in a machine is told, and its run is nobody’s', async () => {
    const run0 = machines.run.bind(machines);
    machines.run = async (name, command) =>
      command.argv.includes(`MUSTER_RUN_ID=${run}`)
        ? { code: 2, said: 'sh: Cannot fork\n' }
        : await run0(name, command);
    await expect(start('true')).rejects.toMatchObject({
      code: 'run.notStarted',
      data: { reason: 'sh: Cannot fork' },
    });
    expect(await machines.list()).toEqual([]);
    // Whoever claims it tells that it did not begin; what has begun is only ever lost.
    expect(await place.directory.claimStart(run)).toBe('claimed');
  });

  test('what is too much to come back is told', async () => {
    await start('head -c 100000 /dev/zero >big', { resources: { diskBytes: 50_000 } });
    await expect.poll(() => place.driver.runsIn().whyLost?.(run)).toMatch(/resources\.disk/);
  });

  test('folders of the compose file are refused: there is no room for them', async () => {
    const mounts = [{ type: 'bind', source: '/srv', target: '/srv', readOnly: true }] as const;
    await expect(place.driver.ensure({ ...place.spec, mounts }, never)).rejects.toMatchObject({
      code: 'sandbox.unavailable',
      data: { reason: 'no volumes' },
    });
  });

  describe('after the death of its host', () => {
    test('a run goes on, and the next host brings back what it leaves', async () => {
      await start('echo one; echo work >done.txt; until [ -e /muster/files/go ]; do sleep 0.05; done; echo two');
      await place.directory.waitForStart(run, never);
      await place.driver.dispose();
      const next = place.nextHost();
      await next.takeUp();
      expect(await next.runsIn().isAlive(run)).toBe(true);
      writeFileSync(join(copies(), run, 'files', 'go'), '');
      expect(await said()).toBe('one\ntwo');
      expect(readFileSync(inWorkspace('done.txt'), 'utf8')).toBe('work\n');
      await next.runsIn().stop(run, { graceMs: 0 });
      await next.dispose();
    });

    test('what a machine left that is gone with it is brought back all the same', async () => {
      await start('echo work >done.txt; sleep 600');
      await place.directory.waitForStart(run, never);
      await expect.poll(() => existsSync(join(copies(), run, 'files', 'workspace', 'done.txt'))).toBe(true);
      await place.driver.dispose();
      await machines.remove((await machines.list())[0]!.name);
      const next = place.nextHost();
      await next.takeUp();
      await expect.poll(() => next.runsIn().isAlive(run)).toBe(false);
      expect(readFileSync(inWorkspace('done.txt'), 'utf8')).toBe('work\n');
      await next.dispose();
    });

    test('copies of a run that was never begun change nothing', async () => {
      writeFileSync(inWorkspace('mine.txt'), 'mine');
      machines.boot = () => new Promise(() => undefined);
      const abort = new AbortController();
      const sandbox = place.spec;
      await place.driver.ensure(sandbox, never);
      const launch = { run, argv: ['sh'], env: place.env, cwd: '/workspace', stdin: 'none', sandbox } as const;
      const starting = place.driver.runsIn().start(launch, abort.signal);
      await expect.poll(() => existsSync(join(copies(), run, 'files', 'workspace', 'mine.txt'))).toBe(true);
      writeFileSync(join(copies(), run, 'files', 'workspace', 'mine.txt'), 'half');
      const next = place.nextHost();
      await next.takeUp();
      expect(readFileSync(inWorkspace('mine.txt'), 'utf8')).toBe('mine');
      expect(existsSync(join(copies(), run))).toBe(false);
      expect(await next.runsIn().isAlive(run)).toBe(false);
      await next.dispose();
      abort.abort(new Error('enough'));
      await expect(starting).rejects.toThrow('enough');
    });
  });
});
