import { AppError } from '../../base/errors.js';
import type { RunId } from '../../base/ids.js';
import { ownValue } from '../../base/ownValue.js';
import type { Upstream } from '../../core/models/upstream.js';
import type { ModelSettings } from './modelSettings.js';
import type { UpstreamKey, UpstreamKeys } from './upstreamKeys.js';

type Variables = Readonly<Record<string, string>>;

/** Runs whose variables are kept. Of older ones they are looked for again. */
const maxRemembered = 500;

/** Where a call goes, and with which key. */
export interface UpstreamTarget {
  /** Base address, without a slash at the end. */
  readonly base: string;
  readonly key: UpstreamKey;
}

/** The upstreams as one run would have reached them by itself: addresses and keys of its own environment. */
export class RunUpstreams {
  readonly #settings: () => ModelSettings;
  readonly #keys: UpstreamKeys;
  readonly #look: (run: RunId) => Promise<Variables>;
  readonly #known = new Map<RunId, Promise<Variables>>();

  constructor(options: {
    readonly settings: () => ModelSettings;
    readonly keys: UpstreamKeys;
    /** The environment of a run that an earlier host prepared. */
    readonly look: (run: RunId) => Promise<Variables>;
  }) {
    this.#settings = options.settings;
    this.#keys = options.keys;
    this.#look = options.look;
  }

  /** Keeps what upstreams need of a run's environment, before it is taken out of it. In memory only. */
  remember(run: RunId, variables: Variables): void {
    const names = this.#settings().upstreams.flatMap(({ keyNames, endpointNames }) => [...keyNames, ...endpointNames]);
    const needed = names.flatMap(name => {
      const value = ownValue(variables, name);
      return value === undefined ? [] : [[name, value] as const];
    });
    this.#keep(run, Promise.resolve(Object.fromEntries(needed)));
  }

  forget(run: RunId): void {
    this.#known.delete(run);
  }

  /** Errors: `model.keyMissing`, `model.settings`; those of the run's environment. */
  async target(run: RunId, upstream: Upstream): Promise<UpstreamTarget> {
    let known = this.#known.get(run);
    if (!known) {
      known = this.#look(run);
      this.#keep(run, known);
      known.catch(() => this.#known.delete(run));
    }
    const variables = await known;
    return {
      base: upstreamBase(upstream, variables, this.#settings()),
      key: await this.#keys.keyOf(upstream, variables),
    };
  }

  #keep(run: RunId, variables: Promise<Variables>): void {
    this.#known.set(run, variables);
    const [oldest] = this.#known.keys();
    if (this.#known.size > maxRemembered && oldest !== undefined) this.#known.delete(oldest);
  }
}

/** Base address of an upstream, which the environment may move. Errors: `model.settings`. */
export function upstreamBase(
  upstream: Upstream,
  variables: Variables,
  { fixedEndpoints }: Pick<ModelSettings, 'fixedEndpoints'>,
): string {
  const name = upstream.endpointNames.find(candidate => ownValue(variables, candidate));
  const isFixed = name === undefined || fixedEndpoints.has(upstream.name);
  const endpoint = (isFixed ? undefined : ownValue(variables, name)) ?? upstream.endpoint;
  const url = URL.parse(endpoint);
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '' || url.hash !== '') {
    const problem = `The address of ${upstream.name} is no plain http(s) address${isFixed ? '' : ` (${name})`}`;
    throw new AppError('model.settings', `${problem}.`, { file: name ?? 'models.json', problem });
  }
  return endpoint.replace(/\/+$/, '');
}
