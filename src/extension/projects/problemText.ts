/** How messages of the compose language begin in a terminal: the file, what was done, the field, and where. */
const heading =
  /^(?:validate compose(?: field (?<field>[^\s:]+))?|parse compose(?: field (?<parsed>[^\s:]+) at)?:?(?: line (?<line>\d+), column \d+)?): (?<text>[\s\S]+)$/;

/** A problem of a file that the person is looking at: the field and what is wrong with it. */
export function problemText(problem: string, file: string): string {
  const message = problem.startsWith(`${file}: `) ? problem.slice(file.length + 2) : problem;
  const { field, parsed, line, text } = heading.exec(message)?.groups ?? {};
  if (text === undefined) return message;
  const place = field ?? parsed ?? (line === undefined ? '' : line);
  return place === '' ? text : `${place}: ${text}`;
}
