import type { KeyObject } from 'node:crypto';
import { AppError } from '../../base/errors.js';
import type { RunId } from '../../base/ids.js';
import type { Redactor } from '../../base/redactor.js';
import type { AgentSpec } from '../../compose/projectSpec.js';
import { withoutModelKeys } from '../../core/models/keyVariables.js';
import type { ModelAccess } from '../../core/models/modelAccess.js';
import type { ModelGate } from '../../core/models/modelGate.js';
import type { ModelProtocol } from '../../core/models/modelProtocol.js';
import type { ModelStores } from '../../core/models/modelStore.js';
import type { OpenedModels, RunModels } from '../../core/models/runModels.js';
import { usualUpstream, type Upstream } from '../../core/models/upstream.js';
import type { ResolvedEnvironment } from '../../core/runs/runEnvironment.js';
import type { RunSecrets } from '../../core/runs/runSecrets.js';
import type { GuestFacade } from '../../core/sandboxes/sandboxDriver.js';
import type { Store } from '../../core/store.js';
import { ownValue } from '../../base/ownValue.js';
import { runTokenClaims } from './runTokenClaims.js';
import type { FacadeListener } from './facadeListener.js';
import { makeToken, tokenHash } from './facadeToken.js';
import type { FarUsage } from './farUsage.js';
import type { ModelSettings } from './modelSettings.js';
import { signedToken } from './signedToken.js';
import type { RunUpstreams } from './runUpstreams.js';

type Variables = Readonly<Record<string, string>>;

/** What the CLIs speak whose protocol does not depend on their model. */
const spoken: ReadonlyMap<string, ModelProtocol> = new Map([
  ['claude', 'messages'],
  ['codex', 'responses'],
  ['gemini', 'gemini'],
]);

/** Providers whose CLIs are told where the host is. */
const cliNames: ReadonlySet<string> = new Set(['claude', 'codex', 'gemini', 'opencode']);

/** What tokens of facades elsewhere are made of. */
export interface FarTokens {
  readonly key: () => KeyObject;
  readonly gate: Pick<ModelGate, 'capsOf'>;
  readonly usage: Pick<FarUsage, 'begin' | 'lastCalls'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Gives runs their tokens, and takes their keys. */
export class HostRunModels implements RunModels {
  readonly #store: Store<ModelStores>;
  readonly #listener: FacadeListener;
  readonly #upstreams: RunUpstreams;
  readonly #settings: () => ModelSettings;
  readonly #runSecrets: Pick<RunSecrets, 'keep'>;
  readonly #redactor: Redactor;
  readonly #far: FarTokens;

  constructor(options: {
    readonly store: Store<ModelStores>;
    readonly listener: FacadeListener;
    readonly upstreams: RunUpstreams;
    readonly settings: () => ModelSettings;
    readonly runSecrets: Pick<RunSecrets, 'keep'>;
    readonly redactor: Redactor;
    readonly far: FarTokens;
  }) {
    this.#store = options.store;
    this.#listener = options.listener;
    this.#upstreams = options.upstreams;
    this.#settings = options.settings;
    this.#runSecrets = options.runSecrets;
    this.#redactor = options.redactor;
    this.#far = options.far;
  }

  lastCalls(run: RunId): Promise<void> | undefined {
    return this.#far.usage.lastCalls(run);
  }

  async open(opening: Parameters<RunModels['open']>[0]): Promise<OpenedModels> {
    const { run, agent, guest, environment } = opening;
    const { provider } = agent;
    // A guest has no login and no key of its own: the host is its only way to a model.
    const llm = agent.llm ?? (guest.isolated && cliNames.has(provider) ? { models: [] } : undefined);
    const { variables } = environment;
    if (!llm || provider === 'demo') return { variables };
    if (guest.facade) return this.#openFar(opening, { facade: guest.facade, llm });
    const upstream = this.#upstream(agent);
    this.#upstreams.remember(run.id, environment.machine);
    // A key that is missing is said before the agent starts, not by its first call.
    if (upstream) await this.#upstreams.target(run.id, upstream);
    else await this.#requireAnyKey(run.id);
    const at = guest.reach(await this.#listener.listen());
    const token = makeToken();
    this.#keep(opening, token, { models: llm.models, upstream: llm.upstream, tokenHash: tokenHash(token) });
    return {
      variables: this.#cleaned(environment, ['127.0.0.1', 'localhost']),
      facade: { url: `http://${at.host}:${at.port}`, token, via: upstream?.name ?? 'facade' },
    };
  }

  /** Keys are where the facade is; what this machine has of them is nobody's business there. */
  #openFar(
    opening: Parameters<RunModels['open']>[0],
    { facade, llm }: { readonly facade: GuestFacade; readonly llm: NonNullable<AgentSpec['llm']> },
  ): OpenedModels {
    const { run, environment } = opening;
    const { key, gate, usage, now } = this.#far;
    const claims = runTokenClaims(opening, {
      facade: facade.place.facade,
      key: key(),
      llm,
      caps: gate.capsOf(run.id),
      now: now(),
    });
    const token = signedToken(claims, key());
    const far = { place: facade.place, expiresAt: claims.expires };
    this.#keep(opening, token, { models: llm.models, upstream: llm.upstream, far });
    usage.begin();
    return {
      variables: this.#cleaned(environment, [facade.host]),
      facade: { url: `http://${facade.host}:${facade.port}`, token, via: llm.upstream ?? 'facade' },
    };
  }

  #keep({ run, environment }: Parameters<RunModels['open']>[0], token: string, access: Omit<ModelAccess, 'run'>): void {
    this.#redactor.add(token);
    this.#runSecrets.keep(run.id, [...environment.secrets, token]);
    this.#store.transact(stores => stores.modelAccess.save({ run: run.id, ...access }));
  }

  /** Without keys of models, and with a way to the facade past every proxy. */
  #cleaned({ variables, machine }: ResolvedEnvironment, hosts: readonly string[]): Variables {
    return { ...withoutModelKeys(variables, this.#keysIn(machine)), ...withoutProxy(variables, hosts) };
  }

  /** A command of the file's own may call any upstream: one of them has to have a key. */
  async #requireAnyKey(run: Parameters<RunUpstreams['target']>[0]): Promise<void> {
    let missing: unknown;
    for (const upstream of this.#settings().upstreams) {
      try {
        await this.#upstreams.target(run, upstream);
        return;
      } catch (error) {
        missing ??= error;
      }
    }
    if (missing !== undefined) throw missing;
  }

  /** The one that the agent's calls go to, as far as that is known before its first. */
  #upstream({ name: agent, llm, provider }: AgentSpec): Upstream | undefined {
    const { upstreams } = this.#settings();
    const wanted = llm?.upstream;
    if (wanted !== undefined) {
      const found = upstreams.find(({ name }) => name === wanted);
      if (found) return found;
      const known = upstreams.map(({ name }) => name);
      throw new AppError(
        'model.upstreamUnknown',
        `Agent ${agent} wants its models from ${wanted}, which this machine does not know (it knows ${known.join(', ')}). Add it to models.json or correct llm.upstream.`,
        { upstream: wanted, known },
      );
    }
    const protocol = spoken.get(provider);
    return protocol && usualUpstream(upstreams, protocol);
  }

  #keysIn(variables: Variables): readonly string[] {
    const names = this.#settings().upstreams.flatMap(({ keyNames }) => keyNames);
    return names.map(name => ownValue(variables, name)).filter(value => value !== undefined);
  }
}

/** Calls of the host stay on this machine, and those of a cluster's facade in it, whatever proxy the rest goes through. */
function withoutProxy(variables: Variables, hosts: readonly string[]): Variables {
  const added = hosts.join(',');
  const entries = ['NO_PROXY', 'no_proxy'].map(name => {
    const before = ownValue(variables, name);
    return [name, before === undefined || before === '' ? added : `${before},${added}`];
  });
  return Object.fromEntries(entries);
}
