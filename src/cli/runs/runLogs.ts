import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { CommandContext } from '../command.js';
import { getRunRecord, readAgentText, readOutput } from './agentRun.js';
import { finalRunJson } from '../commands/run.js';
import { lastLines } from '../../protocol/agentText.js';
import { runShape, type Era, type RunRecord } from '../output/compose/shapes.js';
import type { Printer } from '../output/printer.js';
import { optional } from '../output/wireJson.js';
import { isoTime, orUndefined } from '../output/wireText.js';
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

/**
 * Prints what the agents of these runs said, as agent-compose does: each run under a heading when there are several, or, as the
 * newer one does, each line behind the name of its run.
 */
export async function printRuns(
  context: CommandContext,
  records: readonly RunRecord[],
  options: RunLogOptions,
): Promise<void> {
  const { out, compat } = context;
  const place = compat === 'seed' ? 'session' : 'sandbox';
  for (const record of records) {
    const { run } = record;
    if (records.length > 1 && compat !== 'head')
      out.line(`==> run ${run.id} agent ${run.agent} ${place} ${run.threadId} <==`);
    const lines = new PrefixedLines(out, prefixOf(record, compat, options));
    const { output = '' } = await readOutput(context, record);
    lines.write(lastLines(output, options.tail));
    if (options.follow && run.endedAt === 0n) {
      let known = output.length;
      for await (const text of readAgentText(context, { runId: run.id, follow: true })) {
        lines.write(text.slice(known));
        known = Math.max(0, known - text.length);
      }
    }
    lines.end();
  }
}

function prefixOf(record: RunRecord, era: Era, { timestamps }: RunLogOptions): string {
  const time = timeOf(record);
  if (era !== 'head') return timestamps ? `${time} ` : '';
  const name = `${record.run.agent}-run-${record.run.id}`;
  return timestamps ? `${name} [${time}]| ` : `${name} | `;
}

/** Text that comes in pieces, with something before each of its lines. */
class PrefixedLines {
  readonly #out: Printer;
  readonly #prefix: string;
  #lineIsOpen = false;

  constructor(out: Printer, prefix: string) {
    this.#out = out;
    this.#prefix = prefix;
  }

  write(text: string): void {
    if (text === '') return;
    const lines = text.replace(/\n$/, '').split('\n');
    const prefixed = lines.map((line, index) => (index === 0 && this.#lineIsOpen ? line : this.#prefix + line));
    this.#lineIsOpen = !text.endsWith('\n');
    this.#out.raw(prefixed.join('\n') + (this.#lineIsOpen ? '' : '\n'));
  }

  /** A prefix belongs to a line of its own. */
  end(): void {
    if (this.#lineIsOpen && this.#prefix !== '') this.#out.raw('\n');
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
      ...optional({ prompt: orUndefined(detail?.prompt ?? '') }),
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
