/** A file or a part of it that an agent should look at; lines are 1-based and inclusive, 0 means the whole file. */
export interface TaskContext {
  readonly path: string;
  readonly startLine: number;
  readonly endLine: number;
}

export interface TaskText {
  /** What the person wrote, without the lines that only attach context. */
  readonly prompt: string;
  readonly context: readonly TaskContext[];
}

/** `@src/a.ts`, `@src/a.ts:10`, `@src/a b.ts:10-20`, alone on its line. */
const reference = /^@(\S[^\n]*?)(?::(\d+)(?:-(\d+))?)?[ \t]*$/;

/** Separates the references of a task document from what it says. */
export function parseTask(text: string): TaskText {
  const context: TaskContext[] = [];
  const kept: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const [, path, start, end] = reference.exec(line) ?? [];
    if (path === undefined) kept.push(line);
    else {
      const startLine = Number(start ?? 0);
      context.push({ path, startLine, endLine: Math.max(startLine, Number(end ?? startLine)) });
    }
  }
  return { prompt: kept.join('\n').trim(), context };
}

/** The line that attaches a reference to a task document. */
export function referenceLine({ path, startLine, endLine }: TaskContext): string {
  if (startLine === 0) return `@${path}`;
  return startLine === endLine ? `@${path}:${startLine}` : `@${path}:${startLine}-${endLine}`;
}
