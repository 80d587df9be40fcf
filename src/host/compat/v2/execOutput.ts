import { StdioStream } from '../../../protocol/gen/agentcompose/v2/types_pb.js';
import type { OurCalls } from '../ours.js';
import type { Dispatched } from './dispatched.js';

export interface OutputPiece {
  readonly stream: StdioStream;
  readonly chunk: Uint8Array;
}

/** What a command writes, on both of its streams as it comes, until it has ended. When `signal` aborts it is stopped. */
export async function* outputOf(
  { runs }: OurCalls,
  {
    run: { runId },
    signal,
    stop,
    pieces = false,
    onPiece,
    onEnd,
  }: {
    readonly run: Dispatched;
    readonly signal: AbortSignal;
    readonly stop: () => Promise<void>;
    /** Also what is not yet a whole line. */
    readonly pieces?: boolean;
    readonly onPiece: (piece: OutputPiece) => void;
    readonly onEnd: () => void;
  },
): AsyncGenerator<OutputPiece> {
  // That it could not be stopped shows in what follows: it goes on.
  const cancel = (): void => void stop().catch(() => undefined);
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  async function* read(name: string, stream: StdioStream): AsyncGenerator<OutputPiece> {
    for await (const { chunk } of runs.readLog({ runId, stream: name, follow: true, pieces })) yield { stream, chunk };
  }
  let isOver = false;
  try {
    for await (const piece of merged([read('stdout', StdioStream.STDOUT), read('stderr', StdioStream.STDERR)])) {
      onPiece(piece);
      yield piece;
    }
    isOver = true;
  } finally {
    // Nobody hears it any more: who asked for it is gone, or was let in no longer.
    if (!isOver) cancel();
    signal.removeEventListener('abort', cancel);
    onEnd();
  }
}

async function* merged<T>(sources: readonly AsyncGenerator<T>[]): AsyncGenerator<T> {
  const nextOf = async (source: AsyncGenerator<T>) => ({ source, next: await source.next() });
  const waiting = new Map(sources.map(source => [source, nextOf(source)]));
  while (waiting.size > 0) {
    const { source, next } = await Promise.race(waiting.values());
    if (next.done === true) {
      waiting.delete(source);
      continue;
    }
    waiting.set(source, nextOf(source));
    yield next.value;
  }
}

/** What is kept when a request does not say how much. */
const usualLimit = 1024 * 1024;

/** What a command wrote, each stream up to a limit. */
export class Output {
  readonly #limit: number;
  readonly #kept = new Map<'stdout' | 'stderr' | 'output', { pieces: Uint8Array[]; length: number; cut: boolean }>();

  constructor(limit: number) {
    this.#limit = limit > 0 ? limit : usualLimit;
  }

  add(stream: StdioStream, chunk: Uint8Array): void {
    this.#keep(stream === StdioStream.STDERR ? 'stderr' : 'stdout', chunk);
    this.#keep('output', chunk);
  }

  fields() {
    const text = (name: 'stdout' | 'stderr' | 'output'): string =>
      Buffer.concat(this.#kept.get(name)?.pieces ?? []).toString();
    return {
      stdout: text('stdout'),
      stderr: text('stderr'),
      output: text('output'),
      stdoutTruncated: this.#kept.get('stdout')?.cut ?? false,
      stderrTruncated: this.#kept.get('stderr')?.cut ?? false,
      outputTruncated: this.#kept.get('output')?.cut ?? false,
    };
  }

  #keep(name: 'stdout' | 'stderr' | 'output', chunk: Uint8Array): void {
    const kept = this.#kept.get(name) ?? { pieces: [], length: 0, cut: false };
    this.#kept.set(name, kept);
    const fitting = chunk.subarray(0, Math.max(0, this.#limit - kept.length));
    kept.length += fitting.length;
    kept.cut ||= fitting.length < chunk.length;
    if (fitting.length > 0) kept.pieces.push(fitting);
  }
}
