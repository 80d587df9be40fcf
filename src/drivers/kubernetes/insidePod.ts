import { PassThrough, Writable, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FarProgram } from '../guests/farContainer.js';
import { carryProgram, channels, type CarriedProgram, type PodContainer } from './podChannels.js';

/** How a program inside ended; `undefined`: the connection broke off before it did. */
export interface InsideEnd {
  readonly code: number | undefined;
}

/** What runs in a container, with its streams. Its output ends with an error where the connection broke off. */
export interface InsideProgram extends FarProgram {
  readonly ended: Promise<InsideEnd>;
}

const mostComplaint = 4_096;
/** Of what a short command says; whoever is in a pod may replace any program. */
const mostSaid = 64 * 1024;
/**
 * Runs a program in a running container.
 * Errors: `sandbox.unavailable` when the server, or the node, does not carry it; the reason of the signal, which ends the program too.
 */
export async function startInside(
  place: PodContainer,
  command: readonly string[],
  uses: 'input' | 'output',
  signal: AbortSignal = new AbortController().signal,
): Promise<InsideProgram> {
  const output = new PassThrough();
  const ended = Promise.withResolvers<InsideEnd>();
  let complaint = '';
  const carried = await carryProgram(
    place,
    { command, input: uses === 'input', terminal: false },
    {
      take: (channel, bytes) => {
        if (channel === channels.output) return output.write(bytes);
        if (complaint.length < mostComplaint) complaint += bytes.toString('utf8');
        return true;
      },
      over: ({ code }) => {
        ended.resolve({ code });
        if (code === undefined) output.destroy(new Error('the connection to the pod broke off'));
        else if (code === 0) output.end();
        else output.destroy(new Error(`a program in the pod ended with ${code}: ${complaint.trim()}`));
      },
    },
    signal,
  );
  output.on('drain', () => carried.resume());
  // A failure is told by `ended`, and to whoever reads.
  output.on('error', () => undefined);
  return { output, input: inputOf(carried), ended: ended.promise, end: () => carried.end() };
}

/** What is written goes to the program, which hears of its end. */
export function inputOf(carried: CarriedProgram): Writable {
  const input = new Writable({
    write(bytes: Uint8Array, _encoding, done) {
      carried.send(channels.input, bytes).then(() => done(), done);
    },
    final(done) {
      carried.send(channels.close, Buffer.from([channels.input])).then(() => done(), done);
    },
  });
  input.on('error', () => carried.end());
  return input;
}

/**
 * Runs a short command to its end, with what is given as its input; returns what it said. Errors: as of {@link startInside}; its failure,
 * and that it says more than anybody asked for.
 */
export async function runInside(
  place: PodContainer,
  command: readonly string[],
  { input, signal }: { readonly input?: Readable; readonly signal?: AbortSignal } = {},
): Promise<string> {
  const program = await startInside(place, command, input ? 'input' : 'output', signal);
  try {
    const said: Buffer[] = [];
    const heard = (async () => {
      let length = 0;
      for await (const bytes of program.output) {
        if (!Buffer.isBuffer(bytes)) continue;
        length += bytes.length;
        if (length > mostSaid) throw new Error('a program in the pod says more than anybody asked for');
        said.push(bytes);
      }
    })();
    // Whichever fails first says why; a program that ends early breaks the pipe too.
    const sent = input ? pipeline(input, program.input, { end: true }) : Promise.resolve();
    await Promise.all([heard, sent]);
    return Buffer.concat(said).toString('utf8');
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    program.end();
  }
}
