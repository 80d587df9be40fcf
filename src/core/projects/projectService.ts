import type { Clock } from '../../base/clock.js';
import { defined } from '../../base/defined.js';
import { AppError } from '../../base/errors.js';
import { isId, type IdSource } from '../../base/ids.js';
import type { ProjectSpec } from '../../compose/projectSpec.js';
import type { Store } from '../store.js';
import type { ProjectStores } from './projectStore.js';
import type { EventStores } from '../events/eventLog.js';
import { agreeTo, consentRequired, isConsented, narrowConsent } from './consent.js';
import type { Project } from './project.js';

export interface ProjectChange {
  readonly action: 'created' | 'updated' | 'removed' | 'unchanged';
  readonly resource: 'project' | 'agent' | 'scheduler';
  readonly name: string;
  /** Fields that differ, for what is updated. */
  readonly message?: string;
}

export interface Application {
  readonly file: string;
  readonly folder: string;
  readonly spec: ProjectSpec;
  readonly specHash: string;
  /** A person agreed to everything that exactly this spec asks for. */
  readonly consent: boolean;
  readonly dryRun: boolean;
  /** Hash the client last saw, or {@link neverApplied}; another one now is a conflict. */
  readonly expectedHash?: string;
  /** Hash of the file as the person saw it: consent is given to that and to nothing that was written since. */
  readonly submittedHash?: string;
  /** The project as it is after its repository was moved here; a file that was applied here already comes before it. */
  readonly moved?: Project;
}

/** What a client expects that saw no applied revision. */
export const neverApplied = 'none';

export interface Applied {
  readonly project: Project;
  readonly applied: boolean;
  readonly unchanged: boolean;
  readonly changes: readonly ProjectChange[];
  /** Hash that was applied before, or {@link neverApplied}. */
  readonly previousHash: string;
  /** What was applied before, unless it was taken down. */
  readonly previousSpec?: ProjectSpec;
}

/** Projects: apply is idempotent by hash, revisions are append-only, removal keeps history. */
export class ProjectService {
  readonly #store: Store<ProjectStores & EventStores>;
  readonly #clock: Clock;
  readonly #ids: IdSource;

  constructor(options: {
    readonly store: Store<ProjectStores & EventStores>;
    readonly clock: Clock;
    readonly ids: IdSource;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#ids = options.ids;
  }

  /** What was last applied from a file, taken down or not. */
  appliedFrom(file: string): Project | undefined {
    return this.#store.read(stores => stores.projects.byFile(file));
  }

  /** Errors: `consent.required`, `project.conflict`. */
  apply(application: Application): Applied {
    return this.#store.transact(stores => {
      const before = stores.projects.byFile(application.file) ?? application.moved;
      requireSubmitted(application);
      requireUnchanged(before, application);
      const unchanged =
        before !== undefined && before.specHash === application.specHash && before.removedAt === undefined;
      const project = this.#next(before, application, unchanged);
      const changes = changesBetween(before, project);
      const previousSpec = before?.removedAt === undefined ? before?.spec : undefined;
      const result = {
        project,
        unchanged,
        changes,
        previousHash: appliedHash(before),
        ...defined({ previousSpec }),
      };
      if (application.dryRun) return { ...result, applied: false };
      if (!isConsented(project.spec, project.consent))
        throw consentRequired(
          { ...project, ...defined({ consent: before?.consent }) },
          { why: `${project.file} needs your consent before its agents may run` },
        );
      if (unchanged && project.consent === before.consent) return { ...result, applied: true };
      stores.projects.save(project);
      stores.events.append({ kind: 'project_changed', projectId: project.id }, this.#clock.now());
      return { ...result, applied: true };
    });
  }

  /** Disables a project; threads and history stay. Once more changes nothing. Errors: `project.unknown`. */
  remove(reference: ProjectReference): Applied {
    return this.#store.transact(stores => {
      const before = findProject(stores, reference);
      const unchanged = before.removedAt !== undefined;
      const project: Project = unchanged ? before : { ...before, removedAt: this.#clock.now() };
      const action = unchanged ? 'unchanged' : 'removed';
      const changes = resourcesOf(project).map(({ resource, name }): ProjectChange => ({ action, resource, name }));
      const result = { project, applied: true, unchanged, changes, previousHash: before.specHash };
      if (unchanged) return result;
      stores.projects.save(project);
      stores.events.append({ kind: 'project_changed', projectId: project.id }, this.#clock.now());
      return result;
    });
  }

  #next(before: Project | undefined, application: Application, unchanged: boolean): Project {
    const { file, folder, specHash, consent } = application;
    // The one that is kept, so that what is agreed to and what is compared with it later are one.
    const spec = unchanged && before ? before.spec : application.spec;
    const agreed = consent ? agreeTo(spec, specHash) : narrowConsent(before?.consent, spec);
    const common = {
      name: spec.name,
      folder,
      file,
      spec,
      specHash,
      ...defined({ consent: agreed }),
    };
    if (!before) return { ...common, id: this.#ids.next(), revision: 1, appliedAt: this.#clock.now() };
    // An older text of a consent does not survive by being spread.
    const { consent: _, ...kept } = before;
    if (unchanged) return { ...kept, ...common };
    return { ...common, id: before.id, revision: before.revision + 1, appliedAt: this.#clock.now() };
  }
}

/** What names a project: its id or name, or its compose file. */
export type ProjectReference = string | { readonly file: string };

/** A project by id or name, not removed; or by its file, removed or not. Errors: `project.unknown` (also when two have the name). */
export function findProject(stores: ProjectStores, reference: ProjectReference): Project {
  if (typeof reference !== 'string') return findByFile(stores, reference.file);
  const projects = stores.projects.list();
  const byId = projects.find(project => project.id === reference);
  if (byId) return byId;
  const [only, ...others] = projects.filter(project => project.name === reference);
  if (only && others.length === 0) return only;
  const shown = reference.slice(0, 200);
  throw new AppError(
    'project.unknown',
    only
      ? `Several projects are called ${shown}: ${[only, ...others].map(project => project.file).join(', ')}. Name the folder with -C.`
      : `There is no project ${JSON.stringify(shown)}. ${whatThereIs(projects)}`,
    { project: shown },
  );
}

const namedProjects = 8;

function whatThereIs(projects: readonly Project[]): string {
  const names = [...new Set(projects.map(({ name }) => name))];
  if (names.length === 0) return 'None is applied; `muster up` applies a compose file.';
  const rest = names.length - namedProjects;
  return `Applied are: ${names.slice(0, namedProjects).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}.`;
}

/** A project by id, removed or not, else as {@link findProject}: for reading its history. */
export function findProjectOfHistory(stores: ProjectStores, idOrName: string): Project {
  return (isId<'project'>(idOrName) ? stores.projects.get(idOrName) : undefined) ?? findProject(stores, idOrName);
}

function findByFile(stores: ProjectStores, file: string): Project {
  const project = stores.projects.byFile(file);
  if (project) return project;
  throw new AppError('project.unknown', `${file} was never applied. Apply it with \`muster up\`.`, { project: file });
}

/** The project whose folder is, or most closely contains, this folder. Errors: `project.unknown`. */
export function projectOfFolder(stores: ProjectStores, folder: string): Project {
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

function requireSubmitted({ spec, specHash, submittedHash }: Application): void {
  if (submittedHash === undefined || submittedHash === specHash) return;
  throw new AppError(
    'project.conflict',
    `The compose file of ${spec.name} was changed after you looked at it and was not applied. Look at it and apply again.`,
    { project: spec.name, expected: submittedHash, found: specHash },
  );
}

function requireUnchanged(before: Project | undefined, { expectedHash }: Application): void {
  const found = appliedHash(before);
  if (expectedHash === undefined || found === expectedHash) return;
  const meanwhile =
    found === neverApplied || !before
      ? 'another window or terminal took it down'
      : `another window or terminal applied revision ${before.revision}`;
  const name = before?.name ?? '';
  throw new AppError(
    'project.conflict',
    `Project ${name} was changed meanwhile (${meanwhile}). Look at it and apply again.`,
    { project: name, expected: expectedHash, found },
  );
}

function appliedHash(project: Project | undefined): string {
  return project && project.removedAt === undefined ? project.specHash : neverApplied;
}

interface Resource {
  readonly resource: ProjectChange['resource'];
  readonly name: string;
  readonly definition: object;
}

function resourcesOf({ name, spec }: Project): readonly Resource[] {
  const { agents, ...rest } = spec;
  return [
    { resource: 'project', name, definition: rest },
    ...agents.map((agent): Resource => ({
      resource: 'agent',
      name: agent.name,
      // Has a line of its own.
      definition: { ...agent, scheduler: undefined },
    })),
    ...agents.flatMap(({ name: agent, scheduler }): readonly Resource[] =>
      scheduler ? [{ resource: 'scheduler', name: agent, definition: scheduler }] : [],
    ),
  ];
}

function changesBetween(before: Project | undefined, after: Project): readonly ProjectChange[] {
  const present = before?.removedAt === undefined ? before : undefined;
  const old = new Map((present ? resourcesOf(present) : []).map(each => [`${each.resource} ${each.name}`, each]));
  const changes = resourcesOf(after).map((each): ProjectChange => {
    const { resource, name } = each;
    const key = resource === 'project' ? `project ${present?.name ?? name}` : `${resource} ${name}`;
    const known = old.get(key);
    old.delete(key);
    if (!known) return { action: 'created', resource, name };
    const fields = differingFields(known.definition, each.definition);
    if (fields.length > 0) return { action: 'updated', resource, name, message: fields.join(', ') };
    const updated = resource === 'project' && present?.specHash !== after.specHash;
    return { action: updated ? 'updated' : 'unchanged', resource, name };
  });
  return [
    ...changes,
    ...[...old.values()].map(({ resource, name }): ProjectChange => ({ action: 'removed', resource, name })),
  ];
}

function differingFields(before: object, after: object): readonly string[] {
  const left = new Map(Object.entries(before));
  const right = new Map(Object.entries(after));
  return [...new Set([...left.keys(), ...right.keys()])]
    .filter(key => JSON.stringify(left.get(key)) !== JSON.stringify(right.get(key)))
    .map(snakeCase);
}

/** As the file spells it. */
function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`).replace(/_ms$/, '');
}
