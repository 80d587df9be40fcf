/** What clocks on the wall of a zone show, as the milliseconds that the same figures have in UTC; and back. */

const dayMs = 86_400_000;

export function wallTimeAt(moment: number, zone: string | undefined): number {
  const part = Object.fromEntries(
    formatOf(zone)
      .formatToParts(moment)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (((moment % 1000) + 1000) % 1000);
}

/**
 * When the clocks show this. What they show twice counts the first time; what a change of clocks leaves out counts at its end,
 * when they have been changed.
 */
export function momentOfWallTime(wall: number, zone: string | undefined): number {
  // Clocks are not changed twice within two days.
  const [before = 0, after = 0] = [wall - dayMs, wall + dayMs].map(near => wallTimeAt(near, zone) - near);
  const early = wall - Math.max(before, after);
  const late = wall - Math.min(before, after);
  const shown = [early, late].find(moment => wallTimeAt(moment, zone) === wall);
  return shown ?? changeBetween(early, late, zone);
}

/** The first moment after `early` by which the clocks have been changed. */
function changeBetween(early: number, late: number, zone: string | undefined): number {
  const isChanged = (moment: number): boolean => wallTimeAt(moment, zone) - moment === wallTimeAt(late, zone) - late;
  let [no, yes] = [early, late];
  while (yes - no > 1) {
    const middle = Math.floor((no + yes) / 2);
    if (isChanged(middle)) yes = middle;
    else no = middle;
  }
  return yes;
}

/** Making one takes longer than everything that is done with it. */
const formats = new Map<string | undefined, Intl.DateTimeFormat>();

function formatOf(zone: string | undefined): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    ...(zone === undefined ? {} : { timeZone: zone }),
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(zone, made);
  return made;
}
