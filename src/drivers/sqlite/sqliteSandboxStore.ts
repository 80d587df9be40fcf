import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId, type RunId, type SandboxId, type ThreadId } from '../../base/ids.js';
import { JsonFields } from '../../base/jsonFields.js';
import type { CacheSpec, DriverSpec, KubernetesSpec } from '../../compose/projectSpec.js';
import type { Sandbox, SandboxState } from '../../core/sandboxes/sandbox.js';
import type { SandboxStore } from '../../core/sandboxes/sandboxStore.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

const columns = {
  id: fixed((sandbox: Sandbox) => sandbox.id),
  thread_id: fixed((sandbox: Sandbox) => sandbox.threadId),
  agent: fixed((sandbox: Sandbox) => sandbox.agent),
  driver_json: stored((sandbox: Sandbox) => JSON.stringify(sandbox.driver)),
  image: stored((sandbox: Sandbox) => sandbox.image),
  state: stored((sandbox: Sandbox) => sandbox.state),
  problem: stored((sandbox: Sandbox) => sandbox.problem ?? null),
  created_at: fixed((sandbox: Sandbox) => sandbox.createdAt),
  used_at: stored((sandbox: Sandbox) => sandbox.usedAt),
};
type SandboxRow = RowOf<typeof columns>;
const table = new EntityTable<Sandbox>('sandbox', columns);

const states: readonly SandboxState[] = ['creating', 'ready', 'failed', 'removed'];
const drivers: readonly DriverSpec['name'][] = ['process', 'docker', 'kubernetes', 'boxlite', 'microsandbox'];

export class SqliteSandboxStore implements SandboxStore {
  readonly #get: Statement<[string], SandboxRow>;
  readonly #ofRun: Statement<[string], SandboxRow>;
  readonly #ofThread: Statement<[string], SandboxRow>;
  readonly #list: Statement<[], SandboxRow>;
  readonly #save: Statement<[object]>;
  readonly #bind: Statement<[string, string]>;

  constructor(database: Database) {
    this.#get = database.prepare('SELECT * FROM sandbox WHERE id = ?');
    this.#ofRun = database.prepare(
      'SELECT sandbox.* FROM run_sandbox JOIN sandbox ON sandbox.id = sandbox_id WHERE run_id = ?',
    );
    this.#ofThread = database.prepare('SELECT * FROM sandbox WHERE thread_id = ? ORDER BY created_at, id');
    this.#list = database.prepare(`SELECT * FROM sandbox WHERE state <> 'removed' ORDER BY used_at DESC, id`);
    this.#save = database.prepare(table.replace());
    this.#bind = database.prepare('INSERT OR REPLACE INTO run_sandbox (run_id, sandbox_id) VALUES (?, ?)');
  }

  get(id: SandboxId): Sandbox | undefined {
    return toSandbox(this.#get.get(id));
  }

  ofRun(run: RunId): Sandbox | undefined {
    return toSandbox(this.#ofRun.get(run));
  }

  ofThread(thread: ThreadId): readonly Sandbox[] {
    return this.#ofThread.all(thread).flatMap(row => toSandbox(row) ?? []);
  }

  list(): readonly Sandbox[] {
    return this.#list.all().flatMap(row => toSandbox(row) ?? []);
  }

  save(sandbox: Sandbox): void {
    this.#save.run(table.parameters(sandbox));
  }

  bind(run: RunId, sandbox: SandboxId): void {
    this.#bind.run(run, sandbox);
  }
}

function toSandbox(row: SandboxRow | undefined): Sandbox | undefined {
  if (!row) return undefined;
  return {
    id: parseId(row.id),
    threadId: parseId(row.thread_id),
    agent: row.agent,
    driver: toDriver(JsonFields.parse(row.driver_json)),
    image: row.image,
    state: member(states, row.state),
    ...defined({ problem: row.problem ?? undefined }),
    createdAt: row.created_at,
    usedAt: row.used_at,
  };
}

function toDriver(fields: JsonFields): DriverSpec {
  const name = member(drivers, fields.text('name') ?? '');
  switch (name) {
    case 'process':
      return { name };
    case 'docker':
      return { name, ...defined({ host: fields.text('host'), hosts: hostsOf(fields) }) };
    case 'kubernetes':
      return toKubernetes(fields);
    case 'boxlite':
      return { name, ...defined({ kernel: fields.text('kernel'), rootfs: fields.text('rootfs') }) };
    case 'microsandbox':
      return { name, ...defined({ profile: fields.text('profile') }) };
  }
}

/** There until it is placed on one of them. */
function hostsOf(fields: JsonFields): readonly string[] | undefined {
  return fields.value('hosts') ? fields.texts('hosts') : undefined;
}

/** In the order in which compose files are read: two drivers are compared as texts. */
function toKubernetes(fields: JsonFields): KubernetesSpec {
  const texts = (name: string): readonly string[] | undefined => (fields.value(name) ? fields.texts(name) : undefined);
  const list = (name: string): readonly JsonFields[] | undefined =>
    fields.value(name) ? fields.list(name) : undefined;
  return {
    name: 'kubernetes',
    ...defined({
      context: fields.text('context'),
      namespace: fields.text('namespace'),
      serviceAccount: fields.text('serviceAccount'),
      nodeSelector: list('nodeSelector')?.map(each => ({
        name: each.text('name') ?? '',
        value: each.text('value') ?? '',
      })),
      tolerations: list('tolerations')?.map(each =>
        defined({
          key: each.text('key'),
          operator: each.text('operator'),
          value: each.text('value'),
          effect: each.text('effect'),
          seconds: each.number('seconds'),
        }),
      ),
      runtimeClass: fields.text('runtimeClass'),
      imagePullSecrets: texts('imagePullSecrets'),
      facade: fields.text('facade'),
      storage: fields.text('storage'),
      cache: fields.value('cache') === undefined ? undefined : toCache(fields.fields('cache')),
    }),
  };
}

function toCache(fields: JsonFields | undefined): CacheSpec {
  return defined({
    storage: fields?.text('storage'),
    sizeBytes: fields?.number('sizeBytes'),
    accessMode: fields?.text('accessMode'),
  });
}
