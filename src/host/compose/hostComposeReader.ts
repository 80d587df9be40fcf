import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ownValue } from '../../base/ownValue.js';
import { defined } from '../../base/defined.js';
import { AppError, errorMessage, isAppError } from '../../base/errors.js';
import { layeredEnv } from '../../compose/environment.js';
import { specHash } from '../../compose/output/specHash.js';
import { parseCompose } from '../../compose/parseCompose.js';
import type { ComposeReader, ComposeText, ParsedCompose, ReadOptions } from '../../core/projects/applyProject.js';
import type { ScriptEngine } from '../../core/scripts/scriptEngine.js';
import type { GitCommand } from '../../drivers/git/command/gitCommand.js';
import { registerScripts } from '../schedules/registerScripts.js';
import { ScriptFetcher } from '../schedules/scriptFetcher.js';
import type { ComposeSecrets } from '../environment/composeSecrets.js';
import { decodeComposeFile } from '../environment/decodeComposeFile.js';
import { readEnvFiles } from '../environment/envFiles.js';
import type { LoginShell } from '../environment/loginShell.js';

/** A compose file is written by people: ten megabytes are a mistake. */
const maxComposeBytes = 10_000_000;

/** Compose files on this machine's disk; variables come from the client, then the login shell, then the env files. */
export class HostComposeReader implements ComposeReader {
  readonly #shell: Pick<LoginShell, 'environment'>;
  readonly #secrets: ComposeSecrets;
  readonly #secretDigest: (secret: string) => string;
  readonly #scripts: ScriptEngine;
  readonly #git: Pick<GitCommand, 'run'>;
  readonly #scratch: string;

  constructor(options: {
    readonly shell: Pick<LoginShell, 'environment'>;
    readonly secrets: ComposeSecrets;
    /** Digest with a key of this machine. */
    readonly secretDigest: (secret: string) => string;
    readonly scripts: ScriptEngine;
    readonly git: Pick<GitCommand, 'run'>;
    /** A private place for what is there only for moments. */
    readonly scratch: string;
  }) {
    this.#shell = options.shell;
    this.#secrets = options.secrets;
    this.#secretDigest = options.secretDigest;
    this.#scripts = options.scripts;
    this.#git = options.git;
    this.#scratch = options.scratch;
  }

  async read(path: string): Promise<ComposeText> {
    const file = await canonicalPath(path);
    try {
      const { size } = await stat(file);
      if (size > maxComposeBytes) throw new Error(`it has ${size} bytes; at most ${maxComposeBytes} are read`);
      return { file, folder: dirname(file), text: await decodeComposeFile(file) };
    } catch (error) {
      if (isAppError(error, 'compose.invalid')) throw error;
      const reason = errorMessage(error);
      throw new AppError(
        'compose.unreadable',
        `Cannot read the compose file ${file}: ${reason}.`,
        { file, reason },
        { cause: error },
      );
    }
  }

  async parse(
    { file, folder, text }: ComposeText,
    { environment, projectName, chooseSource }: ReadOptions,
  ): Promise<ParsedCompose> {
    const login = await this.#shell.environment();
    const lookUp = (name: string): string | undefined => ownValue(environment, name) ?? ownValue(login, name);
    const env = layeredEnv(await readEnvFiles(file, text, lookUp), lookUp);
    const options = { file, directoryName: basename(folder), env, ...defined({ projectName }) };
    const { spec, diagnostics } = parseCompose(text, options);
    const problems = diagnostics.map(({ message, severity }) => ({ message, isError: severity === 'error' }));
    if (!spec) return { problems };
    // Ends by itself: the engine has a deadline.
    const { signal } = new AbortController();
    const fetcher = new ScriptFetcher({ git: this.#git, folder, scratch: this.#scratch, lookUp });
    const compose = { file, folder, text };
    const scripted = await registerScripts(spec, { engine: this.#scripts, compose, chooseSource, fetcher, signal });
    const all = [...problems, ...scripted.problems];
    if (all.some(({ isError }) => isError)) return { problems: all };
    const hash = specHash(scripted.spec, { sha256, secretDigest: this.#secretDigest });
    return { problems: all, result: { spec: this.#secrets.seal(scripted.spec), specHash: hash } };
  }
}

/** Two paths to one file are one project: links in the folder's path are resolved, the file's own name stays. */
export async function canonicalPath(file: string): Promise<string> {
  const folder = await realpath(dirname(file)).catch(() => dirname(file));
  return join(folder, basename(file));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
