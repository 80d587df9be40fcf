/**
 * The arguments of `cmd.exe` that run a batch file (what npm installs on Windows) with exactly these arguments.
 * Node refuses to start batch files itself, because their arguments are parsed twice: first by `cmd.exe`, then by the program.
 */
export function batchCommand(
  argv: readonly string[],
  comspec: string,
): { readonly argv: readonly string[]; readonly verbatim: true } {
  const line = argv.map((argument, index) => escapeForCmd(index === 0 ? `"${argument}"` : quoteArgument(argument)));
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

/** npm's shims hand `%*` to a second `cmd` parse, hence twice. */
function escapeForCmd(text: string): string {
  const once = text.replace(/[()\][%!^"`<>&|;, *?]/g, '^$&');
  return once.replace(/[()\][%!^"`<>&|;, *?]/g, '^$&');
}
