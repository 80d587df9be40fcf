import type { ProjectId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Project } from '../projects/project.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { Store } from '../store.js';
import { declaredTriggers, type DeclaredTrigger, type TriggerKey } from './trigger.js';

/** A trigger as the applied file declares it, with its project. */
export interface AppliedTrigger {
  readonly project: Project;
  readonly trigger: DeclaredTrigger;
}

/** What applied files declare, kept between two fires and read again after an apply: a file may have thousands. */
export class AppliedTriggers implements Disposable {
  readonly #store: Store<ProjectStores>;
  readonly #subscription: Disposable;
  readonly #known = new Map<ProjectId, ReadonlyMap<string, AppliedTrigger>>();

  constructor({ store }: { readonly store: Store<ProjectStores> }) {
    this.#store = store;
    this.#subscription = store.onDidCommit(events => {
      for (const { event } of events) if (event.kind === 'project_changed') this.#known.delete(event.projectId);
    });
  }

  dispose(): void {
    void this.#subscription.dispose();
  }

  find({ projectId, agent, name }: TriggerKey): AppliedTrigger | undefined {
    let known = this.#known.get(projectId);
    if (!known) {
      const project = this.#store.read(stores => stores.projects.get(projectId));
      const found = project ? declaredTriggers(project).map(trigger => ({ project, trigger })) : [];
      known = new Map(found.map(each => [nameOf(each.trigger), each]));
      this.#known.set(projectId, known);
    }
    return known.get(nameOf({ agent, name }));
  }
}

function nameOf({ agent, name }: Pick<TriggerKey, 'agent' | 'name'>): string {
  return JSON.stringify([agent, name]);
}
