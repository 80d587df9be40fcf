import type { MessageInitShape } from '@bufbuild/protobuf';
import type { AttachTerminalSize } from '../../../protocol/gen/agentcompose/v2/types_pb.js';
import type { CommandInputSchema } from '../../../protocol/gen/muster/v1/threads_pb.js';
import type { OurCalls } from '../ours.js';
import type { Taken } from './attachInbox.js';
import { ended, frame, type Speaker } from './conversation.js';
import { findRun, type Dispatched } from './dispatched.js';
import { Output, outputOf, type OutputPiece } from './execOutput.js';
import { runSummary } from './shapes.js';

/** What somebody who attaches to a command wants of it. */
export interface Attachment {
  readonly attachStdin: boolean;
  readonly tty: boolean;
  readonly terminalSize?: AttachTerminalSize | undefined;
}

/** The input of a command that is dispatched to be attached to; undefined: it has none. */
export function inputOf({
  attachStdin,
  tty,
  terminalSize,
}: Attachment): MessageInitShape<typeof CommandInputSchema> | undefined {
  if (!attachStdin && !tty) return undefined;
  return { terminal: tty, rows: terminalSize?.rows ?? 0, columns: terminalSize?.cols ?? 0 };
}

/** Which frames are for a command. */
export function takenByCommand({ attachStdin }: Attachment): Taken {
  return attachStdin ? 'input' : 'neither';
}

/** What a client sends to a command. */
interface Sender {
  input(): AsyncIterable<Uint8Array>;
  sizes(): AsyncIterable<AttachTerminalSize>;
}

/** A command that was dispatched with {@link inputOf} its attachment, from its beginning to its result. */
export async function* attachedRun(
  ours: OurCalls,
  {
    run,
    attachment,
    inbox,
  }: {
    readonly run: Dispatched;
    readonly attachment: Attachment;
    readonly inbox: Speaker & Sender;
  },
) {
  const { runId, threadId: sandboxId } = run;
  const begun = runSummary(await findRun(ours, runId));
  yield frame({ case: 'started', value: { operationId: runId, runId, sandboxId, run: begun } });
  const kept = new Output(0);
  const output = outputOf(ours, {
    run,
    signal: inbox.cancelled,
    stop: async () => void (await ours.threads.cancelThread({ threadId: run.threadId })),
    pieces: true,
    onPiece: ({ stream, chunk }) => kept.add(stream, chunk),
    onEnd: () => undefined,
  });
  yield* attachedOutput(ours, { run, attachment, inbox, output });
  const after = runSummary(await findRun(ours, runId));
  yield frame({ case: 'result', value: { ...ended(after), output: kept.fields().output } });
}

/** What a command says, as frames, while it is given what its client sends. */
export async function* attachedOutput(
  ours: OurCalls,
  {
    run,
    attachment,
    inbox,
    output,
  }: {
    readonly run: Dispatched;
    readonly attachment: Attachment;
    readonly inbox: Sender;
    readonly output: AsyncIterable<OutputPiece>;
  },
) {
  const over = new AbortController();
  // That nobody takes it any more shows in the end of the command.
  if (inputOf(attachment)) void give(ours, { run, attachment, inbox, signal: over.signal }).catch(() => undefined);
  try {
    for await (const { stream, chunk } of output)
      yield frame({ case: 'output', value: { data: chunk, stream, tty: attachment.tty } });
  } finally {
    over.abort();
    // Of one that never began, too, nothing is kept.
    if (inputOf(attachment))
      await ours.runs.writeInput({ runId: run.runId, end: true }, { timeoutMs: 1_000 }).catch(() => undefined);
  }
}

async function give(
  { runs }: OurCalls,
  {
    run: { runId },
    attachment,
    inbox,
    signal,
  }: {
    readonly run: Dispatched;
    readonly attachment: Attachment;
    readonly inbox: Sender;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const input = async (): Promise<void> => {
    for await (const data of inbox.input()) await runs.writeInput({ runId, data }, { signal });
    await runs.writeInput({ runId, end: true }, { signal });
  };
  // A window is made larger or smaller also while a command reads nothing.
  const sizes = async (): Promise<void> => {
    for await (const { rows, cols } of inbox.sizes()) await runs.writeInput({ runId, rows, columns: cols }, { signal });
  };
  await Promise.all([sizes(), ...(attachment.attachStdin ? [input()] : [])]);
}
