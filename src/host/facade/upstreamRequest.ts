import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Clock } from '../../base/clock.js';
import type { Disposable } from '../../base/lifecycle.js';
import { systemCode } from '../../node/systemError.js';
import { ReusingHttpAgent, ReusingHttpsAgent } from './reusedReads.js';

/** Pauses before another try; clients try again themselves, so these only bridge a moment. */
const retryPausesMs = [250, 1_000];
/** For a connection and for the first byte; models think long before they say anything. */
const connectMs = 20_000;
const firstByteMs = 10 * 60_000;
/** Says that the request was not worked on, and that another try may be. */
const worthAnotherTry: ReadonlySet<number> = new Set([502, 503, 504, 529]);
/** A longer pause is the CLI’s own to make, and to show. */
const maxRetryAfterMs = 2_000;

export interface UpstreamCall {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

/** Sends requests to upstreams over connections that are kept. Redirects are not followed: only configured places are called. */
export class UpstreamClient implements Disposable {
  readonly #clock: Clock;
  readonly #http = new ReusingHttpAgent({ keepAlive: true, maxFreeSockets: 32 });
  readonly #https = new ReusingHttpsAgent({ keepAlive: true, maxFreeSockets: 32 });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The answer's head; its body is the caller's to read. Tried again while nothing of an answer has come: connections that break,
   * and upstreams that say that they are busy. Rejects with the last failure, or the signal's reason.
   */
  async send(call: UpstreamCall, signal: AbortSignal): Promise<IncomingMessage> {
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      const pause = retryPausesMs[attempt];
      try {
        const answer = await this.#sendOnce(call, signal);
        if (pause === undefined || !worthAnotherTry.has(answer.statusCode ?? 0)) return answer;
        const wait = Math.max(pause, Number(answer.headers['retry-after'] ?? 0) * 1000 || 0);
        if (wait > maxRetryAfterMs) return answer;
        answer.resume();
        await this.#clock.sleep(wait, signal);
      } catch (error) {
        if (signal.aborted || pause === undefined) throw error;
        await this.#clock.sleep(isStaleConnection(error) ? 0 : pause, signal);
      }
    }
  }

  async #sendOnce({ url, method, headers, body }: UpstreamCall, signal: AbortSignal): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const secure = url.protocol === 'https:';
    const options = { method, headers, signal, agent: secure ? this.#https : this.#http };
    const request = (secure ? httpsRequest : httpRequest)(url, options, resolve);
    request.once('error', reject);
    request.once('socket', socket => {
      if (!socket.connecting) return;
      const timer = setTimeout(() => request.destroy(new Error('no connection in time')), connectMs);
      socket.once(secure ? 'secureConnect' : 'connect', () => clearTimeout(timer));
      request.once('close', () => clearTimeout(timer));
    });
    request.setTimeout(firstByteMs, () => request.destroy(new Error('no answer in time')));
    request.end(body);
    return await promise;
  }

  dispose(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}

/** A connection that was kept and that the upstream had just closed. */
function isStaleConnection(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ECONNRESET' || code === 'EPIPE';
}
