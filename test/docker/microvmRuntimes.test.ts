import { join } from 'node:path';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { provideMicrovms } from '../../src/build/provision/microvms.ts';
import { guestLimits } from '../../src/drivers/guests/guestLimits.js';
import { configured } from '../../src/drivers/microvm/microsandbox.js';
import type { SandboxBuilder } from '../../src/drivers/microvm/microsandboxSdk.js';
import type { VmSpec } from '../../src/drivers/microvm/vmRuntime.js';
import { sandboxContract } from '../contract/sandboxContract.js';
import { bootOf, realRuntime, smallRoot } from '../support/microvmProbe.js';
import { microvmsUnderTest } from '../support/microvms.js';
import { tempDirectory } from '../support/tempDirectory.js';

const found = await provideMicrovms();
const installed = found.kind === 'there' ? found.folder : '';
const boot = found.kind === 'there' ? await bootOf(installed) : undefined;

const machineOf = (folder: string): VmSpec => ({
  name: 'muster-real-test',
  image: { name: '127.0.0.1:9/agents:1', pull: 'never' },
  limits: guestLimits({ resources: { cpus: 1, memoryBytes: 512 * 1024 ** 2, diskBytes: 1024 ** 3, pids: 64 } }),
  mounts: [{ here: folder, inside: '/workspace', readOnly: true }],
  network: { ports: [4711], hosts: ['example.com', '*.debian.org'] },
  driver: { name: 'microsandbox' },
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
    const runtime = realRuntime(installed, tempDirectory('mvm-'));
    expect(await runtime.find('muster-nobody')).toBeUndefined();
    await runtime.remove('muster-nobody');
    await expect(runtime.run('muster-nobody', { argv: ['true'] })).rejects.toThrow();
  });
});

describe.skipIf(found.kind === 'missing')('microsandbox', () => {
  test.skipIf(boot?.boots)('a machine that does not boot is told as such', () => {
    // Everything before it went well: what a runtime says of the machine itself.
    const why = expect.stringMatching(/did not boot in \w+: .*\[BootStart\]/);
    expect(boot).toMatchObject({ code: 'sandbox.unavailable', why });
  });

  describe.skipIf(!boot?.boots)(boot?.boots === false ? `no machine boots here: ${boot.why}` : 'machines', () => {
    sandboxContract('a virtual machine', async () =>
      microvmsUnderTest(tempDirectory('mvm-'), {
        image: smallRoot(),
        runtime: stateDir => realRuntime(installed, stateDir),
      }),
    );
  });
});
