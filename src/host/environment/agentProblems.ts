import { isAnyAppError } from '../../base/errors.js';
import type { AgentSpec, ProjectSpec } from '../../compose/projectSpec.js';
import type { Provider } from '../../core/agents/provider.js';
import type { ProviderRegistries } from '../../core/agents/providerRegistries.js';
import { permissionsOf, requireDriver, saysPermissions } from '../../core/projects/project.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import { findCommand } from '../../drivers/process/findCommand.js';
import type { LoginShell } from './loginShell.js';
import { pathOf } from './runPath.js';

/** How long a look at the PATH is good for: a CLI that was just installed shows within this time. */
const lookAgainAfterMs = 60_000;

interface Look {
  readonly at: number;
  readonly missing: boolean;
}

/** What would keep an agent's runs from starting, told before anybody dispatches. Looks at files only, and only when asked. */
export class AgentProblems {
  readonly #shell: Pick<LoginShell, 'known' | 'trouble'>;
  readonly #providers: ProviderRegistries;
  readonly #clientPath: () => string;
  readonly #now: () => number;
  readonly #looks = new Map<string, Look>();
  /** What {@link tellChanges} saw last, by project. */
  #told = new Map<string, string>();

  /** `now`: milliseconds of a clock that never jumps. */
  constructor(options: {
    readonly shell: Pick<LoginShell, 'known' | 'trouble'>;
    readonly providers: ProviderRegistries;
    /** PATH of whoever dispatched last: what is found there has been found once. */
    readonly clientPath: () => string;
    readonly now: () => number;
  }) {
    this.#shell = options.shell;
    this.#providers = options.providers;
    this.#clientPath = options.clientPath;
    this.#now = options.now;
  }

  /** One or two sentences that name the fix; empty when nothing is known to be wrong. */
  of(spec: ProjectSpec, agent: AgentSpec): string {
    try {
      requireDriver(agent);
      // What is in an image is seen when a run is about to start in it.
      if (agent.driver.name !== 'process') return '';
      return this.#missingCommand(spec, agent, this.#providers.of(spec).get(agent.provider));
    } catch (error) {
      if (isAnyAppError(error)) return error.message;
      throw error;
    }
  }

  /** The mode that its runs will have: what is usual does not hold where a program that it needs is missing. */
  permissions(spec: ProjectSpec, agent: AgentSpec): 'confined' | 'ask' | 'auto' {
    const wanted = permissionsOf(spec, agent.name);
    const env = this.#shell.known;
    if (wanted !== 'ask' || agent.driver.name !== 'process' || !env) return wanted;
    if (saysPermissions(spec, agent.name) || setsPath(spec, agent)) return wanted;
    const { asksWith } = this.#providers.of(spec).get(agent.provider);
    return asksWith !== undefined && this.#isMissing(asksWith, env) ? 'confined' : wanted;
  }

  /** Looks again, and puts the projects whose agents' problems changed into the feed. Called when the environment is new. */
  tellChanges(store: Store<Stores>, now: number): void {
    this.#looks.clear();
    const projects = store.read(stores => stores.projects.list());
    const seen = new Map(
      projects.map(({ id, spec }) => [id, spec.agents.map(agent => this.of(spec, agent)).join('\n')] as const),
    );
    // Before the first look, clients were told of no problem.
    const changed = [...seen].filter(([id, text]) => text.trim() !== (this.#told.get(id) ?? '').trim());
    this.#told = new Map(seen);
    if (changed.length === 0) return;
    store.transact(stores => {
      for (const [projectId] of changed) stores.events.append({ kind: 'project_changed', projectId }, now);
    });
  }

  #missingCommand(spec: ProjectSpec, agent: AgentSpec, provider: Provider): string {
    const env = this.#shell.known;
    if (provider.builtIn || !env || setsPath(spec, agent)) return '';
    const permissions = this.permissions(spec, agent);
    const { argv, install = provider.fix.install } = provider.command({ ...plainRequest, permissions });
    const [command = ''] = argv;
    // A path that starts in the worktree cannot be looked at before there is one.
    if (!isLookedUp(command) || !this.#isMissing(command, env)) return '';
    const { trouble } = this.#shell;
    const where = trouble === undefined ? 'of your login shell' : `that every system has: your login shell ${trouble}`;
    return `The command "${command}" was not found on the PATH ${where}; a terminal that has it can dispatch all the same. ${install}`;
  }

  #isMissing(command: string, env: Readonly<Record<string, string>>): boolean {
    const at = this.#now();
    const before = this.#looks.get(command);
    if (before && at - before.at < lookAgainAfterMs) return before.missing;
    const paths = [pathOf(env), this.#clientPath()];
    const missing = paths.every(path => findCommand(command, { env: { ...env, PATH: path }, cwd: '/' }) === undefined);
    this.#looks.set(command, { at, missing });
    return missing;
  }
}

/** Enough to learn which program a provider starts. */
const plainRequest = { prompt: '', args: [], runDir: '/', asRoot: false } as const;

function isLookedUp(command: string): boolean {
  return command.startsWith('/') || !/[/\\]/.test(command);
}

/** Then the agent's own PATH decides, and its value may be a secret that is not known yet. */
function setsPath(spec: ProjectSpec, agent: AgentSpec): boolean {
  const provider = spec.providers.find(candidate => candidate.name === agent.provider);
  return [...spec.variables, ...(provider?.env ?? []), ...agent.env].some(entry => entry.name === 'PATH');
}
