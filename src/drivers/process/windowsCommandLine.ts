/**
 * The arguments of `cmd.exe` that run a batch file (what npm installs on Windows) with exactly these arguments.
 * Node refuses to start batch files itself, because `cmd.exe` interprets their arguments before the program does.
 */
export function batchCommand(
  argv: readonly string[],
  comspec: string,
): { readonly argv: readonly string[]; readonly verbatim: true } {
  const [file = '', ...rest] = argv;
  // The batch file hands its arguments (`%*`) to a second parse by cmd.exe, but not its own name.
  const line = [
    escapeForCmd(`"${file}"`),
    ...rest.map(argument => escapeForCmd(escapeForCmd(quoteArgument(argument)))),
  ];
  return { argv: [comspec, '/d', '/s', '/c', `"${line.join(' ')}"`], verbatim: true };
}

/** True for a file that only `cmd.exe` can run. */
export function isBatchFile(path: string): boolean {
  return /\.(?:bat|cmd)$/i.test(path);
}

/** Quotes for the C runtime's parser: backslashes count only in front of a quote. */
function quoteArgument(argument: string): string {
  const escaped = argument.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1');
  return `"${escaped}"`;
}

/** Leaves nothing for one parse by `cmd.exe` to interpret. */
function escapeForCmd(text: string): string {
  return text.replace(/[()\][%!^"`<>&|;, *?]/g, '^$&');
}
