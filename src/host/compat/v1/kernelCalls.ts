import { randomUUID } from 'node:crypto';
import type { ServiceImpl } from '@connectrpc/connect';
import { fieldOf, textField } from '../../../base/unknownFields.js';
import { jsonValue } from '../../../base/jsonObject.js';
import { shellScript } from '../../../base/shellScript.js';
import {
  ExecuteCellStreamEventType,
  type ExecuteCellRequest,
  type KernelService,
} from '../../../protocol/gen/agentcompose/v1/kernels_pb.js';
import { CellType, type NotebookCell } from '../../../protocol/gen/agentcompose/v1/types_pb.js';
import type { Thread } from '../../../protocol/gen/muster/v1/threads_pb.js';
import { invalid } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { collected, findRun, said } from '../v2/dispatched.js';
import { described, findThread } from '../v2/findThread.js';
import { cellOf, historyOf } from '../v2/sandboxHistory.js';
import { kernelCellOf, runCellOf, sessionOf } from './shapes.js';

/**
 * `agentcompose.v1.KernelService`. Python is executed in a kernel of the thread's Jupyter Server; a command and a task are runs of the
 * thread, and JavaScript is a command for `node`.
 */
export function kernelCalls(ours: OurCalls): ServiceImpl<typeof KernelService> {
  const sessionNow = async (id: string) => sessionOf(await described(ours, await findThread(ours, id)));
  return {
    async executeCell(request, { signal }) {
      const work = await begin(ours, request, signal);
      await collected(work.chunks());
      return { cell: await work.cell(), session: await sessionNow(work.thread.id) };
    },

    async *executeCellStream(request, { signal }) {
      const work = await begin(ours, request, signal);
      const { id: cellId } = work;
      const session = await sessionNow(work.thread.id);
      yield { eventType: ExecuteCellStreamEventType.STARTED, cellId, session };
      for await (const chunk of work.chunks()) yield { eventType: ExecuteCellStreamEventType.OUTPUT, cellId, chunk };
      const { COMPLETED: eventType } = ExecuteCellStreamEventType;
      yield { eventType, cellId, cell: await work.cell(), session: await sessionNow(work.thread.id) };
    },

    async listCells({ sessionId }) {
      const thread = await findThread(ours, sessionId);
      const [{ cells }, { runs, details }] = await Promise.all([
        historyOf(ours, thread),
        ours.runs.listRuns({ threadId: thread.id }),
      ]);
      const all = [...cells.map(kernelCellOf), ...runs.map((run, index) => runCellOf(run, details[index]))];
      return { sessionId: thread.id, cells: all.toSorted((a, b) => a.createdAt.localeCompare(b.createdAt)) };
    },
  };
}

interface CellAtWork {
  readonly thread: Thread;
  readonly id: string;
  /** What it says, until it has ended. */
  chunks(): AsyncGenerator<string>;
  cell(): Promise<NotebookCell>;
}

async function begin(ours: OurCalls, request: ExecuteCellRequest, signal: AbortSignal): Promise<CellAtWork> {
  const thread = await findThread(ours, request.sessionId);
  const { source, type } = request;
  if (source.trim() === '') throw invalid('The cell is empty.');
  switch (type) {
    case CellType.PYTHON:
      return await inKernel(ours, { thread, code: source, signal });
    case CellType.AGENT:
      return await asRun(ours, { thread, prompt: source, command: false, signal });
    case CellType.JAVASCRIPT: {
      const prompt = shellScript({ env: {}, body: ['node', '-e', source] });
      return await asRun(ours, { thread, prompt, command: true, signal });
    }
    default:
      return await asRun(ours, { thread, prompt: source, command: true, signal });
  }
}

async function inKernel(
  { notebooks }: OurCalls,
  { thread, code, signal }: { readonly thread: Thread; readonly code: string; readonly signal: AbortSignal },
): Promise<CellAtWork> {
  const { id: threadId } = thread;
  const messageId = randomUUID();
  // Its journal can be read once there is a server.
  await notebooks.startNotebookServer({ threadId }, { signal });
  const executing = notebooks.executeCell({ threadId, code, messageId }, { signal });
  return {
    thread,
    id: messageId,
    async *chunks() {
      const over = new AbortController();
      const failed = executing.catch((error: unknown) => {
        over.abort();
        throw error;
      });
      // Whoever follows hears of it below.
      failed.catch(() => undefined);
      const either = AbortSignal.any([signal, over.signal]);
      try {
        for await (const { lines } of notebooks.followCell({ threadId, messageId }, { signal: either })) {
          const text = lines.map(printed).join('');
          if (text !== '') yield text;
        }
      } catch (error) {
        if (!over.signal.aborted) throw error;
      }
      await failed;
    },
    async cell() {
      const { cells } = await notebooks.listCells({ threadId, limit: 500 });
      const found = cells.find(each => each.messageId === messageId);
      if (!found) throw invalid('The kernel has ended before the cell.');
      return kernelCellOf(cellOf(found));
    },
  };
}

/** What a line of a cell's journal prints. */
function printed(line: string): string {
  const saying = jsonValue(line);
  const content = fieldOf(saying, 'content');
  switch (textField(saying, 'type')) {
    case 'stream':
      return textField(content, 'text');
    case 'execute_result':
    case 'display_data': {
      const plain = textField(fieldOf(content, 'data'), 'text/plain');
      return plain === '' ? '' : `${plain}\n`;
    }
    case 'error':
      return `${textField(content, 'ename')}: ${textField(content, 'evalue')}\n`;
    default:
      return '';
  }
}

async function asRun(
  ours: OurCalls,
  {
    thread,
    prompt,
    command,
    signal,
  }: { readonly thread: Thread; readonly prompt: string; readonly command: boolean; readonly signal: AbortSignal },
): Promise<CellAtWork> {
  const { runId, threadId } = await ours.threads.dispatch({
    threadId: thread.id,
    agent: thread.agent,
    prompt,
    command,
  });
  let output = '';
  return {
    thread,
    id: runId,
    async *chunks() {
      for await (const piece of said(ours, { runId, threadId, signal })) {
        output += piece;
        yield piece;
      }
    },
    async cell() {
      const { run, detail } = await findRun(ours, runId);
      return runCellOf(run, detail, output);
    },
  };
}
