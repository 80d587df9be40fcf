import { randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { defined } from '../../base/defined.js';
import type { NotebookServer } from '../../core/notebooks/notebookServer.js';
import type { NotebookServerDriver, RecordedCell } from '../../core/notebooks/notebookServerDriver.js';
import type { NotebookService as CoreNotebookService } from '../../core/notebooks/notebookService.js';
import { consolePath } from '../../core/notebooks/cellService.js';
import type { RunEnvironment } from '../../core/runs/runEnvironment.js';
import type { Store } from '../../core/store.js';
import type { ThreadStores } from '../../core/threads/threadStore.js';
import { findThread } from '../../core/threads/threadLookup.js';
import {
  RecordedCellSchema,
  type NotebookServer as WireNotebookServer,
  type NotebookService,
  type RecordedCell as WireRecordedCell,
} from '../../protocol/gen/muster/v1/notebooks_pb.js';
import type { BrowserDoor } from '../proxy/browserDoor.js';
import { callerOf } from '../server/callPolicy.js';
import { fail, given } from './requestFields.js';
import { safeNumber, wireNotebookServer } from './wire.js';

/** A page that is written within some milliseconds. */
const maxCells = 500;
const defaultCells = 50;
const cellLimitMs = 10 * 60_000;
/** A server that does not count its kernels by then is shown without. */
const activityMs = 1_000;

export interface NotebooksApiOptions {
  readonly store: Store<ThreadStores>;
  readonly notebooks: CoreNotebookService;
  readonly environment: Pick<RunEnvironment, 'remember'>;
  readonly notebookServers: Pick<NotebookServerDriver, 'cells' | 'follow' | 'execute'>;
  readonly door: Pick<BrowserDoor, 'open' | 'openForPrograms'>;
}

export function notebooksApi(options: NotebooksApiOptions): ServiceImpl<typeof NotebookService> {
  const { store, notebooks, notebookServers, environment, door } = options;
  const threadOf = (reference: string) => store.read(stores => findThread(stores, reference)).thread.id;
  const shown = async (server: NotebookServer): Promise<WireNotebookServer> => {
    const activity = await notebooks.activity(server, activityMs);
    const wire = wireNotebookServer(server);
    if (!activity) return wire;
    const { kernels, connections, lastActivity } = activity;
    return { ...wire, kernels, connections, lastActivity: BigInt(lastActivity) };
  };
  return {
    async startNotebookServer(request, context) {
      const { signal } = context;
      if (callerOf({ values: context.values }).kind === 'person' && Object.keys(request.environment).length > 0)
        environment.remember(threadOf(request.threadId), request.environment);
      return { server: await shown(await notebooks.start(request.threadId, signal)) };
    },

    async openNotebookPage(request, { signal }) {
      if (Object.keys(request.environment).length > 0)
        environment.remember(threadOf(request.threadId), request.environment);
      const { thread, page } = await notebooks.startPage(request.threadId, signal);
      return { url: await door.open(thread, page) };
    },

    async openNotebookPort(request, { signal }) {
      if (Object.keys(request.environment).length > 0)
        environment.remember(threadOf(request.threadId), request.environment);
      const { threadId } = await notebooks.start(request.threadId, signal);
      return await door.openForPrograms(threadId);
    },

    async stopNotebookServer(request) {
      const server = await notebooks.stop(request.threadId);
      return defined({ server: server && wireNotebookServer(server) });
    },

    async getNotebookServer(request) {
      const server = notebooks.of(threadOf(request.threadId));
      return defined({ server: server && (await shown(server)) });
    },

    async listCells(request) {
      const limit = request.limit === 0 ? defaultCells : request.limit;
      if (limit < 0 || limit > maxCells) throw fail('limit', `at most ${maxCells}`);
      const cells = await notebookServers.cells(threadOf(request.threadId), { limit });
      return { cells: cells.map(wireCell) };
    },

    async executeCell(request, { signal }) {
      const message = request.messageId === '' ? randomUUID() : requireMessageId(request.messageId);
      const path = given(request.notebook) ?? consolePath;
      const limitMs = request.limitMs === 0n ? cellLimitMs : safeNumber(request.limitMs, 'limit_ms');
      const server = await notebooks.start(request.threadId, signal);
      const cell = { message, again: false, path, code: request.code, limitMs };
      await notebookServers.execute(server, cell, { unwanted: signal, letGo: signal });
      const cells = await notebookServers.cells(server.threadId, { limit: maxCells });
      const executed = cells.find(each => each.message === message);
      return defined({ cell: executed && wireCell(executed) });
    },

    async *followCell(request, { signal }) {
      const cell = { threadId: threadOf(request.threadId), message: requireMessageId(request.messageId) };
      for await (const lines of notebookServers.follow(cell, signal)) yield { lines: [...lines] };
    },
  };
}

/** Errors: `request.invalid`. */
function requireMessageId(text: string): string {
  if (/^[A-Za-z0-9_-]{1,100}$/.test(text)) return text;
  throw fail('message_id', 'it is none');
}

function wireCell(cell: RecordedCell): WireRecordedCell {
  return create(RecordedCellSchema, {
    messageId: cell.message,
    kernelId: cell.kernel,
    source: cell.source,
    executionCount: cell.count ?? 0,
    startedAt: BigInt(cell.startedAt),
    endedAt: BigInt(cell.endedAt ?? 0),
    error: cell.error ?? '',
    text: cell.text,
    outputs: [...cell.outputs],
  });
}
