import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { errorMessage } from '../../base/errors.js';
import { isTimezone, readCron } from '../../compose/cron/cronSchedule.js';
import type { AgentSpec, ProjectSpec, RegisteredScript, ScriptSpec, TriggerSpec } from '../../compose/projectSpec.js';
import { readWorkflow } from '../../compose/script/workflowMeta.js';
import { scriptPlace } from '../../compose/editor/scriptPlace.js';
import type { RegisteredTrigger, ScriptEngine, ScriptFault } from '../../core/scripts/scriptEngine.js';
import type { ChooseSource } from '../../core/projects/scriptSources.js';
import { readForeignFile } from '../../node/foreignFile.js';
import { longestScript, type ScriptFetcher } from './scriptFetcher.js';

export interface ScriptFile {
  /** Absolute path of the compose file. */
  readonly file: string;
  readonly folder: string;
  /** Its text, to say where in it a script is wrong. */
  readonly text: string;
}

export interface Registered {
  readonly spec: ProjectSpec;
  readonly problems: readonly { readonly message: string; readonly isError: boolean }[];
}

export interface RegisterOptions {
  readonly engine: ScriptEngine;
  readonly compose: ScriptFile;
  readonly chooseSource: ChooseSource;
  readonly fetcher: Pick<ScriptFetcher, 'fetch'>;
  readonly signal: AbortSignal;
}

/**
 * Evaluates the scripts of a compose file with their effects switched off, and keeps with the spec what they register. A script
 * from a file becomes part of the spec.
 */
export async function registerScripts(spec: ProjectSpec, options: RegisterOptions): Promise<Registered> {
  const { compose } = options;
  const problems: { message: string; isError: boolean }[] = [];
  const agents = [];
  for (const agent of spec.agents) {
    const script = agent.scheduler?.script;
    const text = script && (await textOf(agent, script, options));
    if (!agent.scheduler || !script || text === undefined) {
      agents.push(agent);
      continue;
    }
    const read = typeof text === 'string' ? await register(script, text, options) : text;
    if ('fault' in read) {
      problems.push({ message: faultMessage(compose, agent.name, { script, fault: read.fault }), isError: true });
      agents.push(agent);
      continue;
    }
    if (doesNothing(read.registered)) {
      const message = `${compose.file}: validate compose field agents.${agent.name}.scheduler.script: ${nothing}`;
      problems.push({ message, isError: false });
    }
    // What is elsewhere is taken as it is now, so that what is agreed to, hashed and run is one text.
    const taken = script.provider === 'inline' ? script : { provider: 'inline' as const, text: read.registered.text };
    agents.push({ ...agent, scheduler: { ...agent.scheduler, script: taken, registered: read.registered } });
  }
  return { spec: { ...spec, agents }, problems };
}

const nothing = 'script does not register any trigger and does not define main()';

function doesNothing({ triggers, hasMain }: RegisteredScript): boolean {
  return triggers.length === 0 && !hasMain;
}

/** What applying a file with this script would say of it. */
export async function checkScript(
  text: string,
  options: Pick<RegisterOptions, 'engine' | 'signal'>,
): Promise<(ScriptFault & { readonly isWarning?: boolean }) | undefined> {
  const read = await register({ provider: 'inline', text }, text, options);
  if ('fault' in read) return read.fault;
  return doesNothing(read.registered) ? { kind: 'error', message: nothing, isWarning: true } : undefined;
}

type Read = { readonly registered: RegisteredScript } | { readonly fault: ScriptFault };

async function register(
  script: ScriptSpec,
  text: string,
  { engine, signal }: Pick<RegisterOptions, 'engine' | 'signal'>,
): Promise<Read> {
  const workflow = readWorkflow(text);
  if (workflow.kind === 'fault') return { fault: { kind: 'error', ...workflow.fault } };
  const reading = await engine.read({ source: text, isWorkflow: workflow.kind === 'workflow' }, signal);
  if (!reading.ok) return reading;
  const triggers: TriggerSpec[] = [];
  for (const trigger of reading.triggers) {
    const spec = triggerSpec(trigger);
    if (typeof spec === 'string')
      return { fault: { kind: 'error', message: `trigger ${JSON.stringify(trigger.id)}: ${spec}` } };
    triggers.push(spec);
  }
  const sha256 = createHash('sha256').update(text).digest('hex');
  const meta = workflow.kind === 'workflow' ? { workflow: workflow.meta } : {};
  const source = script.provider === 'http' || script.provider === 'git' ? { source: script } : {};
  return { registered: { text, sha256, hasMain: reading.hasMain, triggers, ...meta, ...source } };
}

type Text = string | { readonly fault: ScriptFault };

/** Missing: nobody agreed to fetching it yet, or nobody needs it. */
async function textOf(
  agent: AgentSpec,
  script: ScriptSpec,
  { compose, chooseSource, fetcher, signal }: RegisterOptions,
): Promise<Text | undefined> {
  switch (script.provider) {
    case 'inline':
      return script.text;
    case 'file':
      return await fileText(script.path, compose);
    case 'http':
    case 'git': {
      if (!agent.enabled || !agent.scheduler?.enabled) return undefined;
      const choice = chooseSource(agent.name, script);
      if (choice === 'ask') return undefined;
      if (choice !== 'fetch') return choice.text;
      return await fetcher
        .fetch(script, signal)
        .then(checked(script.url), (error: unknown) =>
          refused(`${script.url} cannot be fetched: ${errorMessage(error)}`),
        );
    }
  }
}

async function fileText(path: string, { folder }: ScriptFile): Promise<Text> {
  try {
    const read = await readForeignFile(join(folder, path), { maxBytes: longestScript });
    if (read.kind !== 'file') return refused(`${path} is no file`);
    if (read.truncated) return refused(`${path} is longer than ${longestScript} bytes`);
    return checked(path)(read.bytes);
  } catch (error) {
    return refused(`${path} cannot be read: ${errorMessage(error)}`);
  }
}

function checked(where: string): (bytes: Uint8Array) => Text {
  return bytes => {
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      return text.trim() === '' ? refused(`${where} is empty`) : text;
    } catch {
      // The decoder has no other reason to fail.
      return refused(`${where} is no UTF-8`);
    }
  };
}

function refused(message: string): { readonly fault: ScriptFault } {
  return { fault: { kind: 'error', message } };
}

/** What is wrong with it, as a text. */
function triggerSpec(trigger: RegisteredTrigger): TriggerSpec | string {
  const { id: name } = trigger;
  switch (trigger.kind) {
    case 'interval':
      return trigger.ms < 1 ? 'duration must be positive' : { name, kind: 'interval', intervalMs: trigger.ms };
    case 'timeout':
      return trigger.ms < 1 ? 'duration must be positive' : { name, kind: 'timeout', timeoutMs: trigger.ms };
    case 'event':
      return { name, kind: 'event', topic: trigger.topic };
    case 'cron': {
      const reading = readCron(trigger.cron);
      if (!reading.ok) return `invalid cron expression: ${reading.text}`;
      const { timezone } = trigger;
      if (timezone !== undefined && !isTimezone(timezone)) return `unknown time zone "${timezone}"`;
      const zone = timezone?.toLowerCase() === 'local' ? undefined : timezone;
      return { name, kind: 'cron', cron: trigger.cron, timezone: zone };
    }
  }
}

function faultMessage(
  { file, text }: ScriptFile,
  agent: string,
  { script, fault }: { readonly script: ScriptSpec; readonly fault: ScriptFault },
): string {
  const place = `agents.${agent}.scheduler.script`;
  const { line, column = 1, message } = fault;
  if (line === undefined) return `${file}: validate compose field ${place}: ${message}`;
  if (script.provider !== 'inline') {
    const name = script.provider === 'file' ? script.path : script.url;
    return `${file}: validate compose field ${place}: ${name}:${line}:${column}: ${message}`;
  }
  const at = scriptPlace(text, agent, { line, column });
  return `${file}: validate compose field ${place} at line ${at.line}, column ${at.column}: ${message}`;
}
