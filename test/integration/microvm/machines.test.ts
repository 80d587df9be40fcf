import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunId } from '../../../src/base/ids.js';
import type { SandboxLaunch, SandboxSpec } from '../../../src/core/sandboxes/sandboxDriver.js';
import { NamespaceMachines, namespacesMissing } from '../../support/fakes/namespaceMachines.js';
import { microvmsUnderTest } from '../../support/microvms.js';
import { tempDirectory } from '../../support/tempDirectory.js';

const missing = namespacesMissing();
const never = new AbortController().signal;

describe.skipIf(missing !== undefined)(missing ?? 'machines of the driver', () => {
  let place: ReturnType<typeof open>;
  let machines: NamespaceMachines;
  let run: RunId;
  beforeEach(async () => {
    place = open();
    run = place.ids.next();
    await place.directory.create(run, { spec: {}, prompt: '', files: {} });
  });
  afterEach(async () => {
    await place.dispose();
  });

  function open() {
    return microvmsUnderTest(tempDirectory('muster-machines-'), {
      image: 'debian',
      runtime: stateDir => (machines = new NamespaceMachines(join(stateDir, 'machines'))),
    });
  }

  async function start(
    steps: Parameters<typeof place.command>[0],
    change: {
      readonly spec?: Partial<SandboxSpec>;
      readonly launch?: Partial<SandboxLaunch>;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<void> {
    const sandbox = { ...place.spec, ...change.spec };
    const guest = await place.driver.ensure(sandbox, never);
    const cwd = guest.place(sandbox.workspace.folder);
    const argv = place.command(steps);
    const launch = { run, argv, env: place.env, cwd, stdin: 'none', sandbox, ...change.launch } as const;
    await place.driver.runsIn().start(launch, change.signal ?? never);
  }

  test('a machine that does not boot is an error that says so, and nothing is left of it', async () => {
    machines.bootFailure = new Error('BootStart: KVM_EXIT_INTERNAL_ERROR\nand more');
    await expect(start([])).rejects.toMatchObject({
      code: 'sandbox.unavailable',
      message: expect.stringMatching(
        /did not boot in microsandbox: BootStart: KVM_EXIT_INTERNAL_ERROR\. .*driver: \{docker/,
      ),
      data: { driver: 'microsandbox' },
    });
    expect(await machines.list()).toEqual([]);
    expect((await place.driver.inspect(place.spec)).state).toBe('ready');
    expect(await place.directory.claimStart(run)).toBe('claimed');
  });

  test('a machine whose image lacks the command is removed again', async () => {
    const launch = { argv: ['no-such-command'], provider: { name: 'claude', install: 'npm …' } };
    await expect(start([], { launch })).rejects.toMatchObject({
      code: 'provider.missing',
      message: expect.stringContaining('not in the image debian'),
      data: { provider: 'claude', command: 'no-such-command' },
    });
    expect(machines.booted).toHaveLength(1);
    expect(await machines.list()).toEqual([]);
    expect(await place.directory.claimStart(run)).toBe('claimed');
  });

  test('nobody waits for a machine that hangs, and it goes when it has booted after all', async () => {
    const abort = new AbortController();
    const hanging = Promise.withResolvers<void>();
    const boot = machines.boot.bind(machines);
    const booted = Promise.withResolvers<void>();
    const there = Promise.withResolvers<unknown>();
    machines.boot = async machine => {
      booted.resolve();
      await hanging.promise;
      await boot(machine);
      there.resolve(await machines.find(machine.name));
    };
    const starting = start([{ wait: true }], { signal: abort.signal });
    await booted.promise;
    abort.abort(new Error('enough'));
    await expect(starting).rejects.toThrow('enough');
    hanging.resolve();
    expect(await there.promise).toMatchObject({ running: true });
    await expect.poll(() => machines.list()).toEqual([]);
  });

  test('has the workspace to read alone, its own git directory, and the volumes and folders of the file', async () => {
    const other = tempDirectory('muster-other-');
    writeFileSync(join(other, 'note.txt'), 'from outside');
    const gitDir = join(place.stateDir, 'git-of-run');
    mkdirSync(gitDir);
    // As in every worktree: the place of what is mounted over it.
    writeFileSync(join(place.spec.workspace.folder, '.git'), 'gitdir: /elsewhere\n');
    const workspace = {
      ...place.spec.workspace,
      readOnly: true,
      git: { gitDir, objects: [other], commits: { head: '' } },
    };
    const mounts = [
      { type: 'bind', source: other, target: '/notes', readOnly: true },
      { type: 'volume', source: 'cache', target: '/cache', readOnly: false },
    ] as const;
    await start(
      [
        { read: '/workspace/.git' },
        { read: '/notes/note.txt' },
        { read: '/muster/objects/0/note.txt' },
        { write: { path: '/cache/kept', text: 'kept' } },
        { write: { path: '/muster/git/written', text: 'by the agent' } },
        { write: { path: '/workspace/forbidden', text: 'no' } },
      ],
      { spec: { workspace, mounts } },
    );
    await place.directory.waitForExit(run, never);
    const lines: string[] = [];
    const until = AbortSignal.abort();
    const onLines = (some: readonly { readonly text: string }[]): void =>
      void lines.push(...some.map(({ text }) => text));
    await place.output.tail(run, { from: 0, until, signal: never, onLines });
    expect(lines.join('\n')).toContain('gitdir: /muster/git');
    expect(lines.join('\n').match(/from outside/g)).toHaveLength(2);
    expect(existsSync(join(place.stateDir, 'volumes', 'cache', 'kept'))).toBe(true);
    expect(existsSync(join(gitDir, 'written'))).toBe(true);
    expect(existsSync(join(place.spec.workspace.folder, 'forbidden'))).toBe(false);
  });

  test.each(['../outside', 'a/b', '.hidden', ''])('a volume named %j is refused', async source => {
    const mounts = [{ type: 'volume', source, target: '/cache', readOnly: false }] as const;
    await expect(place.driver.ensure({ ...place.spec, mounts }, never)).rejects.toMatchObject({
      code: 'request.invalid',
    });
  });

  test('reaches the ports that were asked for, with the limits and hosts of the file', async () => {
    const guest = await place.driver.ensure(place.spec, never);
    expect(guest.reach(4711)).toEqual({ host: 'host.microsandbox.internal', port: 4711 });
    await start([], { spec: { network: ['example.com'], resources: { memoryBytes: 1024 ** 3 } } });
    await place.directory.waitForExit(run, never);
    const [machine] = machines.booted;
    expect(machine?.network).toEqual({ ports: [4711], hosts: ['example.com'] });
    expect(machine?.limits).toMatchObject({ memoryBytes: 1024 ** 3, diskBytes: 10 * 1024 ** 3 });
    expect(machines.fetched.at(-1)).toEqual({ name: 'debian', pull: 'missing' });
  });

  describe('after the death of its host', () => {
    test('a run goes on in its machine, and the next host stops it', async () => {
      await start([{ print: 'up\n' }, { wait: true }]);
      await place.directory.waitForStart(run, never);
      const next = place.nextHost();
      await next.takeUp();
      expect(await next.runsIn().isAlive(run)).toBe(true);
      expect((await next.inspect(place.spec)).state).toBe('running');
      await next.runsIn().stop(run, { graceMs: 10_000 });
      expect(await place.directory.readExit(run)).toMatchObject({ signal: 'SIGTERM' });
      expect(await machines.list()).toEqual([]);
      await next.dispose();
    });

    test('a machine whose run has ended, or that nobody knows, is removed; what is not ours stays', async () => {
      await start([]);
      await place.directory.waitForExit(run, never);
      const [ended] = await machines.list();
      const [machine] = machines.booted;
      const prefix = machine!.name.slice(0, -run.length);
      await machines.boot({ ...machine!, name: `${prefix}${place.ids.next<'run'>()}` });
      await machines.boot({ ...machine!, name: 'muster-of-somebody-else' });
      expect(ended?.running).toBe(true);
      const next = place.nextHost();
      await next.takeUp();
      expect((await machines.list()).map(({ name }) => name)).toEqual(['muster-of-somebody-else']);
      await machines.remove('muster-of-somebody-else');
      await next.dispose();
    });
  });

  test('people enter what runs, and nothing else', async () => {
    await expect(place.driver.enter(place.spec)).rejects.toMatchObject({ code: 'sandbox.unavailable' });
    await start([{ print: 'up\n' }, { wait: true }]);
    const { command } = await place.driver.enter(place.spec);
    expect(command[0]).toBe('enter');
    expect(command[1]).toContain(run);
  });

  test('an image that is to be built is refused: runtimes build none', async () => {
    const build = { context: '/', dockerfile: 'D', args: {}, names: ['a'], noCache: false, pull: false } as const;
    const image = { name: 'a', pull: 'missing', build } as const;
    await expect(place.driver.ensure({ ...place.spec, image }, never)).rejects.toMatchObject({
      code: 'sandbox.unavailable',
      data: { reason: 'no builds' },
    });
  });
});
