import type { Database, Statement } from 'better-sqlite3';
import { parseId, type ProjectId } from '../../base/ids.js';
import type { ProjectSpec } from '../../compose/projectSpec.js';
import type { Project } from '../../core/projects/project.js';
import type { ProjectStore } from '../../core/projects/projectStore.js';
import { defined } from '../../base/defined.js';

interface ProjectRow {
  readonly id: string;
  readonly name: string;
  readonly folder: string;
  readonly file: string;
  readonly revision: number;
  readonly consent: string | null;
  readonly removed_at: number | null;
}

interface RevisionRow {
  readonly project_id: string;
  readonly revision: number;
  readonly spec_hash: string;
  readonly spec_json: string;
  readonly applied_at: number;
}

const select = `SELECT * FROM project JOIN project_revision ON project_id = id AND project_revision.revision = project.revision`;

export class SqliteProjectStore implements ProjectStore {
  readonly #save: Statement<[ProjectRow]>;
  readonly #saveRevision: Statement<[RevisionRow]>;
  readonly #get: Statement<[string], ProjectRow & RevisionRow>;
  readonly #byFile: Statement<[string], ProjectRow & RevisionRow>;
  readonly #list: Statement<[], ProjectRow & RevisionRow>;
  /** Specs by project and revision: a revision never changes, and parsing one costs more than the query. */
  readonly #specs = new Map<string, ProjectSpec>();

  constructor(database: Database) {
    this.#save = database.prepare(`
      INSERT INTO project (id, name, folder, file, revision, consent, removed_at)
      VALUES (:id, :name, :folder, :file, :revision, :consent, :removed_at)
      ON CONFLICT (id) DO UPDATE SET name = :name, folder = :folder, file = :file, revision = :revision, consent = :consent, removed_at = :removed_at`);
    this.#saveRevision = database.prepare(`
      INSERT INTO project_revision (project_id, revision, spec_hash, spec_json, applied_at)
      VALUES (:project_id, :revision, :spec_hash, :spec_json, :applied_at) ON CONFLICT DO NOTHING`);
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
    this.#save.run({
      id: project.id,
      name: project.name,
      folder: project.folder,
      file: project.file,
      revision: project.revision,
      consent: project.consent ?? null,
      removed_at: project.removedAt ?? null,
    });
    this.#saveRevision.run({
      project_id: project.id,
      revision: project.revision,
      spec_hash: project.specHash,
      spec_json: JSON.stringify(project.spec),
      applied_at: project.appliedAt,
    });
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
