import { base64 } from './base64.js';

/** A command as one script for `sh`. */
export interface ScriptedCommand {
  readonly env: Readonly<Record<string, string>>;
  /** Where it runs, from where the script starts. */
  readonly cwd?: string | undefined;
  /** A script, or the words of a command, which stay those words whatever is in them. */
  readonly body: string | readonly string[];
}

/** Throws for what is no name of a variable. */
export function shellScript({ env, cwd, body }: ScriptedCommand): string {
  const variables = Object.entries(env).map(([name, value]) => {
    if (!/^[A-Za-z_]\w*$/.test(name)) throw new Error(`${JSON.stringify(name)} is no name of a variable.`);
    return `export ${name}=${quoted(value)}`;
  });
  const change = cwd === undefined || cwd === '' ? [] : [`cd -- ${quoted(cwd)} || exit 1`];
  const command = typeof body === 'string' ? body : `exec ${body.map(quoted).join(' ')}`;
  return [...variables, ...change, command].join('\n');
}

/** A script that has these bytes as its standard input. */
export function scriptReading(input: Uint8Array, script: string): string {
  return `base64 -d <<'end of input' | (\n${base64(input)}\nend of input\n${script}\n)`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
