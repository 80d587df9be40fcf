import { execa } from 'execa';
import { parseId, type RunId } from '../../base/ids.js';
import type { CommandEnd, CommandShell } from '../../core/commands/commandShell.js';
import { runIdVariable } from '../../node/runFiles.js';

/** What is kept of a command's output: the end, where failures are told. */
const keptCharacters = 64 * 1024;

/** The port on real processes. `environment` is asked for each command. */
export function createCommandShell(options: {
  readonly environment: () => Promise<Readonly<Partial<Record<string, string>>>>;
  /** Hides what nobody may read before anything is kept. */
  readonly redact: (text: string) => string;
  /** Ends every process that carries this mark. */
  readonly endMarked: (mark: RunId) => Promise<void>;
}): CommandShell {
  const { environment, redact, endMarked } = options;
  return {
    endLeftovers: mark => endMarked(parseId<'run'>(mark)),
    async run({ command, mark, cwd, variables, limitMs }, signal): Promise<CommandEnd> {
      const limit = limitMs === undefined ? [] : [AbortSignal.timeout(limitMs)];
      const ending = AbortSignal.any([...(signal ? [signal] : []), ...limit]);
      const kept = new Tail(keptCharacters);
      const subprocess = execa(command, {
        shell: true,
        cwd,
        // Whoever comes after this host finds by it what it started.
        env: { ...(await environment()), ...variables, [runIdVariable]: mark },
        extendEnv: false,
        stdin: 'ignore',
        all: true,
        buffer: false,
        reject: false,
        // Test runners start servers and workers; all of it ends with the command.
        killDescendants: true,
        cancelSignal: ending,
      });
      subprocess.all.setEncoding('utf8').on('data', (text: string) => kept.add(text));
      const result = await subprocess;
      ending.throwIfAborted();
      const said = kept.text === '' && result.exitCode === undefined ? (result.originalMessage ?? '') : kept.text;
      return {
        ...(result.exitCode === undefined ? {} : { exitCode: result.exitCode }),
        ...(result.signal === undefined ? {} : { signal: result.signal }),
        output: redact(said),
        truncated: kept.truncated,
      };
    },
  };
}

/** The end of a text of any length. */
class Tail {
  text = '';
  truncated = false;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(more: string): void {
    this.text += more;
    if (this.text.length <= this.#limit) return;
    this.text = this.text.slice(-this.#limit);
    this.truncated = true;
  }
}
