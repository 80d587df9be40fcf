import { request } from 'node:http';
import type { ServerAddress } from './serverFiles.js';
import { jsonValue } from '../../base/jsonObject.js';

/** A listing of kernels is some kilobytes. */
const longestAnswer = 1024 * 1024;

/** Asks a server for a small answer of JSON; undefined when it is not there yet, refuses, or answers something else. */
export async function askServer(address: ServerAddress, path: string, signal: AbortSignal): Promise<unknown> {
  const answer = await requestFrom(address, path, signal);
  return answer === undefined ? undefined : jsonValue(answer.toString('utf8'));
}

/** Whether a server has a page under a path. */
export async function hasPage(address: ServerAddress, path: string, signal: AbortSignal): Promise<boolean> {
  return (await requestFrom(address, path, signal)) !== undefined;
}

/** The body of an answer of status 200. */
async function requestFrom(
  { socket, base, token }: ServerAddress,
  path: string,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
  const asking = request(
    {
      socketPath: socket,
      path: `${base}${path}`,
      headers: { host: 'localhost', authorization: `token ${token}` },
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
      response.on('end', () => resolve(response.statusCode === 200 ? Buffer.concat(chunks) : undefined));
    },
  );
  asking.on('error', () => resolve(undefined));
  asking.end();
  const answer = await promise;
  signal.throwIfAborted();
  return answer;
}
