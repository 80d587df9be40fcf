import { isRecord } from '../../base/unknownFields.js';
import { optional, type Fields } from './foreignFields.js';
import type { Report } from './importReport.js';

export interface ImportedAgent {
  readonly name: string;
  readonly spec: Record<string, unknown>;
  /** Its scheduler's, as far as they were read. */
  triggers: readonly object[];
}

interface AgentSources {
  readonly file: Fields;
  readonly orchestration: Fields;
  readonly report: Report;
  readonly readFile: (path: string) => string | undefined;
}

/** What compas adds by itself, and Muster with `permissions: auto`. */
const bypasses: readonly string[] = [
  '--dangerously-skip-permissions',
  '--dangerously-bypass-approvals-and-sandbox',
  '--yolo',
  '--full-auto',
];

/** Its agents, with the defaults of the file in each. */
export function importAgents(sources: AgentSources): readonly ImportedAgent[] {
  const { file, report } = sources;
  const defaults = file.fields('agent_defaults');
  if (file.has('agent_defaults')) report.changed('agent_defaults', 'written into each agent');
  const operators = new Set(
    file.list('agents').flatMap(agent => (agent.text('role') === 'operator' ? (agent.text('alias') ?? []) : [])),
  );
  return file.list('agents').flatMap((own, index) => {
    const at = `agents[${index}]`;
    const name = own.text('alias') ?? `agent${index}`;
    if (operators.has(name)) {
      report.dropped(at, `${name} is an operator: that is you`);
      return [];
    }
    const agent = own.over(defaults);
    report.kept(at, `agents.${name}`);
    return [{ name, spec: agentSpec(sources, { agent, own, defaults, at, operators }), triggers: [] }];
  });
}

interface AgentInput {
  readonly agent: Fields;
  readonly own: Fields;
  readonly defaults: Fields;
  readonly at: string;
  readonly operators: ReadonlySet<string>;
}

function agentSpec(sources: AgentSources, input: AgentInput): Record<string, unknown> {
  const { orchestration, report } = sources;
  const { agent, own, defaults, at } = input;
  const seconds =
    agent.number('timeout_secs') ??
    orchestration.number('execution_timeout_secs') ??
    orchestration.number('trigger_timeout_secs') ??
    orchestration.number('default_timeout_secs') ??
    600;
  const env = { ...environment(defaults), ...environment(own) };
  const args = agent.texts('backend_args');
  const kept = args.filter(argument => !bypasses.includes(argument));
  if (kept.length < args.length) report.dropped(`${at}.backend_args`, 'what bypasses permissions is permissions: auto');
  if (agent.has('workdir')) report.dropped(`${at}.workdir`, 'agents work in the repository of the compose file');
  return {
    provider: agent.text('backend') ?? 'claude',
    ...optional('model', agent.text('model')),
    ...optional('system_prompt', systemPrompt(sources, input)),
    ...(agent.text('safety_mode') === 'auto_approve' ? permissions(report, at) : {}),
    timeout: `${seconds}s`,
    ...optional('concurrency', orchestration.number('max_triggers_per_agent')),
    ...optional('args', kept),
    ...optional('env', env),
    ...optional('workspace', workspace(agent, report, at)),
    ...optional('retries', retries(agent)),
    ...optional('handoff', handoff(agent.fields('handoff'), input, report)),
  };
}

function permissions(report: Report, at: string): object {
  report.changed(`${at}.safety_mode`, 'permissions: auto; `muster up` asks you once whether you agree');
  return { permissions: 'auto' };
}

/** A file wins over words, as it does there, and so does an inherited one. */
function systemPrompt({ report, readFile }: AgentSources, { agent, at }: AgentInput): string | undefined {
  const file = agent.text('prompt_file');
  if (file === undefined) return agent.text('prompt');
  const text = readFile(file);
  if (text === undefined) report.dropped(`${at}.prompt_file`, `${file} could not be read`);
  else report.changed(`${at}.prompt_file`, 'its text is in system_prompt');
  return text ?? agent.text('prompt');
}

function workspace(agent: Fields, report: Report, at: string): object | undefined {
  switch (agent.text('workspace')) {
    case 'worktree':
      return undefined;
    case 'shared':
      return { provider: 'shared' };
    default:
      report.changed(`${at}.workspace`, 'a worktree for each thread, which reviewers share with the author');
      return undefined;
  }
}

function retries(agent: Fields): object | undefined {
  const max = agent.number('max_retries') ?? 0;
  return max === 0 ? undefined : { max, backoff: `${agent.number('retry_backoff_secs') ?? 30}s` };
}

function handoff(found: Fields, { at, operators }: AgentInput, report: Report): object | undefined {
  const all = found.texts('on_response');
  const targets = all.filter(name => name !== 'operator' && !operators.has(name));
  if (targets.length < all.length)
    report.dropped(`${at}.handoff.on_response`, 'the operator is you: what comes back is shown to you anyway');
  if (targets.length === 0) return undefined;
  report.changed(`${at}.handoff`, 'a verdict ends it; the depth counts from your last message');
  const [only, ...others] = targets;
  return {
    on_response: others.length === 0 ? only : targets,
    ...optional('prompt', found.text('handoff_prompt')),
    ...optional('max_depth', found.number('max_chain_depth')),
  };
}

function environment(fields: Fields): Readonly<Record<string, unknown>> {
  const env = fields.value('env');
  return isRecord(env) ? env : {};
}
