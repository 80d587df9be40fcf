import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { vmRuntimes } from '../../base/vmRuntimes.ts';
import { provideNpmInstallation } from './npmInstallation.ts';

export type MicrovmRuntimes =
  { readonly kind: 'there'; readonly folder: string } | { readonly kind: 'missing'; readonly why: string };

/**
 * The runtimes of virtual machines as people install them, in a folder of the cache. They are 100 MB, so that a machine which could boot
 * none is not given them; and no suite fails for want of them.
 */
export async function provideMicrovms(): Promise<MicrovmRuntimes> {
  try {
    closeSync(openSync('/dev/kvm', 'r+'));
  } catch (error) {
    return { kind: 'missing', why: `virtual machines need /dev/kvm: ${String(error)}` };
  }
  const all = Object.values(vmRuntimes);
  try {
    const folder = await provideNpmInstallation({
      name: 'microvms',
      packages: all.map(({ package: name, version }) => `${name}@${version}`),
      expect: '100 MB, once',
      works: async target => all.every(({ package: name }) => existsSync(join(target, 'node_modules', name))),
    });
    return { kind: 'there', folder };
  } catch (error) {
    return { kind: 'missing', why: `the runtimes could not be installed: ${String(error)}` };
  }
}
