import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { clusterAdmin } from './podHost.ts';
import { tempDirectory } from './tempDirectory.ts';

/** A volume of the node itself, which whoever is 1000 may write to. With a size it holds no more than that. Returns its folder. */
export async function nodeVolume(name: string, storageClassName: string, size?: string): Promise<string> {
  const { core } = clusterAdmin();
  const path = tempDirectory('muster-volume');
  if (size !== undefined) {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'muster-volume', path]);
    onTestFinished(() => void execFileSync('umount', ['--lazy', path]));
  }
  chmodSync(path, 0o777);
  const spec = {
    accessModes: ['ReadWriteOnce'],
    capacity: { storage: '20Gi' },
    persistentVolumeReclaimPolicy: 'Retain',
    storageClassName,
    hostPath: { path },
  };
  await core.createPersistentVolume({ body: { metadata: { name }, spec } });
  onTestFinished(async () => void (await core.deletePersistentVolume({ name })));
  return path;
}
