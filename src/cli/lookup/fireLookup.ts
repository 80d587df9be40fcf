import { startedBy, type FireRecord } from '../../protocol/fireEvents.js';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { CommandContext } from '../command.js';
import { usageError } from '../options/usageError.js';

export interface FireSelector {
  readonly agent?: string | undefined;
  readonly trigger?: string | undefined;
}

/** As many as the host gives at once. */
const most = 500;

/** What triggers did, newest first, each with its run and its trigger as far as they are there. */
export async function readFires(
  { repeatable, signal }: CommandContext,
  project: Project,
  { agent = '', trigger = '' }: FireSelector,
): Promise<readonly FireRecord[]> {
  const scope = { project: project.id, agent };
  const [{ fires }, { runs }, { triggers }] = await repeatable(client =>
    Promise.all([
      client.schedules.listFires({ ...scope, name: trigger, limit: most }, { signal }),
      client.runs.listRuns({ ...scope, limit: most }, { signal }),
      client.schedules.listTriggers(scope, { signal }),
    ]),
  );
  const known = new Map(runs.map(run => [run.id, run]));
  const agents = new Set(fires.filter(fire => fire.scriptRunId !== '').map(fire => fire.agent));
  const scripts = new Map(
    await repeatable(async ({ schedules }) => {
      const read = [...agents].map(name =>
        schedules.listScriptRuns({ project: project.id, agent: name, limit: most }, { signal }),
      );
      return (await Promise.all(read)).flatMap(answer => answer.runs.map(run => [run.id, run] as const));
    }),
  );
  return fires.map(fire => ({
    fire,
    run: known.get(fire.runId),
    script: scripts.get(fire.scriptRunId),
    trigger: triggers.find(each => each.agent === fire.agent && each.name === fire.name),
  }));
}

/** The same fires, those that started a script with everything that it called. */
export async function withCalls(
  { repeatable, signal }: CommandContext,
  records: readonly FireRecord[],
): Promise<readonly FireRecord[]> {
  const read = async (record: FireRecord): Promise<FireRecord> => {
    const { script } = record;
    if (!script) return record;
    const { run } = await repeatable(({ schedules }) => schedules.getScriptRun({ id: script.id }, { signal }));
    return { ...record, script: run };
  };
  return await Promise.all(records.map(read));
}

/** The fire that started a run, of an agent or of a script. Throws `usage` when none did. */
export async function findFire(context: CommandContext, project: Project, runId: string): Promise<FireRecord> {
  const found = (await readFires(context, project, {})).find(({ fire }) => startedBy(fire) === runId);
  if (found) return found;
  throw usageError(`No trigger of ${project.name} started a run ${runId}; \`muster scheduler runs\` lists them.`);
}

/** A scheduler is named by its agent, or by the id that the commands print. */
export function agentOfScheduler(scheduler: string | undefined): string | undefined {
  return scheduler === undefined ? undefined : (/^[^/]+\/([^/]+)\/scheduler$/.exec(scheduler)?.[1] ?? scheduler);
}
