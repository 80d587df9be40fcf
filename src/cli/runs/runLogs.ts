import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { CommandContext } from '../command.js';
import { getRunRecord, readAgentText, readOutput } from './agentRun.js';
import { finalRunJson } from '../commands/run.js';
import { lastLines } from '../output/agentText.js';
import { runShape, type RunRecord } from '../output/compose/shapes.js';
import { printable } from '../output/style.js';
import { isoTime } from '../output/wireText.js';
import { findSandbox } from '../lookup/sandboxLookup.js';

/** Which runs' output is wanted. Without any of the three: every run of the project. */
export interface RunSelector {
  readonly project: Project | undefined;
  readonly agent?: string | undefined;
  readonly runId?: string | undefined;
  readonly sandbox?: string | undefined;
}

export interface RunLogOptions {
  readonly follow: boolean;
  /** Only the last lines of each run. */
  readonly tail: number | undefined;
  readonly timestamps: boolean;
}

/** The runs, oldest first. Throws `run.unknown` and `thread.unknown`. */
export async function selectRuns(context: CommandContext, selector: RunSelector): Promise<readonly RunRecord[]> {
  const { repeatable, signal } = context;
  const { project, agent = '', runId, sandbox } = selector;
  if (runId !== undefined) return [await getRunRecord(context, runId)];
  const thread = sandbox === undefined ? undefined : await findSandbox(context, { sandbox });
  const request = thread ? { threadId: thread.id } : { project: project?.id ?? '', agent };
  const { runs, details } = await repeatable(client => client.runs.listRuns(request, { signal }));
  return runs
    .map((run, index): RunRecord => ({ run, detail: details[index] }))
    .filter(({ run }) => agent === '' || run.agent === agent);
}

/** Prints what the agents of these runs said, as agent-compose does: each run under a heading when there are several. */
export async function printRuns(
  context: CommandContext,
  records: readonly RunRecord[],
  options: RunLogOptions,
): Promise<void> {
  const { out, compat } = context;
  const place = compat === 'seed' ? 'session' : 'sandbox';
  for (const record of records) {
    const { run } = record;
    if (records.length > 1) out.line(`==> run ${run.id} agent ${run.agent} ${place} ${run.threadId} <==`);
    const time = options.timestamps ? `${timeOf(record)} ` : '';
    const write = (text: string): void => out.raw(shown(out.width === undefined ? text : printable(text), time));
    const { output = '' } = await readOutput(context, record);
    write(lastLines(output, options.tail));
    if (!options.follow || run.endedAt > 0n) continue;
    let known = output.length;
    for await (const text of readAgentText(context, { runId: run.id, follow: true })) {
      write(text.slice(known));
      known = Math.max(0, known - text.length);
    }
  }
}

/** What `logs --json` prints for runs. */
export async function runsJson(
  context: CommandContext,
  records: readonly RunRecord[],
  { tail }: Pick<RunLogOptions, 'tail'>,
): Promise<object> {
  const { compat } = context;
  const runs: object[] = [];
  for (const record of records) {
    const read = await readOutput(context, record);
    const output = lastLines(read.output ?? '', tail);
    const { run, detail } = record;
    const head = {
      agent_name: run.agent,
      run_id: run.id,
      run_short_id: run.id,
      time: timeOf(record),
      prompt: detail?.prompt ?? '',
      content: output,
    };
    const whole = { ...record, output };
    runs.push(
      compat === 'head'
        ? head
        : compat === 'seed'
          ? runShape(whole, 'seed')
          : { ...head, ...finalRunJson(whole, compat) },
    );
  }
  return { runs };
}

/** When the run ended, else when it started. */
function timeOf({ run }: RunRecord): string {
  return isoTime(run.endedAt || run.startedAt || run.queuedAt);
}

function shown(text: string, prefix: string): string {
  if (prefix === '' || text === '') return text;
  const lines = text.replace(/\n$/, '').split('\n');
  return lines.map(line => `${prefix}${line}\n`).join('');
}
