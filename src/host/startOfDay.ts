/** Where the day of a moment began, in the time zone of this machine. */
export function startOfDay(now: number): number {
  return new Date(now).setHours(0, 0, 0, 0);
}
