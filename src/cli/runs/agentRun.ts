import { isAppError } from '../../base/errors.js';
import { childExitStatus } from '../exitStatus.js';
import type { CommandContext } from '../command.js';
import { AgentText } from '../../protocol/agentText.js';
import type { RunRecord } from '../output/compose/shapes.js';
import { readLog, readTranscript } from './runOutput.js';
import type { OutputRequest } from './runOutput.js';

/** How long a run that nobody wants any more may take to end. */
const cancelTimeoutMs = 10_000;

/** A run with what it was asked. Throws `run.unknown`. */
export async function getRunRecord({ repeatable, signal }: CommandContext, runId: string): Promise<RunRecord> {
  const { run, detail } = await repeatable(({ runs }) => runs.getRun({ runId }, { signal }));
  if (!run) throw new Error(`The host answered without run ${runId}`);
  return { run, detail };
}

/** What the agent says, piece by piece as it comes. */
export async function* readAgentText(context: CommandContext, request: OutputRequest): AsyncGenerator<string> {
  const said = new AgentText();
  for await (const items of readTranscript(context, request)) {
    const text = items.map(item => said.take(item)).join('');
    if (text !== '') yield text;
  }
}

/** Of an output that is printed as one value: a string cannot have more than 512 MB, and nobody reads the beginning. */
const longestOutput = 64 * 1024 * 1024;

/** Cut only when it is twice as long, so that cutting costs nothing per piece. */
function endOf(output: string): string {
  return output.length > 2 * longestOutput ? output.slice(-longestOutput) : output;
}

/** A run with what its agent said so far; of very much, the end. */
export async function readOutput(context: CommandContext, record: RunRecord): Promise<RunRecord> {
  let output = '';
  for await (const text of readAgentText(context, { runId: record.run.id, follow: false }))
    output = endOf(output + text);
  return { ...record, output };
}

/** Waits for the run's end, passing on what it says; stops it when this program is interrupted. */
export async function followRun(
  context: CommandContext,
  { runId, threadId, quiet }: { readonly runId: string; readonly threadId: string; readonly quiet: boolean },
): Promise<RunRecord> {
  const { out, signal } = context;
  try {
    let output = '';
    const speaking = (async () => {
      for await (const text of readAgentText(context, { runId, follow: true })) {
        // Kept only where it is printed at the end: what was passed on need not stay in memory.
        if (quiet) output = endOf(output + text);
        else out.raw(text);
      }
    })();
    const complaining = quiet ? undefined : passErrors(context, runId);
    await Promise.all([speaking, complaining]);
    return { ...(await getRunRecord(context, runId)), output };
  } catch (error) {
    if (signal.aborted) await stopRun(context, threadId);
    throw error;
  }
}

async function passErrors(context: CommandContext, runId: string): Promise<void> {
  for await (const chunk of readLog(context, { runId, follow: true, stream: 'stderr' })) context.out.rawNote(chunk);
}

async function stopRun({ connect }: CommandContext, threadId: string): Promise<void> {
  try {
    const client = await connect();
    await client.threads.cancelThread({ threadId }, { signal: AbortSignal.timeout(cancelTimeoutMs) });
  } catch (error) {
    // The host tells whoever looks next; there is nobody here any more to tell.
    if (!isAppError(error, 'host.unreachable') && !isAppError(error, 'cancelled')) throw error;
  }
}

/** The agent's own exit status where it is one that a shell passes on. A failure is never 0. */
export function runExitStatus({ run }: RunRecord): number {
  if (run.status === 'succeeded') return 0;
  return childExitStatus(run.exitCode) || 1;
}
