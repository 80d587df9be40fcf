import type { Disposable } from '../../base/lifecycle.js';
import type { DriverSpec } from '../../compose/projectSpec.js';
import type { FarFacades, FarPlace } from '../../core/models/farFacade.js';
import type { CapacityLook, PlaceCapacity } from '../../core/sandboxes/placeCapacity.js';
import type { CheckedPlace, PlaceCheck, PlaceWatching } from '../../core/sandboxes/placeCheck.js';
import type { SandboxDriver, SandboxRef } from '../../core/sandboxes/sandboxDriver.js';
import type { KubernetesOptions, KubernetesSandboxes } from '../../drivers/kubernetes/createKubernetesSandbox.js';
import type { ClusterSources } from '../../drivers/kubernetes/clusterSources.js';
import type { LoginShell } from '../environment/loginShell.js';
import { SandboxOnDemand } from './sandboxOnDemand.js';

/** Pods, whose client is loaded when something is first in one. Which cluster is meant each sandbox says itself. */
export class KubernetesOnDemand extends SandboxOnDemand implements PlaceCheck, CapacityLook, FarFacades, Disposable {
  readonly #options: KubernetesOptions;
  readonly #shell: LoginShell;
  #loaded: Promise<KubernetesSandboxes> | undefined;

  constructor(options: KubernetesOptions & { readonly shell: LoginShell }) {
    super();
    this.#options = options;
    this.#shell = options.shell;
  }

  async dispose(): Promise<void> {
    // One that could not be loaded has nothing to give back.
    await (await this.#loaded?.catch(() => undefined))?.dispose();
  }

  /** Without what looks after runs there: it needs the rights that are asked about. */
  async check(place: CheckedPlace, watching: PlaceWatching): Promise<void> {
    const { sandboxes, sources } = await this.#place(place.spec.driver);
    await sandboxes.check(sources, place, watching);
  }

  async capacityOf(driver: DriverSpec): Promise<PlaceCapacity> {
    const { sandboxes, sources } = await this.#place(driver);
    return await sandboxes.capacityOf(sources, driver.name === 'kubernetes' ? driver : { name: 'kubernetes' });
  }

  async ask({ facade, ...cluster }: FarPlace, word: string): Promise<readonly string[]> {
    const { sandboxes, sources } = await this.#place({ name: 'kubernetes', ...cluster });
    return await sandboxes.ask(sources, facade, word);
  }

  protected override async on({ driver }: SandboxRef): Promise<SandboxDriver> {
    const { sandboxes, sources } = await this.#place(driver);
    return await sandboxes.on(sources);
  }

  async #place(
    driver: DriverSpec,
  ): Promise<{ readonly sandboxes: KubernetesSandboxes; readonly sources: ClusterSources }> {
    this.#loaded ??= import('../../drivers/kubernetes/createKubernetesSandbox.js').then(
      ({ KubernetesSandboxes: Sandboxes }) => new Sandboxes(this.#options),
    );
    const [sandboxes, environment] = await Promise.all([this.#loaded, this.#shell.environment()]);
    const { context, namespace } = driver.name === 'kubernetes' ? driver : {};
    return { sandboxes, sources: { context, namespace, environment } };
  }
}
