import { startedBy } from '../../protocol/fireEvents.js';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import { isAppError } from '../../base/errors.js';
import type { ScheduledTrigger, ScriptRun } from '../../protocol/gen/muster/v1/schedules_pb.js';
import { defineCommand, type CommandContext } from '../command.js';
import { agentOfScheduler, findFire, readFires, withCalls } from '../lookup/fireLookup.js';
import { getProject } from '../lookup/projectLookup.js';
import { readCount } from '../options/readCount.js';
import { usageError } from '../options/usageError.js';
import {
  invocationShape,
  schedulerEventShapes,
  schedulerItemShape,
  schedulerRunShape,
  startedRunShape,
  triggerShape,
} from '../output/compose/schedulerShapes.js';
import { scriptRunJson } from '../output/scheduleJson.js';
import { printRows, projectOf } from '../output/projectReport.js';
import { oneLine } from '../output/terminalText.js';

/** Fewer than the host has, and enough to see what happened. */
const defaultTail = 100;

const ofScheduler = { type: 'string', value: 'AGENT', text: 'only of the agent that it belongs to' } as const;

export const schedulerLogs = defineCommand({
  name: 'scheduler logs',
  summary: 'list what happened to the runs of triggers: started, what a script did, ended, skipped',
  positionals: [{ name: 'agent', required: false }],
  options: {
    scheduler: ofScheduler,
    trigger: { type: 'string', value: 'NAME', text: 'only of this trigger' },
    run: { type: 'string', value: 'ID', text: 'only of this run' },
    tail: { type: 'string', short: 'n', value: 'N', text: `only the last ones; without it ${defaultTail}` },
  },
  details: 'What the agents said is in `muster logs`.',
  async run(context, args) {
    const { out, json, compat } = context;
    const project = await getProject(context);
    const agent = args.positionals[0] ?? agentOfScheduler(args.text('scheduler'));
    const runId = args.text('run');
    const run = runId === undefined ? undefined : await findFire(context, project, runId);
    const records = run ? [run] : await readFires(context, project, { agent, trigger: args.text('trigger') });
    const tail = readCount(args.text('tail'), '--tail') ?? defaultTail;
    // Each has one event at least, and the newest come first.
    const last = records.filter(record => schedulerEventShapes(project, record).length > 0).slice(0, tail);
    const events = (await withCalls(context, last))
      .flatMap(record => schedulerEventShapes(project, record))
      .toSorted((a, b) => a.created_at.localeCompare(b.created_at))
      .slice(-tail);
    if (json) {
      const of = run ? { run: schedulerRunShape(project, run) } : {};
      out.json({ project: projectOf(project, compat), ...of, events });
      return 0;
    }
    const rows = events.map(event => [
      event.created_at,
      event.level,
      event.type,
      oneLine(event.trigger_id),
      event.run_id,
      oneLine(event.message ?? ''),
    ]);
    if (rows.length === 0) out.note('No trigger has fired yet.');
    else printRows(out, [['TIME', 'LEVEL', 'TYPE', 'TRIGGER', 'RUN', 'MESSAGE'], ...rows]);
    return 0;
  },
});

export const schedulerStop = defineCommand({
  name: 'scheduler stop',
  summary: 'stop a run that a trigger started',
  positionals: [{ name: 'run', required: true }],
  options: { reason: { type: 'string', value: 'TEXT', text: 'accepted: the run says that it was cancelled' } },
  async run(context, args) {
    const { repeatable, out, json, signal } = context;
    const project = await getProject(context);
    const before = await findFire(context, project, args.required(0));
    const { threadId, scriptRunId, agent } = before.fire;
    const stopped = await repeatable(async ({ schedules, threads }) => {
      if (scriptRunId === '') return (await threads.cancelThread({ threadId }, { signal })).ended.includes('run');
      await schedules.cancelScriptRuns({ project: project.id, agent, run: scriptRunId }, { signal });
      return before.script?.status === 'running';
    });
    const record = await findFire(context, project, args.required(0));
    if (json) out.json({ run: startedRunShape(project, record), stop_requested: stopped });
    else out.line(stopped ? `stopped run ${startedBy(record.fire)}` : `run ${startedBy(record.fire)} had ended`);
    return 0;
  },
});

export const schedulerInspect = defineCommand({
  name: 'scheduler inspect',
  summary: 'show a scheduler (by its agent), a trigger, a run that one started, or what a script did',
  positionals: [{ name: 'name', required: true }],
  options: { scheduler: ofScheduler },
  async run(context, args) {
    const { out, json, compat } = context;
    const project = await getProject(context);
    const found = await inspect(context, project, {
      name: args.required(0),
      agent: agentOfScheduler(args.text('scheduler')),
    });
    if (json) out.json({ project: projectOf(project, compat), ...found });
    else for (const line of linesOf(found)) out.line(line);
    return 0;
  },
});

interface Inspected {
  readonly resource: 'scheduler' | 'trigger' | 'run' | 'script_run';
  readonly source: 'declared' | 'recorded';
  readonly agent_name: string;
  readonly [part: string]: unknown;
}

async function inspect(
  context: CommandContext,
  project: Project,
  { name, agent = '' }: { readonly name: string; readonly agent: string | undefined },
): Promise<Inspected> {
  const { repeatable, signal } = context;
  const request = { project: project.id, agent };
  const { triggers } = await repeatable(({ schedules }) => schedules.listTriggers(request, { signal }));
  const ofAgent = triggers.filter(trigger => trigger.agent === name);
  if (ofAgent.length > 0) {
    const scheduler = schedulerItemShape(project, name, ofAgent);
    return { resource: 'scheduler', source: 'declared', agent_name: name, scheduler };
  }
  const trigger = theOne(
    triggers.filter(each => each.name === name),
    name,
  );
  if (trigger)
    return { resource: 'trigger', source: 'declared', agent_name: trigger.agent, trigger: triggerShape(trigger) };
  const script = await findScriptRun(context, project, name);
  if (script)
    return { resource: 'script_run', source: 'recorded', agent_name: script.agent, script_run: scriptRunJson(script) };
  const record = await findFire(context, project, name);
  const run = schedulerRunShape(project, record);
  return { resource: 'run', source: 'recorded', agent_name: record.fire.agent, run };
}

async function findScriptRun(
  { repeatable, signal }: CommandContext,
  project: Project,
  id: string,
): Promise<ScriptRun | undefined> {
  try {
    const { run } = await repeatable(({ schedules }) => schedules.getScriptRun({ id }, { signal }));
    return run?.projectId === project.id ? run : undefined;
  } catch (error) {
    if (isAppError(error, 'scriptRun.unknown')) return undefined;
    throw error;
  }
}

function theOne(found: readonly ScheduledTrigger[], name: string): ScheduledTrigger | undefined {
  if (found.length < 2) return found[0];
  const agents = found.map(({ agent }) => agent).join(', ');
  throw usageError(`${found.length} agents have a trigger ${name} (${agents}); name one with --scheduler.`);
}

/** `key: value` for each field that has one. */
function linesOf(found: Inspected): readonly string[] {
  const { resource, agent_name: agent } = found;
  const fields = Object.values(found).flatMap(part =>
    typeof part === 'object' && part !== null ? Object.entries(part) : [],
  );
  return [
    `resource: ${resource}`,
    ...(resource === 'run' ? [`agent: ${oneLine(agent)}`] : []),
    ...fields.map(
      ([key, value]) => `${key}: ${oneLine(typeof value === 'object' ? JSON.stringify(value) : String(value))}`,
    ),
  ];
}

export const schedulerInvoke = defineCommand({
  name: 'scheduler invoke',
  summary: 'run the script of an agent’s scheduler now and wait for what it gives back',
  positionals: [{ name: 'agent', required: true }],
  options: { payload: { type: 'string', value: 'JSON', text: 'what its `main` gets' } },
  async run(context, args) {
    const { repeatable, connect, out, json, signal } = context;
    const project = await getProject(context);
    const agent = agentOfScheduler(args.required(0)) ?? '';
    const { schedules } = await connect();
    const request = { project: project.id, agent, payload: args.text('payload') ?? '' };
    const { scriptRunId } = await schedules.fireTrigger(request, { signal });
    if (scriptRunId === '') throw usageError(`The scheduler of ${agent} has no script; it fired its trigger.`);
    const { run } = await repeatable(client =>
      client.schedules.getScriptRun({ id: scriptRunId, wait: true }, { signal }),
    );
    if (!run) throw new Error('The host answered without a script run');
    const ended = invocationShape(project, run);
    if (json) out.json(ended);
    else if (run.result !== '') out.line(run.result);
    if (run.error !== '') out.note(`muster: ${oneLine(run.error)}`);
    return ended.status === 'succeeded' ? 0 : 1;
  },
});
