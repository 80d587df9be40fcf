import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import { extract } from 'tar-stream';
import { found, type DockerEngine } from './dockerEngine.js';

/** A container that an engine has. */
export interface EngineContainer {
  readonly engine: DockerEngine;
  readonly container: Docker.Container;
}

/** One file of a container; undefined when it is not there. */
export async function fileInside({ engine, container }: EngineContainer, path: string): Promise<Buffer | undefined> {
  const tar = await engine.call(() => found(container.getArchive({ path })));
  if (!tar) return undefined;
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
  const reader = extract();
  let contents: Buffer | undefined;
  reader.on('entry', (header, stream, next) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.once('end', () => {
      if (header.type === 'file') contents ??= Buffer.concat(chunks);
      next();
    });
  });
  reader.once('finish', () => resolve(contents));
  reader.once('error', reject);
  tar.once('error', reject);
  tar.pipe(reader);
  return await promise;
}

/** Starts a command in a running container; the stream has its output in the engine's frames, and takes its input where it `uses` it. */
export async function startInside(
  { engine, container }: EngineContainer,
  command: readonly string[],
  uses: 'input' | 'output',
): Promise<Duplex> {
  const stdin = uses === 'input';
  const exec = await engine.call(() =>
    container.exec({ Cmd: [...command], AttachStdin: stdin, AttachStdout: true, AttachStderr: true }),
  );
  return await engine.call(() => exec.start({ hijack: true, stdin }));
}
