import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError } from '../../base/errors.js';
import type { Clock } from '../../base/clock.js';
import type { Disposable } from '../../base/lifecycle.js';
import { DisposableStore } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { Redactor } from '../../base/redactor.js';
import type { Upstream } from '../../core/models/upstream.js';
import { ModelFacade } from '../facade/modelFacade.js';
import { modelServer } from '../facade/modelServer.js';
import { ModelSettingsFile } from '../facade/modelSettings.js';
import { RateLimits } from '../facade/rateLimits.js';
import { upstreamBase } from '../facade/runUpstreams.js';
import { verifiedCollect } from '../facade/signedToken.js';
import { UpstreamKeys } from '../facade/upstreamKeys.js';
import { UpstreamClient } from '../facade/upstreamRequest.js';
import type { ListenAddress } from '../server/listenAddress.js';
import type { FarSettings } from './farSettings.js';
import { MountedKeys } from './mountedKeys.js';
import { SignedGate } from './signedGate.js';
import { UsageLedger } from './usageLedger.js';

/** Requests are held whole; a container has less memory than a person's machine. */
const heldBytes = 128 * 1024 * 1024;
/** A host names the runs that are to stop. */
const maxWordBytes = 300 * 1024;
/** Whoever has no token takes no more than its share of these. */
const maxConnections = { models: 4_000, control: 256 } as const;
const wordMs = 10_000;
/** How long what calls came to is kept for hosts when everything else is over: they ask every five seconds. */
const lingerMs = 20_000;

type Variables = Readonly<Record<string, string>>;

/**
 * The facade as a process of its own: the same routes and the same relay as in a host, with a gate that believes what hosts have signed
 * and a ledger in place of the database.
 *
 *   starting ──both ports──► serving ──end──► draining (calls go on, no new connections) ──idle, or too long──► lingering ──► closed
 */
export class FarFacade implements Disposable {
  readonly #settings: FarSettings;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #resources = new DisposableStore();
  readonly #ledger = new UsageLedger();
  readonly #gate: SignedGate;
  readonly #facade: ModelFacade;
  readonly #models: Server;
  readonly #control: Server;
  #isEnding = false;

  constructor(
    settings: FarSettings,
    {
      clock,
      log,
      redactor,
      environment,
    }: {
      readonly clock: Clock;
      readonly log: Log;
      readonly redactor: Redactor;
      readonly environment: Variables;
    },
  ) {
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
    const file = new ModelSettingsFile(settings.settingsFile);
    const now = (): number => clock.awake();
    const mounted = new MountedKeys({ environment, folder: settings.keysFolder, now });
    // Read once now: what is wrong with it is said when the facade starts, not by its first call.
    if (file.current.logCalls)
      log.warn('log_calls of models.json is for hosts: nothing of what is said is written here');
    const rules = (): typeof file.current => ({ ...file.current, logCalls: false });
    const keys = new UpstreamKeys({
      settings: rules,
      redactor,
      shellEnvironment: async () => mounted.variables,
      now,
    });
    const { keys: hostKeys, facade: name } = settings;
    this.#gate = new SignedGate({ keys: hostKeys, facade: name, rules, ledger: this.#ledger, clock });
    this.#facade = new ModelFacade({
      gate: this.#gate,
      keys,
      upstreams: {
        target: async (_run, upstream) => {
          const { variables } = mounted;
          if (keys.sourceOf(upstream, variables) === undefined) throw noKey(upstream);
          return { base: upstreamBase(upstream, variables, rules()), key: await keys.keyOf(upstream, variables) };
        },
        forget: () => undefined,
      },
      client: this.#resources.add(new UpstreamClient(clock)),
      settings: rules,
      rates: new RateLimits(now),
      calls: { write: () => undefined },
      heldBytes,
      clock,
      log,
    });
    this.#models = modelServer((request, response) => this.#facade.handle(request, response));
    this.#control = modelServer((request, response) => this.#answer(request, response), { requestTimeout: wordMs });
    this.#models.maxConnections = maxConnections.models;
    this.#control.maxConnections = maxConnections.control;
  }

  /** Resolves when both ports are open, with their numbers. */
  async listen(): Promise<{ readonly models: number; readonly control: number }> {
    const { models, control } = this.#settings;
    return { models: await open(this.#models, models), control: await open(this.#control, control) };
  }

  /** Ends without breaking off what is at work, as far as its time goes; then waits a little for hosts to ask what that came to. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#models.close();
    this.#models.closeIdleConnections();
    if (!(await this.#within(this.#settings.drainMs, this.#facade.idle())))
      this.#log.warn('Calls of models that are at work are broken off');
    await this.#facade.dispose();
    this.#models.closeAllConnections();
    if (!(await this.#within(lingerMs, this.#ledger.allTaken())))
      this.#log.warn('No host has asked what the last calls came to: it is lost');
    await this.dispose();
  }

  async dispose(): Promise<void> {
    for (const server of [this.#models, this.#control]) {
      server.close();
      server.closeAllConnections();
    }
    await this.#resources.dispose();
  }

  /** Whether it came about in time. */
  async #within(ms: number, work: Promise<void>): Promise<boolean> {
    const over = new AbortController();
    const late = this.#clock.sleep(ms, over.signal).then(
      () => false,
      () => true,
    );
    const inTime = await Promise.race([work.then(() => true), late]);
    over.abort();
    return inTime;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { method, url } = request;
    if (method === 'GET' && url === '/healthz')
      return say(response, this.#isEnding ? 503 : 200, { ok: !this.#isEnding });
    if (method !== 'POST' || url !== '/usage') return say(response, 404, {});
    textOf(request).then(
      word => this.#collect(word, response),
      () => response.destroy(),
    );
  }

  #collect(word: string | undefined, response: ServerResponse): void {
    const { keys, facade } = this.#settings;
    const asked = word === undefined ? undefined : verifiedCollect(word, { keys, facade, now: this.#clock.now() });
    if (!asked) return say(response, 403, {});
    for (const run of this.#gate.stop(asked)) this.#facade.endRun(run);
    say(response, 200, this.#ledger.report(asked));
  }
}

/** Said inside an agent, to people who know where its facade is. */
function noKey({ name, keyNames }: Upstream): AppError<'model.keyMissing'> {
  const message = `The facade has no key for ${name}: a file or variable ${keyNames.join(' or ')} of its own.`;
  return new AppError('model.keyMissing', message, { upstream: name, variables: keyNames });
}

async function open(server: Server, { address: host, port }: ListenAddress): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host, port }, resolve);
  await promise;
  server.removeListener('error', reject);
  const bound: AddressInfo | string | null = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : port;
}

/** `undefined` for what is too long. */
async function textOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > maxWordBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function say(response: ServerResponse, status: number, value: object): void {
  const body = JSON.stringify(value);
  const connection = status === 200 ? {} : { connection: 'close' };
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...connection };
  response.writeHead(status, headers).end(body);
}
