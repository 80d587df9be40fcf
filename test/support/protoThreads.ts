import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { ThreadSchema, type Thread } from '../../src/protocol/gen/muster/v1/threads_pb.js';

let made = 0;

/** A thread as the wire carries it; ids count up, times default to the epoch. */
export function makeThread(init: MessageInitShape<typeof ThreadSchema> = {}): Thread {
  made += 1;
  const id = String(made).padStart(12, '0');
  return create(ThreadSchema, { id, agent: 'dev', status: 'ready', outcome: 'open', summary: `Task ${made}`, ...init });
}
