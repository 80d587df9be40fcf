import { AppError } from '../../base/errors.js';
import type { Redactor } from '../../base/redactor.js';
import type { AgentSpec } from '../../compose/projectSpec.js';
import { withoutModelKeys } from '../../core/models/keyVariables.js';
import type { ModelProtocol } from '../../core/models/modelProtocol.js';
import type { ModelStores } from '../../core/models/modelStore.js';
import type { OpenedModels, RunModels } from '../../core/models/runModels.js';
import { usualUpstream, type Upstream } from '../../core/models/upstream.js';
import type { RunSecrets } from '../../core/runs/runSecrets.js';
import type { Store } from '../../core/store.js';
import { ownValue } from '../../base/ownValue.js';
import type { FacadeListener } from './facadeListener.js';
import { makeToken, tokenHash } from './facadeToken.js';
import type { ModelSettings } from './modelSettings.js';
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

/** Gives runs their tokens, and takes their keys. */
export class HostRunModels implements RunModels {
  readonly #store: Store<ModelStores>;
  readonly #listener: FacadeListener;
  readonly #upstreams: RunUpstreams;
  readonly #settings: () => ModelSettings;
  readonly #runSecrets: Pick<RunSecrets, 'keep'>;
  readonly #redactor: Redactor;

  constructor(options: {
    readonly store: Store<ModelStores>;
    readonly listener: FacadeListener;
    readonly upstreams: RunUpstreams;
    readonly settings: () => ModelSettings;
    readonly runSecrets: Pick<RunSecrets, 'keep'>;
    readonly redactor: Redactor;
  }) {
    this.#store = options.store;
    this.#listener = options.listener;
    this.#upstreams = options.upstreams;
    this.#settings = options.settings;
    this.#runSecrets = options.runSecrets;
    this.#redactor = options.redactor;
  }

  async open({ run, agent, guest, environment }: Parameters<RunModels['open']>[0]): Promise<OpenedModels> {
    const { provider } = agent;
    // A guest has no login and no key of its own: the host is its only way to a model.
    const llm = agent.llm ?? (guest.isolated && cliNames.has(provider) ? { models: [] } : undefined);
    const { variables } = environment;
    if (!llm || provider === 'demo') return { variables };
    const upstream = this.#upstream(agent);
    this.#upstreams.remember(run.id, environment.machine);
    // A key that is missing is said before the agent starts, not by its first call.
    if (upstream) await this.#upstreams.target(run.id, upstream);
    else await this.#requireAnyKey(run.id);
    const at = guest.reach(await this.#listener.listen());
    const token = makeToken();
    this.#redactor.add(token);
    this.#runSecrets.keep(run.id, [...environment.secrets, token]);
    this.#store.transact(stores =>
      stores.modelAccess.save({
        run: run.id,
        tokenHash: tokenHash(token),
        models: llm.models,
        ...(llm.upstream === undefined ? {} : { upstream: llm.upstream }),
      }),
    );
    return {
      variables: { ...withoutModelKeys(variables, this.#keysIn(environment.machine)), ...withoutProxy(variables) },
      facade: { url: `http://${at.host}:${at.port}`, token, via: upstream?.name ?? 'facade' },
    };
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

/** Calls of the host stay on this machine, whatever proxy the rest goes through. */
function withoutProxy(variables: Variables): Variables {
  const added = '127.0.0.1,localhost';
  const entries = ['NO_PROXY', 'no_proxy'].map(name => {
    const before = ownValue(variables, name);
    return [name, before === undefined || before === '' ? added : `${before},${added}`];
  });
  return Object.fromEntries(entries);
}
