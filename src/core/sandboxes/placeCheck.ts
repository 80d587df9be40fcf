import { AppError } from '../../base/errors.js';
import type { IdSource } from '../../base/ids.js';
import type { DriverSpec, ProjectSpec } from '../../compose/projectSpec.js';
import type { ProviderRegistries } from '../agents/providerRegistries.js';
import { agentImage } from '../images/agentImage.js';
import type { Project } from '../projects/project.js';
import { requireConsent } from '../projects/consent.js';
import { reachedHosts } from './allowList.js';
import type { SandboxSpec } from './sandboxDriver.js';
import { mountsOf } from './sandboxMounts.js';

/** `unknown`: what was tried tells nothing, for want of a right or of a program. */
export type FindingStatus = 'ok' | 'warn' | 'fail' | 'unknown';

/** One thing that was looked at before anything is dispatched. */
export interface PlaceFinding {
  readonly name: string;
  readonly status: FindingStatus;
  readonly tried: string;
  readonly found: string;
  /** What to do; empty where nothing is to be done. */
  readonly advice: string;
  /** It was missing, and was made. */
  readonly fixed: boolean;
}

/** What the runs of an agent need of the place where they execute. */
export interface CheckedPlace {
  /** As that of a run, of a thread and with a workspace that are not there. */
  readonly spec: SandboxSpec;
  /** What its provider starts. */
  readonly command: string;
}

export interface PlaceWatching {
  /** Whether what is missing, and harmless, is made. */
  readonly fix: boolean;
  readonly onFinding: (finding: PlaceFinding) => void;
  readonly signal: AbortSignal;
}

/** Port: a place that can say what it lacks. */
export interface PlaceCheck {
  /** Tells one finding after the other; what does not answer is one. Errors: the signal's reason. */
  check(place: CheckedPlace, watching: PlaceWatching): Promise<void>;
}

interface PlaceCheckerOptions {
  readonly places: Partial<Readonly<Record<DriverSpec['name'], PlaceCheck>>>;
  readonly providers: ProviderRegistries;
  readonly ids: IdSource;
  readonly stateDir: string;
}

/** Looks whether agents could work where their file has them work. */
export class PlaceChecker {
  readonly #options: PlaceCheckerOptions;

  constructor(options: PlaceCheckerOptions) {
    this.#options = options;
  }

  /** Errors: `agent.unknown`; those of consent; `request.invalid` for one whose place nothing can be asked of; the signal's reason. */
  async check(project: Project, name: string, watching: PlaceWatching): Promise<void> {
    const { places, ids } = this.#options;
    const agent = project.spec.agents.find(each => each.name === name);
    if (!agent) {
      const known = project.spec.agents.map(each => each.name);
      throw new AppError('agent.unknown', `There is no agent ${name} in ${project.file}.`, { agent: name, known });
    }
    requireConsent(project);
    const place = places[agent.driver.name];
    if (!place)
      throw new AppError('request.invalid', `Agent ${name} runs in no cluster.`, {
        field: `agents.${name}.driver`,
        reason: 'no cluster',
      });
    const spec: SandboxSpec = {
      id: ids.next(),
      driver: agent.driver,
      thread: ids.next(),
      agent: agent.name,
      image: agentImage(agent, project),
      resources: agent.resources,
      network: reachedHosts(agent.sandbox.network),
      mounts: mountsOf(agent, project, this.#options),
      workspace: { folder: '' },
    };
    await place.check({ spec, command: this.#commandOf(project.spec, agent.provider) }, watching);
  }

  #commandOf(spec: ProjectSpec, provider: string): string {
    const request = { prompt: '', permissions: 'auto', args: [], runDir: '/', asRoot: false } as const;
    return this.#options.providers.of(spec).get(provider).command(request).argv[0] ?? '';
  }
}
