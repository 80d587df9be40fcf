import type { MessageInitShape } from '@bufbuild/protobuf';
import { defined } from '../../../base/defined.js';
import type { RunAgentRequest } from '../../../protocol/gen/agentcompose/v2/runs_pb.js';
import type { CommandInputSchema } from '../../../protocol/gen/muster/v1/threads_pb.js';
import { AgentText } from '../../../protocol/agentText.js';
import { notFound, notYet } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { findThread } from './findThread.js';
import type { RunFacts } from './shapes.js';

export interface Dispatched {
  readonly runId: string;
  readonly threadId: string;
}

/** Gives an agent a task, or its place a command. Errors: `unimplemented` for what a run of ours has not. */
export async function dispatch(
  ours: OurCalls,
  request: RunAgentRequest,
  input?: MessageInitShape<typeof CommandInputSchema>,
): Promise<Dispatched> {
  refuseWhatIsNotThere(request);
  const { projectId, prompt, command, sandboxId, env, clientRequestId, jupyter } = request;
  const thread = sandboxId === '' ? undefined : await findThread(ours, sandboxId);
  const { runId, threadId } = await ours.threads.dispatch({
    project: thread ? '' : projectId,
    agent: request.agentName || (thread?.agent ?? ''),
    threadId: thread?.id ?? '',
    prompt: command === '' ? prompt : command,
    command: command !== '',
    ...defined({ input }),
    environment: Object.fromEntries(env.map(({ name, value }) => [name, value])),
    idempotencyKey: clientRequestId,
    notebookServer: jupyter?.enabled === true,
  });
  return { runId, threadId };
}

function refuseWhatIsNotThere({ outputSchemaJson, driver, volumes, jupyter }: RunAgentRequest): void {
  const file = 'Write it into the compose file.';
  if (outputSchemaJson !== '') throw notYet('output_schema_json', 'Ask for JSON in the prompt.');
  if (driver !== '') throw notYet('driver of a run', file);
  if (volumes.length > 0) throw notYet('volumes of a run', file);
  if (jupyter?.expose === true) throw notYet('jupyter.expose of a run', '`muster jupyter url` opens it in a browser.');
}

/** What the agent says, as it says it, until its run has ended. A caller that goes away meanwhile stops the run. */
export async function* said(
  { runs, threads }: OurCalls,
  { runId, threadId, signal }: Dispatched & { readonly signal: AbortSignal },
): AsyncGenerator<string> {
  const text = new AgentText();
  try {
    for await (const { items } of runs.readTranscript({ runId, follow: true }, { signal })) {
      const chunk = items.map(item => text.take(item)).join('');
      if (chunk !== '') yield chunk;
    }
  } catch (error) {
    if (signal.aborted) await threads.cancelThread({ threadId });
    throw error;
  }
}

export async function collected(pieces: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
}

export async function findRun({ runs }: OurCalls, runId: string): Promise<RunFacts> {
  const { run, detail } = await runs.getRun({ runId });
  if (!run) throw notFound(`run ${runId}`);
  return { run, detail };
}
