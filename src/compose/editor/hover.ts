import type { CronSchedule } from '../cron/cronSchedule.js';
import { nextFireTimes, readCron } from '../cron/cronSchedule.js';
import { readPositiveDuration } from '../duration.js';
import { builtInProvider } from '../schema/providerNames.js';
import type { ComposeNode } from '../source/composeNode.js';
import { child } from '../source/composeNode.js';
import type { Span } from '../source/textPosition.js';
import type { ComposeSource } from './composeSource.js';
import { fieldDoc } from './fieldDoc.js';
import type { NodeAt } from './nodeAt.js';
import { nodeAt } from './nodeAt.js';
import { scriptHover } from './scriptHelp.js';

export interface HoverOptions {
  readonly env: (name: string) => string | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** IANA name of the zone that `local` means; absent = that of this process. */
  readonly localTimezone?: string | undefined;
}

export interface Hover {
  readonly span: Span;
  readonly markdown: string;
}

/** What is known about the key or value at the offset. */
export function hover(source: ComposeSource, offset: number, options: HoverOptions): Hover | undefined {
  const inScript = scriptHover(source, offset);
  if (inScript) return inScript;
  const at = nodeAt(source.root, offset);
  if (!at) return undefined;
  if (at.on === 'key') {
    const own = keyOfNoField(at.entry.key);
    if (own !== undefined) return { span: at.entry.keySpan, markdown: own };
    const field = at.place?.field;
    // The key of a dictionary is a name, not a field.
    const isField = field !== undefined && at.place?.shape === field.shape;
    return isField ? { span: at.entry.keySpan, markdown: fieldDoc(at.entry.key, field) } : undefined;
  }
  const variable = referenceAt(source.text, at.node, offset);
  if (variable) return { span: variable.span, markdown: variableText(variable, at, options) };
  const markdown = valueText(at, options);
  return markdown === undefined ? undefined : { span: at.node.span, markdown };
}

/** What Docker Compose has wherever fields have names. */
function keyOfNoField(key: string): string | undefined {
  if (key === '<<')
    return '**<<**: the fields of `*base`, or of each in a list of them, where this mapping has none of its own.';
  return key.startsWith('x-')
    ? `**${asCode(key)}**: a field of your own. It is not read, but \`&name\` in it can be used elsewhere.`
    : undefined;
}

function valueText(at: NodeAt, options: HoverOptions): string | undefined {
  if (at.node.kind === 'alias')
    return at.node.target ? 'Stands for what its anchor (`&name`) has.' : 'No anchor above has this name.';
  if (at.node.kind !== 'scalar') return undefined;
  const text = at.node.text.trim();
  const trigger = at.parents.at(-2);
  switch (at.entry.key) {
    case 'cron': {
      const reading = readCron(text);
      return reading.ok ? fireTimesText(reading.schedule, trigger, options) : undefined;
    }
    case 'interval': {
      const reading = readPositiveDuration(text);
      return reading.ok ? fireTimesText({ kind: 'every', ms: reading.ms }, trigger, options) : undefined;
    }
    case 'provider':
      return builtInProvider(text)?.doc ?? valueDoc(at, text);
    default:
      return valueDoc(at, text);
  }
}

function valueDoc(at: NodeAt, text: string): string | undefined {
  const shape = at.place?.shape;
  const scalar = shape?.kind === 'choice' ? shape.scalar : shape;
  if (scalar?.kind !== 'text') return undefined;
  const value = scalar.values?.find(candidate => candidate.value === text.toLowerCase() || candidate.value === text);
  return value && `**${value.value}**: ${value.doc}`;
}

function fireTimesText(schedule: CronSchedule, trigger: ComposeNode | undefined, options: HoverOptions): string {
  const zoneNode = child(trigger, 'timezone');
  const written = zoneNode?.kind === 'scalar' && zoneNode.text.toLowerCase() !== 'local' ? zoneNode.text : undefined;
  const zone = (schedule.kind === 'calendar' ? schedule.timezone : undefined) ?? written;
  const shownZone = zone ?? options.localTimezone;
  let times: readonly number[];
  try {
    times = nextFireTimes(schedule, {
      after: options.now,
      count: 5,
      timezone: zone,
      localTimezone: options.localTimezone,
    });
  } catch {
    // An unknown zone has its own diagnostic.
    return `Unknown time zone ${asCode(zone ?? '')}`;
  }
  if (times.length === 0) return 'Never fires.';
  const zoneText = shownZone === undefined ? 'local time' : shownZone;
  return [`Next times (${zoneText}):`, '', ...times.map(time => `- ${formatTime(time, shownZone)}`)].join('\n');
}

/** What the file says, as code: it can be neither a link nor an image there. */
function asCode(text: string): string {
  return `\`${text.replace(/[`\s]+/g, ' ').trim()}\``;
}

/** `Mon 2026-03-02 09:00`, with seconds when there are some. */
export function formatTime(time: number, zone: string | undefined): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    ...(zone === undefined ? {} : { timeZone: zone }),
  });
  const parts = new Map(format.formatToParts(time).map(part => [part.type, part.value]));
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
  const seconds = part('second') === '00' ? '' : `:${part('second')}`;
  return `${part('weekday')} ${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')}${seconds}`;
}

interface Reference {
  readonly name: string;
  /** `:-`, `?` and the like; empty for the plain form. */
  readonly operator: string;
  readonly span: Span;
}

/** What follows in the braces, by the last character of the operator. */
const operandWords: ReadonlyMap<string, string> = new Map([
  ['-', 'Without it, what follows is taken.'],
  ['?', 'Without it, the file is refused with what follows.'],
  ['+', 'With it, what follows is taken instead; without it, nothing.'],
]);

function referenceAt(text: string, node: ComposeNode, offset: number): Reference | undefined {
  const written = text.slice(node.span.start, node.span.end);
  for (const match of written.matchAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?+])[^{}]*)?\}/g)) {
    const start = node.span.start + match.index;
    const end = start + match[0].length;
    if (start <= offset && offset <= end)
      return { name: match[1] ?? '', operator: match[2] ?? '', span: { start, end } };
  }
  return undefined;
}

/** As much of a value as a hover shows without being a page. */
const LONGEST_VALUE = 200;

function variableText({ name, operator }: Reference, at: NodeAt, options: HoverOptions): string {
  const words = operandWords.get(operator.slice(-1));
  const text = valueOfVariable(name, at, options);
  return words === undefined || !isInterpolated(at) ? text : `${text}\n\n${words}`;
}

function valueOfVariable(name: string, at: NodeAt, options: HoverOptions): string {
  if (!isInterpolated(at)) return `\`\${${name}}\` is plain text here: it is not replaced in this field.`;
  const value = options.env(name);
  if (value === undefined) return `**${name}** is not set.`;
  if (isSecret(at)) return `**${name}** is set. Its value is a secret.`;
  if (value === '') return `**${name}** is set to an empty text.`;
  const shown = value.length > LONGEST_VALUE ? `${value.slice(0, LONGEST_VALUE)}…` : value;
  return `**${name}** is set:\n\n\`\`\`text\n${shown.replaceAll('```', '` ` `')}\n\`\`\``;
}

function isInterpolated(at: NodeAt): boolean {
  return at.place?.field?.interpolated === true;
}

/** Said in the file, or by the nature of the field. A name that looks like a secret is treated as one. */
function isSecret(at: NodeAt): boolean {
  if (['password', 'token'].includes(at.entry.key)) return true;
  if (at.parents.some(parent => parent.path.endsWith('.headers'))) return true;
  const secret = child(at.parents.at(-2), 'secret');
  if (secret?.kind === 'scalar' && secret.text.toLowerCase() === 'true') return true;
  const owner = at.entry.key === 'value' ? at.node.path.split('.').at(-2) : at.entry.key;
  return /(_TOKEN|_SECRET|_KEY)$|PASSWORD/i.test(owner ?? '');
}
