import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { provideMicrovms } from '../../src/build/provision/microvms.ts';
import { guestLimits } from '../../src/drivers/guests/guestLimits.js';
import { boxOptions } from '../../src/drivers/microvm/boxlite.js';
import { configured } from '../../src/drivers/microvm/microsandbox.js';
import type { SandboxBuilder } from '../../src/drivers/microvm/microsandboxSdk.js';
import type { VmSpec } from '../../src/drivers/microvm/vmRuntime.js';
import { sandboxContract } from '../contract/sandboxContract.js';
import { bootOf, realRuntime, rootFor } from '../support/microvmProbe.js';
import { microvmsUnderTest } from '../support/microvms.js';
import { tempDirectory } from '../support/tempDirectory.js';

const found = await provideMicrovms();
const installed = found.kind === 'there' ? found.folder : '';
const [microsandbox, boxlite] =
  found.kind === 'there' ? await Promise.all([bootOf('microsandbox', installed), bootOf('boxlite', installed)]) : [];

const machineOf = (folder: string): VmSpec => ({
  name: 'muster-real-test',
  image: { name: '127.0.0.1:9/agents:1', pull: 'never' },
  limits: guestLimits({ resources: { cpus: 1, memoryBytes: 512 * 1024 ** 2, diskBytes: 1024 ** 3, pids: 64 } }),
  mounts: [{ here: folder, inside: '/workspace', readOnly: true }],
  network: { ports: [4711], hosts: ['example.com', '*.debian.org'] },
  driver: { name: 'boxlite' },
});

describe.skipIf(found.kind === 'missing')(found.kind === 'missing' ? found.why : 'up to the boot', () => {
  const load = (name: string): unknown => createRequire(join(installed, 'node_modules', 'index.js'))(name);

  test('the real microsandbox understands what it is told', async () => {
    const folder = tempDirectory('mvm-');
    process.env['MSB_HOME'] = folder;
    const sdk = load('microsandbox') as {
      Sandbox: { builder(name: string): SandboxBuilder & { build(): Promise<object> } };
    };
    const builder = sdk.Sandbox.builder('muster-real-test');
    configured(builder, machineOf(folder));
    expect(await builder.build()).toMatchObject({
      image: { Oci: { reference: '127.0.0.1:9/agents:1', rootDisk: { sizeMib: 1024 } } },
      resources: { cpus: 1, memoryMib: 512 },
      mounts: [
        { type: 'Bind', host: folder, guest: '/workspace', options: { readonly: true }, hostPermissions: 'mirror' },
      ],
      network: {
        policy: {
          defaultEgress: 'deny',
          defaultIngress: 'deny',
          rules: [
            { destination: { group: 'host' }, ports: [{ start: 4711, end: 4711 }], action: 'allow' },
            { destination: { group: 'host' }, ports: [{ start: 53, end: 53 }] },
            { destination: { domain: 'example.com' } },
            { destination: { domainSuffix: 'debian.org' } },
          ],
        },
      },
      pullPolicy: 'Never',
      securityProfile: 'restricted',
    });
  });

  test('the real microsandbox lists, and does not find what is not there', async () => {
    const runtime = realRuntime('microsandbox', installed, tempDirectory('mvm-'));
    expect(await runtime.find('muster-nobody')).toBeUndefined();
    await runtime.remove('muster-nobody');
    await expect(runtime.run('muster-nobody', { argv: ['true'] }, new AbortController().signal)).rejects.toThrow();
  });

  test('the real BoxLite keeps what it is told, finds it again, and removes it', async () => {
    const folder = tempDirectory('mvm-');
    // As an earlier host did: its folder is locked until a process ends.
    const script = `
      const { JsBoxlite } = require('@boxlite-ai/boxlite');
      const boxlite = new JsBoxlite({ homeDir: ${JSON.stringify(join(folder, 'boxlite'))} });
      boxlite.create(${JSON.stringify(boxOptions(machineOf(folder)))}, 'muster-real-test')
        .then(box => box.info()).then(info => { console.log(JSON.stringify(info)); process.exit(); });`;
    const created = execFileSync(process.execPath, ['-e', script], { cwd: installed, encoding: 'utf8' });
    expect(JSON.parse(created)).toMatchObject({
      name: 'muster-real-test',
      cpus: 1,
      memoryMib: 512,
      // Not even those: a relay inside leads there.
      network: { outbound: { mode: 'disabled' } },
    });
    const runtime = realRuntime('boxlite', installed, folder);
    expect(await runtime.list()).toEqual([{ name: 'muster-real-test', running: false }]);
    await runtime.remove('muster-real-test');
    expect(await runtime.find('muster-real-test')).toBeUndefined();
    await runtime.dispose();
  });
});

describe.skipIf(found.kind === 'missing').each([
  { name: 'microsandbox', boot: microsandbox },
  { name: 'boxlite', boot: boxlite },
] as const)('$name', ({ name, boot }) => {
  test.skipIf(boot?.boots)('a machine that does not boot is told as such', () => {
    // Everything before it went well: what a runtime says of the machine itself.
    const why = expect.stringMatching(
      /did not boot in \w+: .*(?:\[BootStart\]|VM failed to start|waiting for agent relay)/,
    );
    expect(boot).toMatchObject({ code: 'sandbox.unavailable', why });
  });

  describe.skipIf(!boot?.boots)(boot?.boots === false ? `no machine boots here: ${boot.why}` : 'machines', () => {
    sandboxContract('a virtual machine', async () =>
      microvmsUnderTest(tempDirectory('mvm-'), {
        image: rootFor(name),
        runtime: stateDir => realRuntime(name, installed, stateDir),
      }),
    );
  });
});
