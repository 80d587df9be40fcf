/** Short texts for times, money, tokens and changes; one form in trees, webviews and the terminal. Unknown is ''. */

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Milliseconds as `0.2 s`, `41 s`, `4 min`, `2 h 5 min`, `3 d`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return '';
  if (ms < 50) return '<0.1 s';
  if (ms < 9.95 * second) return `${(ms / second).toFixed(1)} s`;
  if (ms < minute - 500) return `${Math.round(ms / second)} s`;
  if (ms < hour) return `${Math.max(1, Math.floor(ms / minute))} min`;
  if (ms < day) {
    const minutes = Math.floor((ms % hour) / minute);
    return minutes === 0 ? `${Math.floor(ms / hour)} h` : `${Math.floor(ms / hour)} h ${minutes} min`;
  }
  return `${Math.floor(ms / day)} d`;
}

/** How long ago, to the coarseness of a list: `now`, `12 s`, `2 min`, `3 h`, `5 d`, `7 w`. A future time is `now`. */
export function formatAge(then: number, now: number): string {
  const ms = now - then;
  if (!(ms >= 5 * second)) return 'now';
  if (ms < minute) return `${Math.floor(ms / second)} s`;
  if (ms < hour) return `${Math.floor(ms / minute)} min`;
  if (ms < day) return `${Math.floor(ms / hour)} h`;
  if (ms < 28 * day) return `${Math.floor(ms / day)} d`;
  return `${Math.floor(ms / (7 * day))} w`;
}

/** US dollars as `$0.42`, `$12`, `$1,234`; less than a cent as `<$0.01`; unknown as ''. */
export function formatCost(usd: number | undefined): string {
  if (usd === undefined || !Number.isFinite(usd) || usd < 0) return '';
  if (usd > 0 && usd < 0.01) return '<$0.01';
  if (usd < 100) return `$${usd.toFixed(2)}`;
  return `$${Math.round(usd).toLocaleString('en-US')}`;
}

/** Tokens as `950`, `12.3k`, `88k`, `1.2M`; unknown as ''. */
export function formatTokens(count: number | undefined): string {
  if (count === undefined || !Number.isFinite(count) || count < 0) return '';
  if (count < 1000) return String(Math.round(count));
  if (count < 999_500) return `${trimTenths(count / 1000)}k`;
  return `${trimTenths(count / 1_000_000)}M`;
}

/** One decimal below 100, and none when it is zero. */
function trimTenths(value: number): string {
  if (value >= 99.95) return String(Math.round(value));
  return value.toFixed(1).replace(/\.0$/, '');
}

/** `+120 −44` with a true minus sign; '' when nothing is known. */
export function formatLineChanges(additions: number | undefined, deletions: number | undefined): string {
  if (additions === undefined && deletions === undefined) return '';
  return `+${additions ?? 0} −${deletions ?? 0}`;
}

/** Provider and model behind an agent; a provider that is called as its agent says nothing twice. */
export function formatMaker({
  name,
  provider,
  model,
}: {
  readonly name: string;
  readonly provider: string;
  readonly model: string;
}): string {
  return [provider === name ? '' : provider, model].filter(part => part !== '').join(' · ');
}

/** The sum of what is known; undefined when nothing is. */
export function sumKnown(...values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter(value => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0);
}

/** 1-based place in the queue as `1st`, `2nd`, `3rd`, `11th`. */
export function formatOrdinal(place: number): string {
  const tens = place % 100;
  const ending = tens >= 11 && tens <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][place % 10] ?? 'th');
  return `${place}${ending}`;
}

/** The first characters of an id or commit, as people see it. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

/** `210 MB`; empty for an unknown size. */
export function formatBytes(bytes: number | undefined): string {
  if (bytes === undefined) return '';
  if (bytes < 1_000_000) return `${Math.ceil(bytes / 1_000)} kB`;
  return bytes < 1_000_000_000 ? `${Math.round(bytes / 1_000_000)} MB` : `${(bytes / 1_000_000_000).toFixed(1)} GB`;
}
