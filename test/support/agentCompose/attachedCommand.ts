import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Client } from '@connectrpc/connect';
import type {
  AttachExecRequestSchema,
  AttachExecResponse,
  AttachExecStartSchema,
  ExecService,
} from '../../../src/protocol/gen/agentcompose/v2/exec_pb.js';

type Frame = NonNullable<MessageInitShape<typeof AttachExecRequestSchema>['frame']>;
type Result = Extract<AttachExecResponse['frame'], { case: 'result' }>['value'];

/** A command that a test is attached to. */
export interface AttachedCommand {
  /** Resolves when all that it said so far ends like this, or has this in it. */
  until(heard: string | RegExp): Promise<void>;
  tell(frame: Frame): void;
  /** Its standard input. */
  type(text: string): void;
  result(): Promise<Result | undefined>;
}

export function attachTo(
  exec: Client<typeof ExecService>,
  start: MessageInitShape<typeof AttachExecStartSchema>,
): AttachedCommand {
  const waiting: Frame[] = [{ case: 'start', value: start }];
  let wake = Promise.withResolvers<void>();
  let over = false;
  async function* frames(): AsyncGenerator<MessageInitShape<typeof AttachExecRequestSchema>> {
    while (!over) {
      const frame = waiting.shift();
      if (frame) yield { frame };
      else await wake.promise;
    }
  }
  const answers = exec.attachExec(frames())[Symbol.asyncIterator]();
  let said = '';
  let result: Result | undefined;
  const next = async (): Promise<boolean> => {
    const { done, value } = await answers.next();
    if (done === true) return false;
    if (value.frame.case === 'output') said += Buffer.from(value.frame.value.data).toString();
    if (value.frame.case === 'result') result = value.frame.value;
    return true;
  };
  const tell = (frame: Frame): void => {
    waiting.push(frame);
    wake.resolve();
    wake = Promise.withResolvers();
  };
  return {
    tell,
    type: text => tell({ case: 'stdin', value: { data: Buffer.from(text) } }),
    async until(heard) {
      const isThere = () => (typeof heard === 'string' ? said.endsWith(heard) : heard.test(said));
      while (!isThere())
        if (!(await next())) throw new Error(`The command ended with ${JSON.stringify(said)}, without ${heard}.`);
    },
    async result() {
      while (await next());
      over = true;
      wake.resolve();
      return result;
    },
  };
}
