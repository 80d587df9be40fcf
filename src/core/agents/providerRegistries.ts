import type { ProjectSpec } from '../../compose/projectSpec.js';
import type { Provider } from './provider.js';
import { createProviderRegistry, type ProviderRegistry } from './providerRegistry.js';

/** The providers of each project: the built-in ones and those that its compose file defines. */
export class ProviderRegistries {
  readonly #bySpec = new WeakMap<ProjectSpec, ProviderRegistry>();
  readonly #wrap: (provider: Provider) => Provider;

  /** `wrap` is put around every provider. */
  constructor(wrap: (provider: Provider) => Provider = provider => provider) {
    this.#wrap = wrap;
  }

  of(spec: ProjectSpec): ProviderRegistry {
    let registry = this.#bySpec.get(spec);
    if (!registry) {
      const inner = createProviderRegistry(new Map(spec.providers.map(provider => [provider.name, provider])));
      registry = { names: () => inner.names(), get: name => this.#wrap(inner.get(name)) };
      this.#bySpec.set(spec, registry);
    }
    return registry;
  }
}
