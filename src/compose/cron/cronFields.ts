/** One field of a cron expression: its bounds and names. */
interface CronField {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const SECOND: CronField = { name: 'second', min: 0, max: 59, names: [] };
const REST: readonly CronField[] = [
  { name: 'minute', min: 0, max: 59, names: [] },
  { name: 'hour', min: 0, max: 23, names: [] },
  { name: 'day of month', min: 1, max: 31, names: [] },
  { name: 'month', min: 1, max: 12, names: MONTHS },
  // 7 is a second word for Sunday.
  { name: 'day of week', min: 0, max: 7, names: DAYS },
];

export type CronFieldsReading =
  { readonly ok: true; readonly pattern: string } | { readonly ok: false; readonly text: string };

/** Checks five or six fields and rewrites them in plain numbers, ranges and steps. */
export function readCronFields(expression: string): CronFieldsReading {
  const parts = expression.split(/\s+/);
  if (parts.length !== 5 && parts.length !== 6) {
    return { ok: false, text: `expected 5 or 6 fields, found ${parts.length}` };
  }
  const fields = parts.length === 6 ? [SECOND, ...REST] : REST;
  const written: string[] = [];
  for (const [index, field] of fields.entries()) {
    const reading = readField(parts[index] ?? '', field);
    if (!reading.ok) return reading;
    written.push(reading.pattern);
  }
  return { ok: true, pattern: written.join(' ') };
}

function readField(text: string, field: CronField): CronFieldsReading {
  const written: string[] = [];
  for (const part of text.split(',')) {
    const reading = readPart(part, field);
    if (!reading.ok) return reading;
    written.push(reading.pattern);
  }
  return { ok: true, pattern: written.includes('*') ? '*' : written.join(',') };
}

function readPart(text: string, field: CronField): CronFieldsReading {
  const refuse = (why: string): CronFieldsReading => ({ ok: false, text: `${field.name} "${text}" ${why}` });
  const [range = '', stepText, ...more] = text.split('/');
  if (more.length > 0) return refuse('has more than one step');
  const step = stepText === undefined ? 1 : wholeNumber(stepText);
  if (step === undefined) return refuse('has a step that is not a number');
  if (step === 0) return refuse('has a step of zero');
  if (range === '*' || range === '?') {
    const pattern = step === 1 ? '*' : patternOf({ low: field.min, high: lastOf(field) }, step);
    return { ok: true, pattern };
  }
  const bounds = readBounds(range, field, { isOpen: stepText !== undefined });
  return 'problem' in bounds ? refuse(bounds.problem) : { ok: true, pattern: patternOf(bounds, step) };
}

interface Bounds {
  readonly low: number;
  readonly high: number;
}

/** `3` or `3-7`; open, a single value means "from there to the end". */
function readBounds(
  range: string,
  field: CronField,
  { isOpen }: { readonly isOpen: boolean },
): Bounds | { readonly problem: string } {
  const ends = range.split('-');
  const low = valueOf(ends[0] ?? '', field);
  const written = ends.length === 2 ? valueOf(ends[1] ?? '', field) : low;
  if (ends.length > 2 || low === undefined || written === undefined) {
    const isForeign = /[lw#]/i.test(range);
    return { problem: isForeign ? 'is not supported (L, W and # are not part of the syntax)' : 'is not valid' };
  }
  const high = ends.length === 1 && isOpen ? lastOf(field) : written;
  if (low < field.min || high > field.max) return { problem: `is outside ${field.min}-${field.max}` };
  return low > high ? { problem: 'is a range that ends before it begins' } : { low, high };
}

/** The second word for Sunday is not counted twice. */
function lastOf(field: CronField): number {
  return field.name === 'day of week' ? 6 : field.max;
}

function patternOf({ low, high }: Bounds, step: number): string {
  if (low === high || step > high - low + 1) return String(low);
  return step === 1 ? `${low}-${high}` : `${low}-${high}/${step}`;
}

function valueOf(text: string, field: CronField): number | undefined {
  const index = field.names.indexOf(text.toLowerCase());
  return index >= 0 ? index + field.min : wholeNumber(text);
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}
