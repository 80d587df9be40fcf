import { parse, stringify } from 'yaml';
import { importAgents, type ImportedAgent } from './compasAgents.js';
import { Report, type ReportLine } from './importReport.js';
import { Fields, optional } from './foreignFields.js';

export interface ImportedFile {
  /** An `agent-compose.yml`. */
  readonly text: string;
  /** What became of every field of the file, in its order. */
  readonly report: readonly ReportLine[];
  /** Folder that the tasks of the file are about, as it is written there. */
  readonly workdir: string;
}

export interface ImportSource {
  readonly text: string;
  readonly name: string;
  /** A file that the configuration names, relative to it; undefined when it cannot be read. */
  readonly readFile: (path: string) => string | undefined;
}

/** A compas configuration as a compose file. Throws an error with the parser's words for what is no YAML mapping. */
export function importCompas({ text, name, readFile }: ImportSource): ImportedFile {
  const value: unknown = parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('The file is not a mapping.');
  const file = new Fields(value);
  const report = new Report();
  const orchestration = file.fields('orchestration');
  const agents = importAgents({ file, orchestration, report, readFile });
  addSchedules(file, agents, report);
  const compose = {
    name,
    ...optional('providers', providers(file, report)),
    agents: Object.fromEntries(agents.map(({ name: agent, spec }) => [agent, spec])),
    ...optional('limits', limits(orchestration, report)),
    ...optional('merge', merge(orchestration, report)),
    ...optional('hooks', hooks(file, report)),
  };
  reportRest(file, orchestration, report);
  const header = '# Made from a compas configuration by `muster import compas`. `muster up` applies it.\n';
  return {
    text: header + stringify(compose, { lineWidth: 0 }),
    report: report.lines,
    workdir: file.text('default_workdir') ?? '',
  };
}

function limits(orchestration: Fields, report: Report): object {
  const concurrency = orchestration.number('max_concurrent_triggers');
  const queued = orchestration.number('max_queued_executions');
  if (concurrency !== undefined) report.kept('orchestration.max_concurrent_triggers', 'limits.concurrency');
  if (queued !== undefined)
    report.changed('orchestration.max_queued_executions', 'limits.queued; it holds for every way in');
  return { ...optional('concurrency', concurrency), ...optional('queued', queued) };
}

function merge(orchestration: Fields, report: Report): object {
  const target = orchestration.text('default_merge_target');
  const strategy = orchestration.text('default_merge_strategy');
  if (target !== undefined) report.changed('orchestration.default_merge_target', 'merge.target; it is heeded');
  if (strategy !== undefined)
    report.changed(
      'orchestration.default_merge_strategy',
      'merge.strategy; rebase rebases the thread and never the target',
    );
  return { ...optional('target', target), ...optional('strategy', strategy) };
}

/** Backends that the file defines. */
function providers(file: Fields, report: Report): object {
  const all = file.list('backend_definitions').map((backend, index): readonly [string, object] => {
    const at = `backend_definitions[${index}]`;
    const output = backend.fields('output');
    const resume = backend.fields('resume');
    const flag = resume.text('flag');
    const args = backend.texts('args').map(template);
    const hasPrompt = args.some(argument => argument.includes('{{prompt}}'));
    report.kept(at, `providers.${backend.text('name') ?? index}`);
    for (const key of ['ping', 'env_remove'] as const)
      if (backend.has(key))
        report.dropped(
          `${at}.${key}`,
          'not needed: what a run gets is listed, and nothing is asked to see whether a CLI is there',
        );
    const format = output.text('format') ?? 'plaintext';
    return [
      backend.text('name') ?? `backend${index}`,
      {
        command: backend.text('command') ?? '',
        args: [...(flag === undefined ? [] : [flag, '{{conversation}}']), ...args],
        input: hasPrompt ? 'arg' : 'stdin',
        output: {
          format: format === 'plaintext' ? 'text' : format,
          ...optional('result', output.text('result_field')),
          ...optional('conversation', output.text('session_id_field')),
        },
      },
    ];
  });
  return Object.fromEntries(all);
}

function template(argument: string): string {
  return argument.replaceAll('{{instruction}}', '{{prompt}}').replaceAll('{{session_id}}', '{{conversation}}');
}

const hookEvents: ReadonlyMap<string, string> = new Map([
  ['on_execution_started', 'on_run_started'],
  ['on_execution_completed', 'on_run_finished'],
  ['on_thread_closed', 'on_thread_closed'],
  ['on_thread_failed', 'on_thread_failed'],
]);

function hooks(file: Fields, report: Report): object {
  const found = file.fields('hooks');
  const all = [...hookEvents].map(([old, event]): readonly [string, readonly object[]] => [
    event,
    found.list(old).map((hook, index) => {
      report.changed(`hooks.${old}[${index}]`, `hooks.${event}; what it gets to read has Muster’s words`);
      const seconds = hook.number('timeout_secs');
      return {
        command: hook.text('command') ?? '',
        ...optional('args', hook.texts('args')),
        ...optional('timeout', seconds === undefined ? undefined : `${seconds}s`),
        ...optional('env', hook.value('env')),
        ...optional('filter', hook.value('filter')),
      };
    }),
  ]);
  return Object.fromEntries(all.filter(([, hooksOf]) => hooksOf.length > 0));
}

function addSchedules(file: Fields, agents: readonly ImportedAgent[], report: Report): void {
  for (const [index, schedule] of file.list('schedules').entries()) {
    const at = `schedules[${index}]`;
    const agent = agents.find(({ name }) => name === schedule.text('agent'));
    if (!agent) {
      report.dropped(at, `there is no agent ${schedule.text('agent') ?? ''}`);
      continue;
    }
    const trigger = {
      ...optional('name', schedule.text('name')),
      cron: schedule.text('cron') ?? '',
      timezone: 'UTC',
      prompt: schedule.text('body') ?? '',
    };
    const before = agent.spec['scheduler'];
    const triggers = before === undefined ? [] : agent.triggers;
    agent.triggers = [...triggers, trigger];
    agent.spec['scheduler'] = { triggers: agent.triggers };
    report.changed(at, `agents.${agent.name}.scheduler; it does not fire at once when it is new`);
    if (schedule.has('max_runs') || schedule.has('batch'))
      report.dropped(`${at}.max_runs, batch`, '`muster scheduler disable` ends it');
    if (schedule.value('enabled') === false)
      report.changed(`${at}.enabled`, 'it is enabled; `muster scheduler disable` switches it off');
  }
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['state_dir', 'Muster has one state directory of its own (MUSTER_HOME)'],
  ['poll_interval_secs', 'nothing is polled'],
  ['models', 'it was only for reading'],
  ['worktree_dir', 'worktrees are in the state directory, outside of the repository'],
  ['database', 'there is nothing to set'],
  ['notifications', 'VS Code notifies; settings muster.notifications.*'],
]);

function reportRest(file: Fields, orchestration: Fields, report: Report): void {
  for (const [key, reason] of reasons) if (file.has(key)) report.dropped(key, reason);
  if (file.has('default_workdir') || file.has('target_repo_root'))
    report.changed('default_workdir', 'the folder of the compose file; put it there');
  const handled = new Set([
    'max_concurrent_triggers',
    'max_queued_executions',
    'default_merge_target',
    'default_merge_strategy',
    'execution_timeout_secs',
    'trigger_timeout_secs',
    'default_timeout_secs',
    'max_triggers_per_agent',
  ]);
  for (const key of orchestration.names.filter(name => !handled.has(name)))
    report.dropped(`orchestration.${key}`, orchestrationReasons.get(key) ?? 'Muster has nothing like it');
}

const orchestrationReasons: ReadonlyMap<string, string> = new Map([
  ['trigger_intents', 'dispatch, handoff and changes-requested start agents'],
  ['redact_secrets', 'always on'],
  ['circuit_breaker', 'always on: 3 failures in a row, a minute'],
  ['log_retention_count', '`muster gc`; settings muster.retention.*'],
  ['merge_timeout_secs', 'no limit ends git while it moves what people work with'],
]);
