import type { Clock } from '../../base/clock.js';
import { AppError } from '../../base/errors.js';
import type { IdSource } from '../../base/ids.js';
import type { AgentSpec, ProjectSpec } from '../../compose/projectSpec.js';
import type { Store, Stores } from '../store.js';
import { consentKey, consentReasons, isConsented, type Project } from './project.js';

export interface ProjectChange {
  readonly action: 'created' | 'updated' | 'removed' | 'unchanged';
  readonly resource: 'project' | 'agent';
  readonly name: string;
}

export interface Application {
  readonly file: string;
  readonly folder: string;
  readonly spec: ProjectSpec;
  readonly specHash: string;
  /** A person agreed to {@link consentReasons} of exactly this spec. */
  readonly consent: boolean;
  readonly dryRun: boolean;
  /** Hash the client last saw; another one now is a conflict. */
  readonly expectedHash?: string;
}

export interface Applied {
  readonly project: Project;
  readonly applied: boolean;
  readonly unchanged: boolean;
  readonly changes: readonly ProjectChange[];
}

/** Projects: apply is idempotent by hash, revisions are append-only, removal keeps history. */
export class ProjectService {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ids: IdSource;

  constructor(options: { readonly store: Store; readonly clock: Clock; readonly ids: IdSource }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#ids = options.ids;
  }

  /** Errors: `consent.required`, `project.conflict`. */
  apply(application: Application): Applied {
    return this.#store.transact(stores => {
      const before = stores.projects.byFile(application.file);
      requireUnchanged(before, application);
      const unchanged =
        before !== undefined && before.specHash === application.specHash && before.removedAt === undefined;
      const project = this.#next(before, application, unchanged);
      const changes = changesBetween(before, project);
      if (application.dryRun) return { project, applied: false, unchanged, changes };
      if (!isConsented(project.spec, project.consent)) throw consentRequired(project);
      if (unchanged && project.consent === before.consent) return { project, applied: true, unchanged, changes };
      stores.projects.save(project);
      stores.events.append({ kind: 'project_changed', projectId: project.id }, this.#clock.now());
      return { project, applied: true, unchanged, changes };
    });
  }

  /** Disables a project; threads and history stay. Errors: `project.unknown`. */
  remove(id: string): Applied {
    return this.#store.transact(stores => {
      const before = findProject(stores, id);
      const project: Project = { ...before, removedAt: this.#clock.now() };
      stores.projects.save(project);
      stores.events.append({ kind: 'project_changed', projectId: project.id }, this.#clock.now());
      const changes: readonly ProjectChange[] = [
        { action: 'removed', resource: 'project', name: project.name },
        ...project.spec.agents.map(agent => ({
          action: 'removed' as const,
          resource: 'agent' as const,
          name: agent.name,
        })),
      ];
      return { project, applied: true, unchanged: false, changes };
    });
  }

  #next(before: Project | undefined, application: Application, unchanged: boolean): Project {
    const { file, folder, spec, specHash, consent } = application;
    const agreed = consent ? consentKey(spec) : before?.consent;
    const common = {
      name: spec.name,
      folder,
      file,
      spec,
      specHash,
      ...(agreed === undefined ? {} : { consent: agreed }),
    };
    if (!before) return { ...common, id: this.#ids.next(), revision: 1, appliedAt: this.#clock.now() };
    if (unchanged) return { ...before, ...common, spec: before.spec };
    return { ...common, id: before.id, revision: before.revision + 1, appliedAt: this.#clock.now() };
  }
}

/** A project by id or name, not removed. Errors: `project.unknown` (also when two have the name). */
export function findProject(stores: Stores, idOrName: string): Project {
  const projects = stores.projects.list();
  const byId = projects.find(project => project.id === idOrName);
  if (byId) return byId;
  const [only, ...others] = projects.filter(project => project.name === idOrName);
  if (only && others.length === 0) return only;
  const shown = idOrName.slice(0, 200);
  throw new AppError(
    'project.unknown',
    only
      ? `Several projects are called ${shown}: ${[only, ...others].map(project => project.file).join(', ')}. Name the folder with -C.`
      : `There is no project ${JSON.stringify(shown)}. Apply its compose file with \`muster up\`.`,
    { project: shown },
  );
}

/** The project whose folder is, or most closely contains, this folder. Errors: `project.unknown`. */
export function projectOfFolder(stores: Stores, folder: string): Project {
  const inside = stores.projects
    .list()
    .filter(
      project =>
        folder === project.folder ||
        folder.startsWith(project.folder.endsWith('/') ? project.folder : `${project.folder}/`),
    )
    .toSorted((a, b) => b.folder.length - a.folder.length);
  const [closest] = inside;
  if (closest) return closest;
  throw new AppError(
    'project.unknown',
    `No applied project contains ${folder}. Apply its agent-compose.yml with \`muster up\`.`,
    { project: folder },
  );
}

function requireUnchanged(before: Project | undefined, { expectedHash }: Application): void {
  if (expectedHash === undefined || !before || before.specHash === expectedHash) return;
  throw new AppError(
    'project.conflict',
    `Project ${before.name} was changed meanwhile (another window or terminal applied revision ${before.revision}). Look at it and apply again.`,
    { project: before.name, expected: expectedHash, found: before.specHash },
  );
}

function consentRequired(project: Project): AppError<'consent.required'> {
  const reasons = consentReasons(project.spec);
  return new AppError(
    'consent.required',
    `${project.file} needs your consent before its agents may run: ${reasons.join(' ')}`,
    {
      project: project.name,
      reasons,
    },
  );
}

function changesBetween(before: Project | undefined, after: Project): readonly ProjectChange[] {
  const present = before?.removedAt === undefined ? before : undefined;
  const known = new Map<string, AgentSpec>((present?.spec.agents ?? []).map(agent => [agent.name, agent]));
  const changes: ProjectChange[] = [
    {
      action: !present ? 'created' : present.specHash === after.specHash ? 'unchanged' : 'updated',
      resource: 'project',
      name: after.name,
    },
  ];
  for (const agent of after.spec.agents) {
    const old = known.get(agent.name);
    known.delete(agent.name);
    const action = !old ? 'created' : JSON.stringify(old) === JSON.stringify(agent) ? 'unchanged' : 'updated';
    changes.push({ action, resource: 'agent', name: agent.name });
  }
  for (const name of known.keys()) changes.push({ action: 'removed', resource: 'agent', name });
  return changes;
}
