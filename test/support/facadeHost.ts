import { createServer, request, type IncomingMessage, type OutgoingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { DisposableStore } from '../../src/base/lifecycle.js';
import { silentLog } from '../../src/base/log.js';
import { Redactor } from '../../src/base/redactor.js';
import type { Spent } from '../../src/core/models/modelCall.js';
import type { Project } from '../../src/core/projects/project.js';
import type { FarFacades } from '../../src/core/models/farFacade.js';
import type { GuestFacade } from '../../src/core/sandboxes/sandboxDriver.js';
import type { Run } from '../../src/core/runs/run.js';
import { createNodeClock } from '../../src/drivers/process/nodeClock.js';
import type { SqliteStore } from '../../src/drivers/sqlite/sqliteStore.js';
import { buildModels, type HostModels } from '../../src/host/buildModels.js';
import { countingIds } from './ids.js';
import { agentOf, specOf } from './projectSpecs.js';
import { seedProject, seedThread } from './seed.js';
import { openTestStore } from './sqliteStore.js';
import { upstreamKey } from './facadeTokens.ts';
import { fakeGuest } from './fakes/fakeSandbox.js';

export { upstreamKey };

export interface FacadeHost {
  readonly projectId: Project['id'];
  readonly store: SqliteStore;
  readonly models: HostModels;
  readonly stateDir: string;
  /** Of the facade, without a slash at the end. */
  readonly url: string;
  /** Of {@link run}. */
  readonly token: string;
  readonly run: Run;
  /** What a run's environment came to. */
  readonly variables: Readonly<Record<string, string>>;
  /** Makes another run at work, on another thread. */
  openRun(
    agent?: string,
  ): Promise<{ readonly run: Run; readonly token: string; readonly variables: Readonly<Record<string, string>> }>;
  /** Ends it as the supervisor would. */
  endRun(run: Run): void;
  settings(settings: object): void;
  /** As `call` of {@link callFacade}, with the token of the run. */
  post(path: string, body: unknown, headers?: OutgoingHttpHeaders): Promise<Answer>;
  dispose(): Promise<void>;
}

export interface FacadeHostOptions {
  readonly upstream: string;
  readonly compose?: string;
  readonly settings?: object;
  /** A facade elsewhere that its runs are sent to. */
  readonly far?: {
    readonly guest: GuestFacade;
    readonly facades: FarFacades;
    /** Holds the key of the host. */
    readonly keyFolder: string;
  };
}

const defaultCompose = 'agents: {dev: {provider: claude, llm: facade}}';

/** The facade over a real database and a real listener, with one run at work. */
export async function startFacade({
  upstream,
  compose = defaultCompose,
  settings = {},
  far,
}: FacadeHostOptions): Promise<FacadeHost> {
  const opened = openTestStore();
  const { store } = opened;
  const stateDir = dirname(opened.file);
  const resources = new DisposableStore();
  const spec = specOf(compose);
  const ids = countingIds();
  const project = seedProject(store, ids, spec);
  const write = (more: object): void => {
    const upstreams = {
      anthropic: { endpoint: upstream },
      openai: { endpoint: `${upstream}/v1` },
      gemini: { endpoint: upstream },
    };
    mkdirSync(stateDir, { recursive: true });
    writeFileSync(
      join(stateDir, 'models.json'),
      JSON.stringify({ upstreams, prices: [{ models: '*', input: 1, output: 10 }], ...more }),
    );
  };
  write(settings);
  if (far) copyFileSync(join(far.keyFolder, 'facade.key'), join(stateDir, 'facade.key'));
  const environment = {
    ANTHROPIC_API_KEY: upstreamKey,
    OPENAI_API_KEY: upstreamKey,
    GEMINI_API_KEY: upstreamKey,
    MY_KEY: upstreamKey,
    PATH: '/bin',
  };
  const models = buildModels(
    {
      store,
      clock: createNodeClock(),
      log: silentLog,
      redactor: new Redactor(),
      directory: { path: stateDir },
    } as never,
    {
      shell: { environment: async () => ({ PATH: process.env['PATH'] ?? '' }) },
      runSecrets: { keep: () => undefined },
      farFacades: far?.facades,
      environment: { look: async () => environment },
    } as never,
    resources,
  );
  const openRun: FacadeHost['openRun'] = async (agent = 'dev') => {
    const { run } = seedThread(store, ids, project.id, { agent, status: 'running' });
    const found = { variables: environment, machine: environment, searched: [], secrets: [] };
    const opening = {
      run,
      agent: agentOf(spec, agent),
      guest: { ...fakeGuest, ...(far && { facade: far.guest }) },
      environment: found,
    };
    const { facade, variables } = await models.runModels.open(opening);
    if (!facade) throw new Error('The run does not go through the facade');
    return { run, token: facade.token, variables };
  };
  const first = await openRun();
  const port = store.read(({ modelAccess }) => modelAccess.port());
  const url = far ? `http://${far.guest.host}:${far.guest.port}` : `http://127.0.0.1:${port}`;
  const dispose = async (): Promise<void> => {
    await resources.dispose();
    opened.dispose();
  };
  onTestFinished(dispose);
  return {
    projectId: project.id,
    store,
    models,
    stateDir,
    url,
    ...first,
    openRun,
    endRun(run) {
      store.transact(stores => {
        stores.runs.update({ ...run, status: 'succeeded', endedAt: 2 });
        stores.modelAccess.revoke(run.id);
        stores.events.append({ kind: 'run_changed', threadId: run.threadId, runId: run.id, status: 'succeeded' }, 2);
      });
    },
    settings: write,
    post: (path, body, headers = {}) =>
      callFacade(url, {
        path,
        headers: { 'content-type': 'application/json', 'authorization': `Bearer ${first.token}`, ...headers },
        body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
      }),
    dispose,
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly bytes: Buffer;
  readonly text: string;
}

export interface FacadeRequest {
  readonly path: string;
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

/** One request, read to its end. */
export async function callFacade(url: string, call: FacadeRequest): Promise<Answer> {
  const answer = await openCall(url, call);
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  return { status: answer.statusCode ?? 0, headers: answer.headers, bytes, text: bytes.toString('utf8') };
}

/** The head of the answer to one request. */
export async function openCall(
  url: string,
  { path, method = 'POST', headers = {}, body = '' }: FacadeRequest,
): Promise<IncomingMessage> {
  return await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(
      `${url}${path}`,
      { method, headers: { 'content-length': Buffer.byteLength(body), ...headers } },
      resolve,
    );
    sent.once('error', reject);
    sent.end(body);
  });
}

export interface TestUpstream {
  readonly url: string;
  /** Connections that were made to it. */
  readonly connections: number;
  /** What it was asked, in order. */
  readonly requests: readonly {
    readonly method: string;
    readonly url: string;
    readonly headers: IncomingMessage['headers'];
    readonly body: Buffer;
  }[];
}

/** An upstream that answers as it is told; ends with the test. */
export async function startUpstream(
  answer: (request: IncomingMessage & { readonly whole: Buffer }, response: Parameters<RequestListener>[1]) => void,
): Promise<TestUpstream> {
  const requests: TestUpstream['requests'][number][] = [];
  let connections = 0;
  const take = async (incoming: IncomingMessage, response: Parameters<RequestListener>[1]): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    requests.push({ method: incoming.method ?? '', url: incoming.url ?? '', headers: incoming.headers, body });
    answer(Object.assign(incoming, { whole: body }), response);
  };
  // A facade that leaves in the middle of a request is what some tests want.
  const server = createServer((incoming, response) => void take(incoming, response).catch(() => response.destroy()));
  server.on('connection', () => connections++);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise<void>(resolve => server.close(() => resolve()));
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get connections() {
      return connections;
    },
  };
}

/** Where Anthropic's API is called. */
export const messages = '/anthropic/v1/messages';

/** A request of it. */
export const ask = { model: 'claude-sonnet-4-5', messages: [{ role: 'user', content: 'Hello' }] };

/** An answer of it with what it used. */
export const whole = JSON.stringify({
  type: 'message',
  content: [],
  usage: { input_tokens: 1000, output_tokens: 100 },
});

/** An upstream that says the same to everybody. */
export async function answeringUpstream(body = whole): Promise<TestUpstream> {
  return await startUpstream((_, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(body),
  );
}

/** What the calls of the first run came to. */
export function spentOf({ store, run }: FacadeHost): Spent {
  return store.read(({ modelCalls }) => modelCalls.spent({ run: run.id }));
}
