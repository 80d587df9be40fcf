import type { IncomingMessage, ServerResponse } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { decoderOf, encoderOf } from '../../core/models/bridge/bridge.js';
import type { Conversation } from '../../core/models/bridge/conversation.js';
import { parsedObject } from '../../core/models/bridge/fields.js';
import type { ModelProtocol } from '../../core/models/modelProtocol.js';
import type { TokenCounts } from '../../core/models/tokenCounts.js';
import { recordField, textField } from '../../base/unknownFields.js';
import type { AnswerMeter } from './answerMeter.js';

/** One event of a stream; a longer one is no answer of a model. */
const maxLineLength = 32 * 1024 * 1024;
const maxErrorBytes = 64 * 1024;

export interface BridgedAnswer {
  readonly conversation: Conversation;
  /** What the client reads, and what the upstream says. */
  readonly client: ModelProtocol;
  readonly upstream: ModelProtocol;
  readonly id: string;
  /** Seconds since the epoch. */
  readonly at: number;
  readonly meter: AnswerMeter;
  /** Called before the client can know that it is over; returns what was used. */
  readonly onEnd: (complete: boolean) => TokenCounts;
}

/** Says an answer in the client's protocol while it comes in another, no faster than the client reads it. */
export async function bridgeAnswer(
  answer: IncomingMessage,
  response: ServerResponse,
  { conversation, client, upstream, id, at, meter, onEnd }: BridgedAnswer,
): Promise<void> {
  const decode = decoderOf(upstream, id);
  const encoder = encoderOf(client, { id, model: conversation.model, at }, conversation);
  const { stream } = conversation;
  let over = false;
  try {
    if (stream) {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
      response.write(encoder.begin());
    }
    for await (const line of linesOf(answer, meter)) {
      const json = line.startsWith('data:') ? line.slice('data:'.length).trim() : '';
      if (!json.startsWith('{')) continue;
      const said = decode(parsedObject(json))
        .map(event => encoder.push(event))
        .join('');
      if (stream && said !== '' && !response.write(said)) await drained(response);
    }
    over = true;
    const tokens = onEnd(true);
    if (stream) return void response.end(encoder.finish(tokens));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(encoder.whole(tokens)));
  } finally {
    // Whoever reads half of an answer must see that it is half.
    if (!over) {
      onEnd(false);
      response.destroy();
    }
    answer.destroy();
  }
}

/** What an upstream says went wrong, in its own words. */
export async function errorText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > maxErrorBytes) break;
    chunks.push(chunk);
  }
  const said = parsedObject(Buffer.concat(chunks).toString('utf8'));
  return (
    textField(recordField(said, 'error'), 'message') ||
    textField(said, 'message') ||
    `The upstream answered ${answer.statusCode}.`
  );
}

/** The lines of a stream, each metered. Throws when it breaks off. */
export async function* linesOf(answer: IncomingMessage, meter: AnswerMeter): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of answer) {
    if (!Buffer.isBuffer(chunk)) continue;
    meter.push(chunk);
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > maxLineLength) throw new Error('An event of the upstream has no end');
    yield* lines;
  }
  if (!answer.complete) throw new Error('The upstream broke off');
  yield rest + decoder.end();
}

async function drained(response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = (): void => resolve();
  response.once('drain', done);
  response.once('close', done);
  await promise;
  response.removeListener('drain', done);
  response.removeListener('close', done);
}
