import { createClient } from '@connectrpc/connect';
import { beforeAll, expect, it } from 'vitest';
import { ExecuteCellStreamEventType, KernelService } from '../../src/protocol/gen/agentcompose/v1/kernels_pb.js';
import { SessionService } from '../../src/protocol/gen/agentcompose/v1/sessions_pb.js';
import { CellType } from '../../src/protocol/gen/agentcompose/v1/types_pb.js';
import { SandboxService } from '../../src/protocol/gen/agentcompose/v2/sandboxes_pb.js';
import { transportTo } from '../support/agentCompose/wires.ts';
import { notebookWorld } from '../support/guestNotebooks.js';
import { buildPrograms, type Programs } from '../support/hostProcess.js';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

it('executes Python in one kernel of the thread for agent-compose’s clients, streams what it prints and remembers it', async () => {
  const { home, thread: sessionId, client } = await notebookWorld(programs);
  const transport = transportTo({ home }, 'Connect with binary');
  const kernels = createClient(KernelService, transport);
  const type = CellType.PYTHON;
  const first = await kernels.executeCell({ sessionId, source: 'kept = 20', type });
  expect(first.cell).toMatchObject({ source: 'kept = 20', success: true, running: false });
  const events = [];
  for await (const event of kernels.executeCellStream({ sessionId, source: 'print("on")\nkept + 1', type }))
    events.push(event);
  expect(events.at(0)?.eventType).toBe(ExecuteCellStreamEventType.STARTED);
  expect(events.map(({ chunk }) => chunk).join('')).toBe('on\n21\n');
  expect(events.at(-1)).toMatchObject({ eventType: ExecuteCellStreamEventType.COMPLETED, cell: { success: true } });
  const failed = await kernels.executeCell({ sessionId, source: '1/0', type });
  expect(failed.cell).toMatchObject({ success: false, exitCode: 1, stderr: 'ZeroDivisionError' });

  const { cells } = await client.notebooks.listCells({ threadId: sessionId });
  const theirs = (await kernels.listCells({ sessionId })).cells.filter(cell => cell.type === type);
  expect(theirs.map(({ id }) => id)).toEqual(cells.map(({ messageId }) => messageId));
  const { cells: history } = await createClient(SandboxService, transport).listSandboxHistory({ sandboxId: sessionId });
  expect(history.map(({ id }) => id)).toEqual(theirs.map(({ id }) => id));
  const proxy = await createClient(SessionService, transport).getSessionProxy({ sessionId });
  expect(proxy.proxyPath).toBe(`/jupyter/${sessionId}/`);
});
