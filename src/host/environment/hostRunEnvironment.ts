import { delimiter } from 'node:path';
import { ownValue } from '../../base/ownValue.js';
import { AppError } from '../../base/errors.js';
import type { RunId, ThreadId } from '../../base/ids.js';
import { isSecretName, type Redactor } from '../../base/redactor.js';
import { layeredEnv, resolveEntry } from '../../compose/environment.js';
import type { EnvEntry } from '../../compose/projectSpec.js';
import type {
  EnvironmentRequest,
  ResolvedEnvironment,
  RunEnvironment,
  ThreadEnvironmentRequest,
} from '../../core/runs/runEnvironment.js';
import type { HostVariables } from '../../core/access/hostVariable.js';
import type { RunSecrets } from '../../core/runs/runSecrets.js';
import type { ComposeSecrets } from './composeSecrets.js';
import { readProjectEnvFiles } from './envFiles.js';
import type { LoginShell } from './loginShell.js';
import { pathOf, runPath } from './runPath.js';

/** Threads whose client variables are kept; the oldest go first. */
const maxRemembered = 2_000;

/** Names that describe the terminal or editor that something was started from, not the work. */
const neverInherited: ReadonlySet<string> = new Set([
  'MUSTER_HOME',
  'MUSTER_RUN_ID',
  'ELECTRON_RUN_AS_NODE',
  'NODE_OPTIONS',
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
]);

/**
 * Login shell, then the dispatching client, then the variables of the host, then project variables, then the agent's own: the later wins. Only PATH is put together
 * from the client's and the login shell's ({@link runPath}). What secrets refer to is
 * looked for in the first two, then in the env files of the compose file.
 */
export class HostRunEnvironment implements RunEnvironment {
  readonly #stateDir: string;
  readonly #worktreesDir: string;
  readonly #shell: LoginShell;
  readonly #redactor: Redactor;
  readonly #runSecrets: Pick<RunSecrets, 'keep'>;
  readonly #secrets: ComposeSecrets;
  readonly #hostVariables: Pick<HostVariables, 'list'>;
  #lastClientPath = '';
  readonly #clients = new Map<ThreadId, Readonly<Record<string, string>>>();

  constructor(options: {
    readonly stateDir: string;
    /** Where agents work. */
    readonly worktreesDir: string;
    readonly shell: LoginShell;
    readonly redactor: Redactor;
    readonly runSecrets: Pick<RunSecrets, 'keep'>;
    readonly secrets: ComposeSecrets;
    readonly hostVariables: Pick<HostVariables, 'list'>;
  }) {
    this.#stateDir = options.stateDir;
    this.#worktreesDir = options.worktreesDir;
    this.#shell = options.shell;
    this.#redactor = options.redactor;
    this.#runSecrets = options.runSecrets;
    this.#secrets = options.secrets;
    this.#hostVariables = options.hostVariables;
  }

  /** PATH of the client that dispatched last. */
  get lastClientPath(): string {
    return this.#lastClientPath;
  }

  remember(thread: ThreadId, variables: Readonly<Record<string, string>>): void {
    this.#lastClientPath = pathOf(variables) || this.#lastClientPath;
    const merged = { ...this.#clients.get(thread), ...variables };
    this.#clients.delete(thread);
    this.#clients.set(thread, merged);
    const [oldest] = this.#clients.keys();
    if (this.#clients.size > maxRemembered && oldest !== undefined) this.#clients.delete(oldest);
  }

  inherit(from: ThreadId, thread: ThreadId): void {
    const variables = this.#clients.get(from);
    if (variables && from !== thread) this.remember(thread, variables);
  }

  async resolve(request: EnvironmentRequest, signal: AbortSignal): Promise<ResolvedEnvironment> {
    const { own: named, machine, entries, path } = await this.#find(request, signal);
    // A guest has programs and folders of its own: what this machine's are called means nothing there, and is nobody's business.
    const result = request.guest.isolated ? named : machine;
    const secrets = this.#keepSecrets(request.run.id, entries, result);
    if (request.guest.isolated) return { variables: result, searched: [], secrets, machine };
    // An agent that calls `muster` reaches the host that runs it, which knows what agents may not do.
    const variables: Readonly<Record<string, string>> = { ...result, MUSTER_HOME: this.#stateDir };
    const isOwn = variables['PATH'] !== path.value;
    const own = { whose: 'in the compose file', folders: pathOf(variables).split(delimiter) };
    return { variables, searched: isOwn ? [own] : path.sources, secrets, machine };
  }

  /** What {@link resolve} would find now, for the host's own use. Errors: the same. */
  async look(
    request: Omit<EnvironmentRequest, 'guest'>,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, string>>> {
    return (await this.#find(request, signal)).machine;
  }

  async ofThread(
    { project, agent: name, thread, isolated }: ThreadEnvironmentRequest,
    signal: AbortSignal,
  ): Promise<Pick<ResolvedEnvironment, 'variables' | 'searched'>> {
    const agent = project.spec.agents.find(candidate => candidate.name === name);
    const request = { project, agent, run: { threadId: thread.id } };
    const { own, machine, entries, path } = await this.#find(request, signal);
    for (const value of secretsAmong(entries, machine)) this.#redactor.add(value);
    if (isolated) return { variables: own, searched: [] };
    return { variables: { ...machine, MUSTER_HOME: this.#stateDir }, searched: path.sources };
  }

  async #find({ project, agent, run }: Layers, signal: AbortSignal) {
    const shell = await this.#shell.environment();
    signal.throwIfAborted();
    const client = this.#clients.get(run.threadId) ?? {};
    const { trouble } = this.#shell;
    const path = runPath({ client: pathOf(client), shell: pathOf(shell), trouble, foreign: [this.#worktreesDir] });
    const base: Record<string, string> = { ...shell, ...client };
    for (const name of Object.keys(base)) if (name.toUpperCase() === 'PATH') delete base[name];
    base['PATH'] = path.value;
    for (const name of neverInherited) delete base[name];
    const spec = await this.#secrets.unseal(project.spec, project.file);
    const provider = spec.providers.find(candidate => candidate.name === run.provider);
    const present = spec.agents.find(candidate => candidate.name === agent?.name);
    const entries = [...spec.variables, ...(provider?.env ?? []), ...((present ?? agent)?.env ?? [])];
    const ofHost = this.#hostVariables.list();
    const lookUp = (name: string): string | undefined =>
      ownValue(base, name) ?? ofHost.find(each => each.name === name)?.value;
    const files = entries.some(entry => entry.secret)
      ? await readProjectEnvFiles(project.file, lookUp)
      : { values: [], problems: [] };
    const named = resolveEntries(entries, {
      lookUp: layeredEnv(files.values, lookUp),
      agent: agent?.name ?? project.name,
      problems: files.problems,
    });
    const own: Readonly<Record<string, string>> = {
      ...Object.fromEntries(ofHost.map(({ name, value }) => [name, value])),
      ...named,
    };
    const machine: Readonly<Record<string, string>> = { ...base, ...own };
    return { own, machine, entries: [...ofHost, ...entries], path };
  }

  /** For the host's own log in memory, for all that the run says as digests. */
  #keepSecrets(
    run: RunId,
    entries: readonly Declared[],
    environment: Readonly<Record<string, string>>,
  ): readonly string[] {
    const values = secretsAmong(entries, environment);
    for (const value of values) this.#redactor.add(value);
    this.#runSecrets.keep(run, values);
    return values;
  }
}

/** What an environment is put together from; an agent that the compose file no longer has adds nothing. */
interface Layers {
  readonly project: EnvironmentRequest['project'];
  readonly agent: EnvironmentRequest['agent'] | undefined;
  readonly run: { readonly threadId: ThreadId; readonly provider?: string };
}

type Declared = Pick<EnvEntry, 'name'> & { readonly secret: boolean };

/** Values that are declared as secret, or that have the name of one. */
function secretsAmong(entries: readonly Declared[], environment: Readonly<Record<string, string>>): readonly string[] {
  const declared = new Set(entries.filter(entry => entry.secret).map(entry => entry.name));
  return Object.entries(environment)
    .filter(([name]) => declared.has(name) || isSecretName(name))
    .map(([, value]) => value);
}

function resolveEntries(
  entries: readonly EnvEntry[],
  {
    lookUp,
    agent,
    problems,
  }: {
    readonly lookUp: (name: string) => string | undefined;
    readonly agent: string;
    /** Of env files, which may be why something is missing. */
    readonly problems: readonly string[];
  },
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const entry of entries) {
    if (!entry.secret) {
      result[entry.name] = entry.value;
      continue;
    }
    const missing: string[] = [];
    const value = resolveEntry(entry, name => {
      const found = lookUp(name);
      if (found === undefined) missing.push(name);
      return found;
    });
    if (missing.length > 0) {
      throw new AppError(
        'request.invalid',
        `Agent ${agent} needs the secret ${missing.join(', ')} (for ${entry.name}), and neither your login shell, the client that dispatched it nor an env file of the project has it. ${problems.length === 0 ? 'Export it' : `Export it, or mend ${problems.join('; ')}`} and follow up.`,
        { field: `env.${entry.name}`, reason: `${missing.join(', ')} is not set` },
      );
    }
    result[entry.name] = value;
  }
  return result;
}
