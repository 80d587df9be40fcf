import { exactDuration } from '../../base/exactDuration.js';
import { fireStatus, schedulerStatuses, type FireRecord } from '../../protocol/fireEvents.js';
import { formatAge, formatDuration } from '../../protocol/displayFormat.js';
import type { ScheduledTrigger } from '../../protocol/gen/muster/v1/schedules_pb.js';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import { defineCommand, type CommandContext } from '../command.js';
import { followRun, runExitStatus } from '../runs/agentRun.js';
import { getProject } from '../lookup/projectLookup.js';
import { readCount } from '../options/readCount.js';
import { usageError } from '../options/usageError.js';
import { findFire, readFires } from '../lookup/fireLookup.js';
import { schedulerRunShape, startedRunShape, triggerShape } from '../output/compose/schedulerShapes.js';
import { printRows, projectOf } from '../output/projectReport.js';
import { fireJson, triggerJson, upcomingJson } from '../output/scheduleJson.js';
import { oneLine } from '../output/terminalText.js';

const named = [
  { name: 'agent', required: true },
  { name: 'trigger', required: false },
] as const;

/** Ours, and agent-compose's for what became of the run. */
const runStatuses: readonly string[] = [...new Set(['started', 'waiting', 'missed', ...schedulerStatuses])];
/** What a person reads; the host would do the same. */
const defaultRuns = 50;

export const schedulerList = defineCommand({
  name: 'scheduler ls',
  summary: 'list the triggers of a project',
  positionals: [{ name: 'agent', required: false }],
  options: { verbose: { type: 'boolean', text: 'show what each asks for too' } },
  async run(context, args) {
    const { repeatable, out, json, signal, compat } = context;
    const project = await getProject(context);
    const request = { project: project.id, agent: args.positionals[0] ?? '' };
    const { triggers } = await repeatable(client => client.schedules.listTriggers(request, { signal }));
    if (json) {
      const shape = (trigger: ScheduledTrigger) =>
        compat === undefined ? triggerJson(trigger) : triggerShape(trigger);
      out.json({ project: projectOf(project, compat), triggers: triggers.map(shape) });
      return 0;
    }
    const more = args.flag('verbose');
    const heading = ['AGENT', 'TRIGGER', 'SOURCE', 'NEXT', 'LAST', 'FIRED', ...(more ? ['TASK'] : [])];
    const rows = triggers.map(trigger => [
      oneLine(trigger.agent),
      oneLine(trigger.name),
      shownSource(trigger.source),
      nextOf(trigger),
      trigger.lastFiredAt === 0n ? 'never' : formatAge(Number(trigger.lastFiredAt), Date.now()),
      String(trigger.fired),
      ...(more ? [oneLine(trigger.prompt)] : []),
    ]);
    printRows(out, [heading, ...rows]);
    return 0;
  },
});

export const schedulerEnable = defineCommand({
  name: 'scheduler enable',
  summary: 'switch a trigger on',
  positionals: named,
  details: 'It is armed from now. `trigger` may be left out when the agent has one.',
  run: (context, args) => enable(context, args.required(0), args.positionals[1], true),
});

export const schedulerDisable = defineCommand({
  name: 'scheduler disable',
  summary: 'switch a trigger off; it stays off over later applies',
  positionals: named,
  run: (context, args) => enable(context, args.required(0), args.positionals[1], false),
});

async function enable(
  context: CommandContext,
  agent: string,
  name: string | undefined,
  enabled: boolean,
): Promise<number> {
  const project = await getProject(context);
  const request = { project: project.id, agent, name: name ?? '', enabled };
  const { trigger } = await context.repeatable(({ schedules }) =>
    schedules.enableTrigger(request, { signal: context.signal }),
  );
  if (!trigger) throw new Error('The host answered without a trigger');
  if (context.json) context.out.json(triggerJson(trigger));
  else context.out.line(`${oneLine(trigger.agent)} ${oneLine(trigger.name)} ${enabled ? nextOf(trigger) : 'off'}`);
  return 0;
}

export const schedulerTrigger = defineCommand({
  name: 'scheduler trigger',
  summary: 'fire a trigger now',
  positionals: named,
  options: {
    payload: {
      type: 'string',
      value: 'JSON',
      text: 'what a script gets, and ${{ event.payload }} in a prompt stands for',
    },
    resume: {
      type: 'string',
      value: 'RUN',
      text: 'go on with this run of the agent’s workflow: its agents’ answers are used again',
    },
    detach: { type: 'boolean', short: 'd', text: 'do not wait for the run, which only --compat head does' },
  },
  details: 'Also one that is off. The clock’s own plan stays. `muster wait` and `muster logs` follow the run.',
  async run(context, args) {
    const project = await getProject(context);
    const { schedules } = await context.connect();
    const request = {
      project: project.id,
      agent: args.required(0),
      name: args.positionals[1] ?? '',
      payload: args.text('payload') ?? '',
      resume: args.text('resume') ?? '',
    };
    const { threadId, runId, scriptRunId } = await schedules.fireTrigger(request, { signal: context.signal });
    const started = { project, threadId, runId, scriptRunId };
    if (context.compat !== undefined || (context.json && scriptRunId === ''))
      return await reportStarted(context, started, args.flag('detach'));
    if (context.json) context.out.json({ script_run_id: scriptRunId });
    else context.out.line(scriptRunId || threadId);
    return 0;
  },
});

interface Started {
  readonly project: Project;
  readonly threadId: string;
  readonly runId: string;
  readonly scriptRunId: string;
}

/** As agent-compose does: it prints the run and, where an era is asked for, waits for it unless told not to. */
async function reportStarted(context: CommandContext, started: Started, detach: boolean): Promise<number> {
  const { json, out, compat, repeatable, signal } = context;
  const { project, threadId, runId, scriptRunId } = started;
  const isFollowed = !detach && compat !== undefined;
  if (isFollowed && scriptRunId !== '')
    await repeatable(({ schedules }) => schedules.getScriptRun({ id: scriptRunId, wait: true }, { signal }));
  const ended = isFollowed && runId !== '' ? await followRun(context, { runId, threadId, quiet: true }) : undefined;
  const record = await findFire(context, project, runId || scriptRunId);
  const shape = startedRunShape(project, ended ? { ...record, run: ended.run } : record);
  if (json) out.json({ ...shape, ...(compat === undefined ? { thread_id: threadId, run_id: runId } : {}) });
  else for (const line of [`Run: ${shape.id}`, `Status: ${shape.status}`]) out.line(line);
  if (ended) return runExitStatus(ended);
  return shape.status === 'failed' || shape.status === 'canceled' ? 1 : 0;
}

export const schedulerRuns = defineCommand({
  name: 'scheduler runs',
  summary: 'list what triggers did: ran, skipped, failed',
  positionals: [{ name: 'agent', required: false }],
  options: {
    trigger: { type: 'string', value: 'NAME', text: 'only of this trigger' },
    status: { type: 'string', multiple: true, value: 'STATUS', text: `only these: ${runStatuses.join(', ')}` },
    limit: { type: 'string', value: 'N', text: 'at most so many; without it 50' },
  },
  async run(context, args) {
    const { out, json, compat } = context;
    const statuses = readStatuses(args.list('status'));
    const limit = readCount(args.text('limit'), '--limit') ?? defaultRuns;
    const project = await getProject(context);
    const selector = { agent: args.positionals[0], trigger: args.text('trigger') };
    const records = (await readFires(context, project, selector))
      .filter(record => statuses.length === 0 || statuses.some(status => isStatus(record, status)))
      .slice(0, limit);
    if (json) {
      const shape = (record: FireRecord) => ({
        ...schedulerRunShape(project, record),
        ...(compat === undefined ? fireJson(record.fire) : {}),
      });
      out.json({ project: projectOf(project, compat), runs: records.map(shape) });
      return 0;
    }
    const now = Date.now();
    const rows = records.map(({ fire }) => [
      formatAge(Number(fire.at), now),
      oneLine(fire.agent),
      oneLine(fire.name),
      fire.by === 'person' ? 'by hand' : fire.missed > 0n ? `and ${fire.missed} missed` : '',
      fire.outcome === 'started' && fire.runStatus !== '' ? fire.runStatus.replaceAll('_', ' ') : fire.outcome,
      fire.threadId || fire.scriptRunId,
      oneLine(fire.runError || fire.reason),
    ]);
    if (rows.length === 0) out.note('No trigger has fired yet.');
    else printRows(out, [['WHEN', 'AGENT', 'TRIGGER', 'HOW', 'OUTCOME', 'THREAD OR RUN', 'WHY'], ...rows]);
    return 0;
  },
});

export const schedulerSimulate = defineCommand({
  name: 'scheduler simulate',
  summary: 'show what would fire when, without doing it',
  positionals: [{ name: 'agent', required: false }],
  options: {
    trigger: { type: 'string', value: 'NAME', text: 'only of this trigger' },
    from: { type: 'string', value: 'TIME', text: 'beginning, ISO 8601; without it now' },
    to: { type: 'string', value: 'TIME', text: 'end, ISO 8601; without it a day later' },
    limit: { type: 'string', value: 'N', text: 'at most so many; without it 100' },
  },
  async run(context, args) {
    const { repeatable, out, json, signal } = context;
    const project = await getProject(context);
    const request = {
      project: project.id,
      agent: args.positionals[0] ?? '',
      name: args.text('trigger') ?? '',
      from: readMoment(args.text('from'), '--from'),
      to: readMoment(args.text('to'), '--to'),
      limit: readCount(args.text('limit'), '--limit') ?? 0,
    };
    const { fires, truncated } = await repeatable(client => client.schedules.simulateTriggers(request, { signal }));
    if (json) {
      out.json({ fires: fires.map(upcomingJson), truncated });
      return 0;
    }
    printRows(out, [
      ['WHEN', 'AGENT', 'TRIGGER'],
      ...fires.map(({ at, agent, name }) => [localTime(Number(at)), oneLine(agent), oneLine(name)]),
    ]);
    if (truncated) out.note('There are more; --limit shows up to 1000, --trigger those of one trigger.');
    return 0;
  },
});

function readStatuses(given: readonly string[]): readonly string[] {
  const words = given.flatMap(text => text.split(',')).map(word => word.trim().toLowerCase());
  const unknown = words.find(word => !runStatuses.includes(word));
  if (unknown === undefined) return words;
  throw usageError(`${JSON.stringify(unknown)} is not a status; they are ${runStatuses.join(', ')}.`);
}

function isStatus(record: FireRecord, status: string): boolean {
  return record.fire.outcome === status || fireStatus(record) === status;
}

function readMoment(text: string | undefined, option: string): bigint {
  if (text === undefined) return 0n;
  const at = Date.parse(text);
  if (Number.isNaN(at))
    throw usageError(`${option} takes a time such as 2030-01-31T08:00, not ${JSON.stringify(text)}.`);
  return BigInt(at);
}

/** `every 2 h` and `once after 15 s` for what counts milliseconds, anything else as it is. */
function shownSource(source: string): string {
  const [, kind, ms] = /^(interval|timeout):(\d+)$/.exec(source) ?? [];
  if (kind === undefined) return oneLine(source);
  return `${kind === 'interval' ? 'every' : 'once after'} ${exactDuration(Number(ms))}`;
}

/** `2026-11-26 08:57:07`, by the clock of this machine: the same everywhere, and sortable. */
function localTime(at: number): string {
  const local = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace('T', ' ');
}

/** `in 12 min`, `off`, or what it waits for instead of the clock. */
function nextOf({ enabled, nextFireAt, kind }: ScheduledTrigger): string {
  if (!enabled) return 'off';
  if (nextFireAt === 0n) return kind === 'event' ? 'by event' : 'done';
  return `in ${formatDuration(Math.max(0, Number(nextFireAt) - Date.now()))}`;
}
