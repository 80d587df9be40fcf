/** A span of time, not rounded: `90 s`, `2 h`, `1500 ms`. For what people agreed to or wrote, which is no measurement. */
export function exactDuration(ms: number): string {
  const units = [
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1_000],
  ] as const;
  const fitting = units.find(([, size]) => ms % size === 0);
  return fitting ? `${ms / fitting[1]} ${fitting[0]}` : `${ms} ms`;
}
