import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import type { DockerEngine } from './dockerEngine.js';

/** A container that an engine has. */
export interface EngineContainer {
  readonly engine: DockerEngine;
  readonly container: Docker.Container;
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
