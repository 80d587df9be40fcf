import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import { cacheDirectory } from '../../paths.ts';
import { runCommand } from '../../runCommand.ts';
import { debianRootfs } from '../debianRootfs.ts';

/** What the pods of tests are made of; there is no registry. */
export const clusterImages = {
  pause: 'muster.test/pause:1',
  debian: 'muster.test/debian:bookworm',
  node: 'muster.test/node:24',
} as const;

/** Makes an archive that containerd imports, of layers that are tars. */
export async function archiveOf(
  path: string,
  image: { readonly name: string; readonly layers: readonly string[]; readonly entrypoint?: readonly string[] },
): Promise<void> {
  const archive = pack();
  const written = pipeline(archive, createWriteStream(path));
  const diffs: string[] = [];
  const names: string[] = [];
  for (const [index, layer] of image.layers.entries()) {
    const digest = createHash('sha256');
    await pipeline(createReadStream(layer), digest);
    diffs.push(`sha256:${digest.digest('hex')}`);
    const name = `layer${index}.tar`;
    names.push(name);
    const { size } = await stat(layer);
    await pipeline(createReadStream(layer), archive.entry({ name, size }));
  }
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const config = {
    architecture,
    os: 'linux',
    config: {
      Entrypoint: image.entrypoint,
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    },
    rootfs: { type: 'layers', diff_ids: diffs },
  };
  archive.entry({ name: 'config.json' }, JSON.stringify(config));
  const manifest = [{ Config: 'config.json', RepoTags: [image.name], Layers: names }];
  archive.entry({ name: 'manifest.json' }, JSON.stringify(manifest));
  archive.finalize();
  await written;
}

/** Paths of archives of all images, made in the cache where they are not there yet. */
export async function provideClusterImages(scratch: string): Promise<readonly string[]> {
  const cache = join(cacheDirectory(), 'kubernetes', 'images');
  await mkdir(cache, { recursive: true });
  const made = async (name: string, make: (path: string) => Promise<void>): Promise<string> => {
    const path = join(cache, name);
    if (existsSync(path)) return path;
    const part = join(scratch, name);
    await make(part);
    await runCommand('mv', [part, path]);
    return path;
  };
  const busybox = join(scratch, 'busybox.tar');
  const root = join(scratch, 'busybox');
  await mkdir(join(root, 'bin'), { recursive: true });
  await copyFile('/bin/busybox', join(root, 'bin/busybox'));
  await symlink('busybox', join(root, 'bin/sh'));
  await runCommand('tar', ['-cf', busybox, '-C', root, '.']);
  const pause = await made('pause.tar', path =>
    archiveOf(path, {
      name: clusterImages.pause,
      layers: [busybox],
      entrypoint: ['/bin/busybox', 'sleep', '2147483647'],
    }),
  );
  const rootfs = await debianRootfs();
  const plain = await made('debian.tar', path => archiveOf(path, { name: clusterImages.debian, layers: [rootfs] }));
  const node = await made(`node-${process.version}.tar`, async path =>
    archiveOf(path, { name: clusterImages.node, layers: await provideNodeLayers(scratch) }),
  );
  return [pause, plain, node];
}

/** Layers of a Debian with this Node, made in the scratch folder. */
export async function provideNodeLayers(scratch: string): Promise<readonly string[]> {
  const root = join(scratch, 'node');
  const programs = join(root, 'usr/local/bin');
  await mkdir(programs, { recursive: true });
  await copyFile(process.execPath, join(programs, 'node'));
  await chmod(join(programs, 'node'), 0o755);
  const layer = join(scratch, 'node.tar');
  await runCommand('tar', ['-cf', layer, '-C', root, 'usr']);
  return [await debianRootfs(), layer];
}
