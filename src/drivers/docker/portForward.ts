import { PassThrough, type Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import type Docker from 'dockerode';
import { portEnd } from '../guests/portForward.js';
import type { DockerEngine } from './dockerEngine.js';

/**
 * Carries a connection to a port of a container. A container has no network, so each connection is a small program inside whose input
 * and output the engine carries; that works with an engine elsewhere too.
 */
export async function carryInto(
  engine: DockerEngine,
  { container, port }: { readonly container: string; readonly port: number },
  socket: Socket,
): Promise<void> {
  const exec = await engine.call(() =>
    engine.docker.getContainer(container).exec({
      Cmd: [...portEnd(port)],
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
    }),
  );
  const stream: Duplex = await engine.call(() => exec.start({ hijack: true, stdin: true }));
  const end = (): void => {
    stream.destroy();
    socket.destroy();
  };
  stream.on('error', end);
  socket.once('close', () => stream.destroy());
  demultiplex(engine.docker, stream, socket);
  socket.pipe(stream);
}

/** The engine mixes both outputs of a program; what it complains of is of no interest to a socket. */
function demultiplex(docker: Docker, stream: Duplex, socket: Socket): void {
  const said = new PassThrough();
  const complained = new PassThrough();
  complained.resume();
  said.pipe(socket);
  docker.modem.demuxStream(stream, said, complained);
  stream.once('end', () => said.end());
  stream.once('close', () => said.end());
}
