/** `↑3`, or nothing for 0. */
export function formatOptionalCount(sign: string, count: number): string {
  return count === 0 ? '' : `${sign}${count}`;
}
