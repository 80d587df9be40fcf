/** One line of a list. */
const maxSummaryLength = 200;

/** The first line of a task that says something, as one line of bounded length. */
export function summaryOf(text: string): string {
  const line =
    text
      .slice(0, 4096)
      .split('\n')
      .find(candidate => candidate.trim() !== '') ?? '';
  const clean = line.replace(/\s+/g, ' ').trim();
  return clean.length <= maxSummaryLength ? clean : `${clean.slice(0, maxSummaryLength - 1)}…`;
}
