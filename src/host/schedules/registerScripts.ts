import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { errorMessage } from '../../base/errors.js';
import { isTimezone, readCron } from '../../compose/cron/cronSchedule.js';
import type { ProjectSpec, RegisteredScript, ScriptSpec, TriggerSpec } from '../../compose/projectSpec.js';
import { scriptPlace } from '../../compose/editor/scriptPlace.js';
import type { RegisteredTrigger, ScriptEngine, ScriptFault } from '../../core/scripts/scriptEngine.js';
import { readForeignFile } from '../../node/foreignFile.js';

/** agent-compose's limit for a script from elsewhere; ours for every script. */
const longestScript = 1024 * 1024;

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

/**
 * Evaluates the scripts of a compose file with their effects switched off, and keeps with the spec what they register. A script
 * from a file becomes part of the spec.
 */
export async function registerScripts(
  spec: ProjectSpec,
  {
    engine,
    compose,
    signal,
  }: { readonly engine: ScriptEngine; readonly compose: ScriptFile; readonly signal: AbortSignal },
): Promise<Registered> {
  const problems: { message: string; isError: boolean }[] = [];
  const agents = [];
  for (const agent of spec.agents) {
    const script = agent.scheduler?.script;
    if (!agent.scheduler || !script) {
      agents.push(agent);
      continue;
    }
    const read = await register(script, { engine, compose, signal });
    if ('fault' in read) {
      problems.push({ message: faultMessage(compose, agent.name, { script, fault: read.fault }), isError: true });
      agents.push(agent);
      continue;
    }
    if (read.registered.triggers.length === 0 && !read.registered.hasMain) {
      const message = `${compose.file}: validate compose field agents.${agent.name}.scheduler.script: script does not register any trigger and does not define main()`;
      problems.push({ message, isError: false });
    }
    // A file is taken as it is now, so that what is agreed to, hashed and run is one text.
    const taken = script.provider === 'file' ? { provider: 'inline' as const, text: read.registered.text } : script;
    agents.push({ ...agent, scheduler: { ...agent.scheduler, script: taken, registered: read.registered } });
  }
  return { spec: { ...spec, agents }, problems };
}

type Read = { readonly registered: RegisteredScript } | { readonly fault: ScriptFault };

async function register(
  script: ScriptSpec,
  {
    engine,
    compose,
    signal,
  }: { readonly engine: ScriptEngine; readonly compose: ScriptFile; readonly signal: AbortSignal },
): Promise<Read> {
  const text = await textOf(script, compose);
  if (typeof text !== 'string') return text;
  const reading = await engine.read(text, signal);
  if (!reading.ok) return reading;
  const triggers: TriggerSpec[] = [];
  for (const trigger of reading.triggers) {
    const spec = triggerSpec(trigger);
    if (typeof spec === 'string')
      return { fault: { kind: 'error', message: `trigger ${JSON.stringify(trigger.id)}: ${spec}` } };
    triggers.push(spec);
  }
  const sha256 = createHash('sha256').update(text).digest('hex');
  return { registered: { text, sha256, hasMain: reading.hasMain, triggers } };
}

async function textOf(script: ScriptSpec, { folder }: ScriptFile): Promise<string | { readonly fault: ScriptFault }> {
  const refused = (message: string): { readonly fault: ScriptFault } => ({ fault: { kind: 'error', message } });
  if (script.provider === 'inline') return script.text;
  if (script.provider !== 'file')
    return refused(`a script from ${script.provider} is not fetched by this version of Muster`);
  try {
    const read = await readForeignFile(join(folder, script.path), { maxBytes: longestScript });
    if (read.kind !== 'file') return refused(`${script.path} is no file`);
    if (read.truncated) return refused(`${script.path} is longer than ${longestScript} bytes`);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(read.bytes);
    return text.trim() === '' ? refused(`${script.path} is empty`) : text;
  } catch (error) {
    return refused(`${script.path} cannot be read: ${errorMessage(error)}`);
  }
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
