import { isTimezone } from '../cron/cronSchedule.js';
import type {
  Misfire,
  Overlap,
  PayloadCondition,
  SchedulerSpec,
  ScriptSpec,
  TriggerCommon,
  TriggerSpec,
} from '../projectSpec.js';
import type { ComposeNode, MappingNode } from '../source/composeNode.js';
import { child, entryOf, joinPath } from '../source/composeNode.js';
import type { NormalizeContext } from './normalizeContext.js';
import {
  byName,
  durationAt,
  entriesOf,
  exactDurationAt,
  flagAt,
  itemsOf,
  numberAt,
  optionalWordAt,
  refuse,
  textAt,
  textsOf,
  verbatimAt,
  wordAt,
} from './normalizeContext.js';
import { sandboxPolicyAt } from './sandboxPolicy.js';
import { credentials, gitUrl, relativePath } from './workspace.js';

const overlaps: readonly Overlap[] = ['skip', 'queue', 'parallel', 'replace'];
const misfires: readonly Misfire[] = ['run_once', 'skip', 'run_all'];

export function scheduler(context: NormalizeContext, node: ComposeNode): SchedulerSpec | undefined {
  if (node.kind !== 'mapping') return undefined;
  const script = scriptOf(context, child(node, 'script'));
  const triggerNodes = itemsOf(child(node, 'triggers'));
  if (script && triggerNodes.length > 0) {
    const span = entryOf(node, 'script')?.keySpan ?? node.span;
    const text = 'scheduler script and triggers are mutually exclusive';
    refuse(context, { code: 'compose.exclusive', path: node.path, span, text });
  }
  refuseBoth(context, node);
  return {
    enabled: flagAt(node, 'enabled', true),
    displayName: textAt(node, 'display_name'),
    description: textAt(node, 'description'),
    sandboxPolicy: sandboxPolicyAt(node) ?? 'new',
    concurrencyPolicy: wordAt(node, 'concurrency_policy', ['skip', 'parallel']),
    overlap: optionalWordAt(node, 'overlap', overlaps),
    misfire: optionalWordAt(node, 'misfire', misfires),
    triggers: triggers(context, triggerNodes),
    script,
  };
}

/** One policy in two spellings. */
function refuseBoth(context: NormalizeContext, node: MappingNode): void {
  const overlap = entryOf(node, 'overlap');
  if (!overlap || !entryOf(node, 'concurrency_policy')) return;
  const text = 'scheduler overlap and concurrency_policy are mutually exclusive';
  refuse(context, { code: 'compose.exclusive', path: joinPath(node.path, 'overlap'), span: overlap.keySpan, text });
}

function triggers(context: NormalizeContext, nodes: readonly ComposeNode[]): readonly TriggerSpec[] {
  const seen = new Set<string>();
  const found: TriggerSpec[] = [];
  for (const node of nodes) {
    if (node.kind !== 'mapping') continue;
    const nameNode = child(node, 'name');
    const name = textAt(node, 'name');
    if (name !== undefined && nameNode) {
      if (seen.has(name)) {
        const text = `duplicate scheduler trigger name "${name}"`;
        refuse(context, { code: 'compose.duplicateName', path: nameNode.path, span: nameNode.span, text });
      }
      seen.add(name);
    }
    checkTimezone(context, node);
    const trigger = triggerOf(node, {
      name,
      prompt: verbatimAt(node, 'prompt'),
      sandboxPolicy: sandboxPolicyAt(node),
      overlap: optionalWordAt(node, 'overlap', overlaps),
      misfire: optionalWordAt(node, 'misfire', misfires),
      jitterMs: durationAt(node, 'jitter'),
      maxRuns: numberAt(node, 'max_runs'),
      until: untilOf(context, node),
    });
    if (trigger) found.push(trigger);
  }
  return found;
}

function checkTimezone(context: NormalizeContext, node: MappingNode): void {
  const zoneNode = child(node, 'timezone');
  const zone = textAt(node, 'timezone');
  if (zone === undefined || !zoneNode) return;
  if (!entryOf(node, 'cron')) {
    const text = 'timezone is only supported for cron triggers';
    refuse(context, { code: 'compose.exclusive', path: zoneNode.path, span: zoneNode.span, text });
  } else if (!isTimezone(zone)) {
    refuse(context, {
      path: zoneNode.path,
      span: zoneNode.span,
      text: `unknown time zone "${zone}"; write an IANA name or local`,
    });
  }
}

/** Judged by the key alone; what is wrong with its value was said before. */
function triggerOf(node: MappingNode, common: TriggerCommon): TriggerSpec | undefined {
  const cron = textAt(node, 'cron');
  if (cron !== undefined) return { ...common, kind: 'cron', cron, timezone: canonicalZone(textAt(node, 'timezone')) };
  const intervalMs = exactDurationAt(node, 'interval');
  if (intervalMs !== undefined) return { ...common, kind: 'interval', intervalMs };
  const timeoutMs = exactDurationAt(node, 'timeout');
  if (timeoutMs !== undefined) return { ...common, kind: 'timeout', timeoutMs };
  const topic = textAt(child(node, 'event'), 'topic');
  if (topic === undefined) return undefined;
  const where = conditionsOf(child(child(node, 'event'), 'where'));
  return { ...common, kind: 'event', topic, where: where.length > 0 ? where : undefined };
}

function conditionsOf(node: ComposeNode | undefined): readonly PayloadCondition[] {
  return byName(entriesOf(node).map(({ key, value }) => ({ name: key, values: textsOf(value) }))).map(
    ({ name, values }) => ({ path: name, values }),
  );
}

/** The pattern was checked before; `2030-13-01` has it too. */
function untilOf(context: NormalizeContext, node: MappingNode): string | undefined {
  const until = textAt(node, 'until');
  const where = child(node, 'until');
  if (until === undefined || !where || !Number.isNaN(Date.parse(until))) return until;
  refuse(context, { path: where.path, span: where.span, text: `there is no day or time "${until}"` });
  return undefined;
}

/** `local` is what holds without a zone. */
function canonicalZone(zone: string | undefined): string | undefined {
  return zone?.toLowerCase() === 'local' ? undefined : zone;
}

function scriptOf(context: NormalizeContext, node: ComposeNode | undefined): ScriptSpec | undefined {
  if (node?.kind === 'scalar') {
    const text = node.isNull ? '' : node.text.trim();
    return text === '' ? undefined : { provider: 'inline', text };
  }
  if (node?.kind !== 'mapping') return undefined;
  const anchor = { start: node.span.start, end: node.span.start + 1 };
  const provider = optionalWordAt(node, 'provider', ['file', 'http', 'git']);
  switch (provider) {
    case 'file': {
      const path = sourcePath(context, node);
      return path === undefined ? undefined : { provider, path };
    }
    case 'http': {
      const url = textAt(node, 'url');
      const urlNode = child(node, 'url');
      if (url === undefined || !urlNode) {
        const text = 'url is required for http script';
        refuse(context, { code: 'compose.missingField', path: joinPath(node.path, 'url'), span: anchor, text });
        return undefined;
      }
      if (!/^https?:\/\/[^/@?#]+([/?#]|$)/i.test(url)) {
        const text = 'url must be an http or https address without user name or password';
        refuse(context, { path: urlNode.path, span: urlNode.span, text });
      }
      return { provider, url, credentials: credentials(context, node) };
    }
    case 'git': {
      const url = gitUrl(context, node, anchor, 'url is required for git script');
      const path = sourcePath(context, node);
      if (url === undefined || path === undefined) return undefined;
      return { provider, url, path, ref: textAt(node, 'ref'), credentials: credentials(context, node) };
    }
    case undefined:
      return undefined;
  }
}

function sourcePath(context: NormalizeContext, node: MappingNode): string | undefined {
  const path = textAt(node, 'path');
  if (path !== undefined) return relativePath(context, node, 'path', `script path "${path}"`);
  const span = { start: node.span.start, end: node.span.start + 1 };
  refuse(context, {
    code: 'compose.missingField',
    path: joinPath(node.path, 'path'),
    span,
    text: 'path is required for the script',
  });
  return undefined;
}
