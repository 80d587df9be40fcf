/** What a test's agent does, step by step. Each kind of sandbox has its own way to say it. */
export type ProgramStep =
  | { readonly print: string }
  | { readonly complain: string }
  /** Copies standard input to standard output. */
  | { readonly printInput: true }
  | { readonly printVariable: string }
  | { readonly ignoreTerm: true }
  /** Goes on until it is stopped. */
  | { readonly wait: true }
  | { readonly exit: number };

/** The program as a command for a POSIX shell. */
export function shellProgram(steps: readonly ProgramStep[]): readonly string[] {
  return ['sh', '-c', steps.map(shellStep).join('\n')];
}

function shellStep(step: ProgramStep): string {
  if ('print' in step) return `printf %s ${quote(step.print)}`;
  if ('complain' in step) return `printf %s ${quote(step.complain)} >&2`;
  if ('printInput' in step) return 'cat';
  if ('printVariable' in step) return `printf '%s\\n' "$${step.printVariable}"`;
  if ('ignoreTerm' in step) return `trap '' TERM`;
  if ('exit' in step) return `exit ${step.exit}`;
  return 'while :; do sleep 1000; done';
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
