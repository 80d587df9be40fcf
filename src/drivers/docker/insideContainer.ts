import { PassThrough, type Duplex } from 'node:stream';
import type Docker from 'dockerode';
import type { Clock } from '../../base/clock.js';
import { tailCommand, type FarContainer, type FarProgram } from '../guests/farContainer.js';
import { found, type DockerEngine } from './dockerEngine.js';

const pauseMs = 200;

/** A container of an engine elsewhere. What the engine refuses is thrown as it said it. */
export function engineContainer(
  { engine, clock }: { readonly engine: DockerEngine; readonly clock: Clock },
  container: Docker.Container,
): FarContainer {
  return {
    relayMark: '/run/muster-relay',
    isRunning: async () => (await engine.call(() => container.inspect())).State.Running,
    untilNextLook: signal => clock.sleep(pauseMs, signal),
    async tar(path) {
      const tar = await engine.call(() => found(container.getArchive({ path })));
      return tar && readable(tar);
    },
    begin: command => exec({ engine, container, command, stdin: true }),
    tail: (path, from) => exec({ engine, container, command: tailCommand(path, from), stdin: false }),
  };
}

async function exec({
  engine,
  container,
  command,
  stdin,
}: {
  readonly engine: DockerEngine;
  readonly container: Docker.Container;
  readonly command: readonly string[];
  readonly stdin: boolean;
}): Promise<FarProgram> {
  const made = await engine.call(() =>
    container.exec({ Cmd: [...command], AttachStdin: stdin, AttachStdout: true, AttachStderr: true }),
  );
  return programOf(engine.docker, await engine.call(() => made.start({ hijack: true, stdin })));
}

/** The engine mixes both outputs of a program; what it complains of is nobody's here. */
function programOf(docker: Docker, stream: Duplex): FarProgram {
  const output = new PassThrough();
  const complained = new PassThrough();
  complained.resume();
  docker.modem.demuxStream(stream, output, complained);
  const end = (): void => {
    stream.destroy();
    output.destroy();
  };
  for (const event of ['end', 'close']) stream.once(event, () => output.end());
  stream.on('error', end);
  return { output, input: stream, end };
}

function readable(stream: NodeJS.ReadableStream): PassThrough {
  const through = new PassThrough();
  stream.once('error', error => through.destroy(error instanceof Error ? error : undefined));
  through.once('close', () => {
    // What is not wanted is not fetched either.
    if ('destroy' in stream && typeof stream.destroy === 'function') stream.destroy();
  });
  stream.pipe(through);
  return through;
}
