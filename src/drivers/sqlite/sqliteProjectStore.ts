import type { Database, Statement } from 'better-sqlite3';
import { parseId, type ProjectId } from '../../base/ids.js';
import type { ProjectSpec } from '../../compose/projectSpec.js';
import type { Project } from '../../core/projects/project.js';
import type { ProjectStore } from '../../core/projects/projectStore.js';
import { defined } from '../../base/defined.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

const columns = {
  id: fixed((project: Project) => project.id),
  name: stored((project: Project) => project.name),
  folder: stored((project: Project) => project.folder),
  file: stored((project: Project) => project.file),
  revision: stored((project: Project) => project.revision),
  consent: stored((project: Project) => project.consent ?? null),
  removed_at: stored((project: Project) => project.removedAt ?? null),
};
type ProjectRow = RowOf<typeof columns>;
const table = new EntityTable<Project>('project', columns);

/** Revisions never change: the second insert of one says nothing new. */
const revisionColumns = {
  project_id: fixed((project: Project) => project.id),
  revision: fixed((project: Project) => project.revision),
  spec_hash: fixed((project: Project) => project.specHash),
  spec_json: fixed((project: Project) => JSON.stringify(project.spec)),
  applied_at: fixed((project: Project) => project.appliedAt),
};
type RevisionRow = RowOf<typeof revisionColumns>;
const revisionTable = new EntityTable<Project>('project_revision', revisionColumns);

const select = `SELECT * FROM project JOIN project_revision ON project_id = id AND project_revision.revision = project.revision`;

export class SqliteProjectStore implements ProjectStore {
  readonly #save: Statement<[object]>;
  readonly #saveRevision: Statement<[object]>;
  readonly #get: Statement<[string], ProjectRow & RevisionRow>;
  readonly #byFile: Statement<[string], ProjectRow & RevisionRow>;
  readonly #list: Statement<[], ProjectRow & RevisionRow>;
  /** Specs by project and revision: a revision never changes, and parsing one costs more than the query. */
  readonly #specs = new Map<string, ProjectSpec>();

  constructor(database: Database) {
    this.#save = database.prepare(table.upsert('id'));
    this.#saveRevision = database.prepare(`${revisionTable.insert()} ON CONFLICT DO NOTHING`);
    this.#get = database.prepare(`${select} WHERE id = ?`);
    this.#byFile = database.prepare(`${select} WHERE file = ?`);
    this.#list = database.prepare(`${select} WHERE removed_at IS NULL ORDER BY name, file`);
  }

  get(id: ProjectId): Project | undefined {
    const row = this.#get.get(id);
    return row && this.#toProject(row);
  }

  byFile(file: string): Project | undefined {
    const row = this.#byFile.get(file);
    return row && this.#toProject(row);
  }

  list(): readonly Project[] {
    return this.#list.all().map(row => this.#toProject(row));
  }

  save(project: Project): void {
    this.#save.run(table.parameters(project));
    this.#saveRevision.run(revisionTable.parameters(project));
  }

  #toProject(row: ProjectRow & RevisionRow): Project {
    return {
      id: parseId(row.id),
      name: row.name,
      folder: row.folder,
      file: row.file,
      revision: row.revision,
      specHash: row.spec_hash,
      spec: this.#spec(row),
      appliedAt: row.applied_at,
      ...defined({ consent: row.consent, removedAt: row.removed_at }),
    };
  }

  #spec(row: RevisionRow): ProjectSpec {
    const key = `${row.project_id}/${row.revision}`;
    let spec = this.#specs.get(key);
    if (!spec) {
      spec = parseSpec(row.spec_json);
      this.#specs.set(key, spec);
    }
    return spec;
  }
}

/** Only this program writes the column, from a value of this type, and `state.newer` keeps out other versions' rows. */
function parseSpec(json: string): ProjectSpec {
  return JSON.parse(json);
}
