import type { Readable, Writable } from 'node:stream';
import { inputOf } from './insidePod.js';
import { carryProgram, channels, type CarriedEnd, type PodContainer } from './podChannels.js';

/** Where a person sits. */
export interface OwnEnds {
  readonly stdin: Readable;
  readonly stdout: Writable & { readonly columns?: number; readonly rows?: number };
  readonly stderr: Writable;
  /** Whether the terminal only passes things on. */
  readonly setRaw: (raw: boolean) => void;
}

/**
 * Runs a program in a pod by the streams of this process, until it ends or the pod is gone. In a terminal keys go to it as they are, so that
 * what they mean is decided there, and it hears of the size. Who reads no more, and the signal, end the connection and not the program.
 * Errors: those of {@link carryProgram}.
 */
export async function attachProgram(
  place: PodContainer,
  { command, terminal }: { readonly command: readonly string[]; readonly terminal: boolean },
  { stdin, stdout, stderr, setRaw }: OwnEnds,
  signal: AbortSignal,
): Promise<CarriedEnd> {
  const ended = Promise.withResolvers<CarriedEnd>();
  const program = await carryProgram(
    place,
    { command, input: true, terminal },
    {
      // Who reads slowly makes the program wait, and nothing is in memory here.
      take: (channel, bytes) => (channel === channels.output ? stdout : stderr).write(bytes),
      over: end => ended.resolve(end),
    },
    signal,
  );
  const resume = (): void => program.resume();
  let isLost = false;
  /** The terminal is closed, or nobody reads any more. */
  const lost = (): void => {
    isLost = true;
    program.end();
  };
  const tellSize = (): void => {
    const { columns: Width = 80, rows: Height = 24 } = stdout;
    // Of one that is over nobody needs to hear.
    program.send(channels.size, Buffer.from(JSON.stringify({ Width, Height }))).catch(() => undefined);
  };
  for (const each of [stdout, stderr]) each.on('drain', resume);
  // Also later: each write to what is gone fails anew.
  for (const each of [stdin, stdout, stderr]) each.on('error', lost);
  if (terminal) {
    setRaw(true);
    tellSize();
    stdout.on('resize', tellSize);
  }
  const input = inputOf(program);
  stdin.pipe(input);
  try {
    const end = await ended.promise;
    // It is known to whoever did it, and who does not read is not waited for.
    if (isLost || signal.aborted) return { code: undefined, words: '' };
    for (const each of [stdout, stderr])
      if (each.writable) await new Promise<void>(resolve => each.write('', () => resolve()));
    return end;
  } finally {
    stdin.unpipe(input);
    stdin.pause();
    if (terminal) setRaw(false);
    stdout.off('resize', tellSize);
    for (const each of [stdout, stderr]) each.off('drain', resume);
    program.end();
  }
}
