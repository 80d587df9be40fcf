import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerHeaders } from './headers.js';
import type { AnswerMeter } from './answerMeter.js';
import type { UsageEventFilter } from './chatUsage.js';
import { giveBack } from './reusedReads.js';

interface RelayOptions {
  readonly meter: AnswerMeter;
  /** Takes out what the client did not ask for. */
  readonly filter?: UsageEventFilter | undefined;
  readonly onEnd: (complete: boolean) => void;
}

/**
 * Passes an answer on, byte for byte, as fast as the client reads it. Resolves with whether all of it came; `onEnd` is called
 * before the client can know that it is over, so that what it cost is written when the client acts on it.
 */
export async function relayAnswer(
  answer: IncomingMessage,
  response: ServerResponse,
  { meter, filter, onEnd }: RelayOptions,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let over = false;
  const end = (complete: boolean): void => {
    if (over) return;
    over = true;
    onEnd(complete);
    if (complete) response.end(filter?.finish());
    else response.destroy();
    answer.destroy();
    resolve();
  };
  const { 'content-length': length, ...headers } = answerHeaders(answer.headers);
  const isAsSent = filter === undefined && length !== undefined;
  response.writeHead(answer.statusCode ?? 502, isAsSent ? { ...headers, 'content-length': length } : headers);
  response.flushHeaders();
  answer.on('data', (chunk: Buffer) => {
    meter.push(chunk);
    const isWritten = filter ? response.write(filter.push(chunk)) : response.write(chunk, gone(chunk));
    if (!isWritten) answer.pause();
  });
  response.on('drain', () => answer.resume());
  answer.once('end', () => end(answer.complete));
  answer.once('error', () => end(false));
  answer.once('close', () => end(answer.complete));
  response.once('close', () => end(false));
  response.once('error', () => end(false));
  return await promise;
}

/** A chunk that the client's connection has taken. */
function gone(chunk: Buffer): (error?: Error | null) => void {
  return error => {
    if (!error) giveBack(chunk);
  };
}
