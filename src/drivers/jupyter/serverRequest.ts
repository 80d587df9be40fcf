import { request } from 'node:http';
import type { ServerAddress } from './serverFiles.js';
import { jsonValue } from '../../base/jsonObject.js';

/** A listing of kernels is some kilobytes. */
const longestAnswer = 1024 * 1024;

/** Asks a server for a small answer of JSON; undefined when it is not there yet, refuses, or answers something else. */
export async function askServer(address: ServerAddress, path: string, signal: AbortSignal): Promise<unknown> {
  const answer = await requestFrom(address, { path }, signal);
  return answer === undefined ? undefined : jsonValue(answer.toString('utf8'));
}

/** Tells a server something; undefined when it is not there or refuses. */
export async function tellServer(
  address: ServerAddress,
  telling: { readonly path: string; readonly body: unknown },
  signal: AbortSignal,
): Promise<unknown> {
  const answer = await requestFrom(address, telling, signal);
  return answer === undefined ? undefined : (jsonValue(answer.toString('utf8')) ?? {});
}

/** Whether a server has a page under a path. */
export async function hasPage(address: ServerAddress, path: string, signal: AbortSignal): Promise<boolean> {
  return (await requestFrom(address, { path }, signal)) !== undefined;
}

/** The body of an answer that is no refusal. With a body of its own it is a `POST`. */
async function requestFrom(
  { at, base, token }: ServerAddress,
  { path, body }: { readonly path: string; readonly body?: unknown },
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
  const asking = request(
    {
      ...at,
      method: body === undefined ? 'GET' : 'POST',
      path: `${base}${path}`,
      headers: { 'host': 'localhost', 'authorization': `token ${token}`, 'content-type': 'application/json' },
      signal,
    },
    response => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size > longestAnswer) response.destroy();
      });
      response.on('error', () => resolve(undefined));
      response.on('close', () => resolve(undefined));
      response.on('end', () => resolve(isSuccess(response.statusCode) ? Buffer.concat(chunks) : undefined));
    },
  );
  asking.on('error', () => resolve(undefined));
  asking.end(body === undefined ? undefined : JSON.stringify(body));
  const answer = await promise;
  signal.throwIfAborted();
  return answer;
}

function isSuccess(status = 0): boolean {
  return status >= 200 && status < 300;
}
