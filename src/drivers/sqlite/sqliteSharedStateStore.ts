import type { Database, Statement } from 'better-sqlite3';
import type { ThreadId } from '../../base/ids.js';
import type { SharedStateStore } from '../../core/workspaces/pinnedState.js';
import type { HookFile, SharedChange, SharedState } from '../../core/workspaces/sharedState.js';

interface SharedStateRow {
  readonly pinned_json: string | null;
  readonly changes_json: string | null;
}

export class SqliteSharedStateStore implements SharedStateStore {
  readonly #get: Statement<[string], SharedStateRow>;
  readonly #pin: Statement<[string, string | null]>;
  readonly #pinned: Statement<[string], { thread_id: ThreadId; pinned_json: string }>;
  readonly #save: Statement<[string, string | null]>;

  constructor(database: Database) {
    this.#get = database.prepare(`SELECT pinned_json, changes_json FROM shared_state WHERE thread_id = ?`);
    this.#pinned = database.prepare(
      `SELECT thread_id, pinned_json FROM shared_state WHERE pinned_json IS NOT NULL AND instr(pinned_json, ?) > 0`,
    );
    this.#pin = database.prepare(`
      INSERT INTO shared_state (thread_id, pinned_json) VALUES (?, ?)
      ON CONFLICT (thread_id) DO UPDATE SET pinned_json = excluded.pinned_json`);
    this.#save = database.prepare(`
      INSERT INTO shared_state (thread_id, changes_json) VALUES (?, ?)
      ON CONFLICT (thread_id) DO UPDATE SET changes_json = excluded.changes_json`);
  }

  pin(thread: ThreadId, state: SharedState): void {
    this.#pin.run(thread, JSON.stringify(state));
  }

  takePinned(thread: ThreadId): SharedState | undefined {
    const json = this.#get.get(thread)?.pinned_json ?? null;
    if (json === null) return undefined;
    this.#pin.run(thread, null);
    return parseState(json);
  }

  forget(ref: string): void {
    for (const { thread_id: thread, pinned_json: json } of this.#pinned.all(ref)) {
      const state = parseState(json);
      this.#pin.run(thread, JSON.stringify({ ...state, refs: state.refs.filter(([name]) => name !== ref) }));
    }
  }

  saveChanges(thread: ThreadId, changes: readonly SharedChange[]): void {
    this.#save.run(thread, changes.length === 0 ? null : JSON.stringify(changes));
  }

  changes(thread: ThreadId): readonly SharedChange[] {
    const json = this.#get.get(thread)?.changes_json ?? null;
    return json === null ? [] : list(JSON.parse(json)).flatMap(parseChange);
  }
}

function parseState(json: string): SharedState {
  const fields = fieldsOf(JSON.parse(json));
  const checkout = parseCheckout(fields.get('checkout'));
  return {
    ...(checkout === undefined ? {} : { checkout }),
    config: text(fields.get('config')),
    ...(fields.has('hooksFolder') ? { hooksFolder: text(fields.get('hooksFolder')) } : {}),
    ...(fields.has('hooksElsewhere') ? { hooksElsewhere: text(fields.get('hooksElsewhere')) } : {}),
    ...(fields.has('hooks') ? { hooks: list(fields.get('hooks')).map(parseHook) } : {}),
    stash: list(fields.get('stash')).map(entry => {
      const each = fieldsOf(entry);
      return { commit: text(each.get('commit')), message: text(each.get('message')) };
    }),
    refs: list(fields.get('refs')).map(pair => {
      const [ref, object] = list(pair);
      return [text(ref), text(object)] as const;
    }),
  };
}

function parseCheckout(value: unknown): SharedState['checkout'] {
  if (value === undefined) return undefined;
  const fields = fieldsOf(value);
  return {
    path: text(fields.get('path')),
    head: text(fields.get('head')),
    commit: text(fields.get('commit')),
    index: text(fields.get('index')),
    edited: list(fields.get('edited')).map(text),
    ...(fields.has('kept') ? { kept: text(fields.get('kept')) } : {}),
  };
}

function parseHook(value: unknown): HookFile {
  const fields = fieldsOf(value);
  const mode = fields.get('mode');
  return {
    path: text(fields.get('path')),
    mode: typeof mode === 'number' ? mode : 0,
    digest: text(fields.get('digest')),
    ...(fields.has('content') ? { content: text(fields.get('content')) } : {}),
  };
}

function parseChange(value: unknown): SharedChange[] {
  const fields = fieldsOf(value);
  const of = (name: string): string => text(fields.get(name));
  switch (fields.get('kind')) {
    case 'stash':
      return [{ kind: 'stash', commit: of('commit'), message: of('message') }];
    case 'edits':
      return [
        {
          kind: 'edits',
          path: of('path'),
          files: list(fields.get('files')).map(text),
          kept: of('kept'),
          stashed: fields.get('stashed') === true,
        },
      ];
    case 'checkout':
      return [{ kind: 'checkout', path: of('path'), before: of('before'), now: of('now') }];
    case 'hook':
      return [
        {
          kind: 'hook',
          path: of('path'),
          ...(fields.has('before') ? { before: parseHook(fields.get('before')) } : {}),
          ...(fields.has('now') ? { now: of('now') } : {}),
        },
      ];
    case 'ref':
      return [{ kind: 'ref', ref: of('ref'), before: of('before'), now: fields.has('now') ? of('now') : undefined }];
    case 'config':
      return [
        {
          kind: 'config',
          key: of('key'),
          before: list(fields.get('before')).map(text),
          now: list(fields.get('now')).map(text),
        },
      ];
    default:
      return [];
  }
}

function fieldsOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map<string, unknown>(typeof value === 'object' && value !== null ? Object.entries(value) : []);
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
