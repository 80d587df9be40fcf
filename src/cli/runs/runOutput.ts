import { isAppError } from '../../base/errors.js';
import type { HostClient } from '../../client/hostClient.js';
import type { TranscriptItem } from '../../protocol/gen/muster/v1/runs_pb.js';
import type { CommandContext } from '../command.js';

/** A host that never comes back is not waited for forever. */
const maximumReconnects = 10;

export interface OutputRequest {
  readonly runId: string;
  /** Go on until the run has ended. */
  readonly follow: boolean;
}

/** What an agent said and did; goes on where it was after the host's restart, each entry once. */
export function readTranscript(
  context: CommandContext,
  { runId, follow }: OutputRequest,
): AsyncGenerator<readonly TranscriptItem[]> {
  return resumed(context, { runId, follow }, async function* (client, from, advance) {
    for await (const { items } of client.runs.readTranscript({ runId, from, follow }, { signal: context.signal })) {
      yield items;
      from = items.at(-1)?.end ?? from;
      advance(from);
    }
  });
}

/** The bytes of a run's log, as the CLI wrote them. */
export function readLog(
  context: CommandContext,
  { runId, follow, stream }: OutputRequest & { readonly stream: 'stdout' | 'stderr' },
): AsyncGenerator<Uint8Array> {
  return resumed(context, { runId, follow }, async function* (client, from, advance) {
    for await (const { chunk, end } of client.runs.readLog(
      { runId, stream, from, follow },
      { signal: context.signal },
    )) {
      yield chunk;
      advance(end);
    }
  });
}

async function* resumed<T>(
  context: CommandContext,
  { runId, follow }: OutputRequest,
  read: (client: HostClient, from: bigint, advance: (end: bigint) => void) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  let from = 0n;
  for (let reconnects = 0; ;) {
    const client = await context.connect();
    try {
      yield* read(client, from, end => {
        from = end;
        reconnects = 0;
      });
      // A host that is told to end closes its streams without an error, although the run goes on.
      if (!follow || (await hasEnded(context, runId)) || ++reconnects > maximumReconnects) return;
    } catch (error) {
      if (!isAppError(error, 'host.unreachable') || ++reconnects > maximumReconnects) throw error;
      await context.reconnect();
    }
  }
}

async function hasEnded({ repeatable, signal }: CommandContext, runId: string): Promise<boolean> {
  const { run } = await repeatable(({ runs }) => runs.getRun({ runId }, { signal }));
  return run === undefined || run.endedAt > 0n;
}
