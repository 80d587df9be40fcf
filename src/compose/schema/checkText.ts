import { parseByteSize } from '../byteSize.js';
import { readCron } from '../cron/cronSchedule.js';
import { readPositiveDuration } from '../duration.js';
import type { TextShape } from './shape.js';

/** Why this text is not of that shape; `undefined` when it is. */
export function refusedText(source: string, shape: TextShape): string | undefined {
  const text = source.trim();
  const refused = shape.refusedText?.replace('%s', text);
  if (text === '' && shape.nonEmpty)
    return shape.emptyText ?? (shape.closed ? `must be ${allowed(shape)}` : 'must not be empty');
  if (shape.closed && !isListed(text, shape)) return refused ?? `must be ${allowed(shape)}, got "${text}"`;
  if (shape.pattern !== undefined && !new RegExp(shape.pattern, 'u').test(text))
    return refused ?? `must match ${shape.pattern}`;
  return shape.format && formatProblems[shape.format](text);
}

/** Why a text does not have a format; `undefined` when it has. */
const formatProblems: Readonly<Record<NonNullable<TextShape['format']>, (text: string) => string | undefined>> = {
  positiveDuration(text) {
    const reading = readPositiveDuration(text);
    return reading.ok ? undefined : reading.text;
  },
  cron(text) {
    const reading = readCron(text);
    return reading.ok ? undefined : `invalid cron expression: ${reading.text}`;
  },
  size: text => (parseByteSize(text) === undefined ? 'must be a size such as 512m or 4g' : undefined),
};

function isListed(text: string, shape: TextShape): boolean {
  return (shape.values ?? []).some(value => value.value === text.toLowerCase());
}

/** `a, b or c`, without older spellings. */
function allowed(shape: TextShape): string {
  const names = (shape.values ?? []).filter(value => value.spellingOf === undefined).map(value => value.value);
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} or ${last}`;
}
