/**
 * A client for programs that live for one command. Calls with one answer go as JSON in a request of their own, without
 * loading HTTP/2 and the protocol's descriptors, which takes longer than the call; streams load them and go over the one
 * connection that every other client has. The host does not tell the two apart.
 */
import { ownValue } from '../base/ownValue.js';
import type { CallOptions } from '@connectrpc/connect';
import { AppError, errorMessage, isAnyAppError } from '../base/errors.js';
import { systemCode } from '../node/systemError.js';
import type { EndpointFile } from '../protocol/endpoint.js';
import { unaryCalls } from '../protocol/gen/wireShapes.js';
import { runHeader } from '../protocol/version.js';
import { describeSystemCode, describeWireCode, sentError, unknownCall, unreachable } from './callErrors.js';
import type { EndpointOptions, HostClient } from './hostClient.js';
import type { HostServices } from './hostServices.js';
import { callOverSocket, type PlainAnswer } from './plainCall.js';
import { readMessage, writeMessage } from './plainMessage.js';
import { requireKnownProtocol } from './protocolCheck.js';
import { jsonValue } from '../base/jsonObject.js';
import { fieldOf, textField } from '../base/unknownFields.js';

export interface PlainOptions extends EndpointOptions {
  /** A call was answered by a host that put a damaged database aside. */
  readonly onDamage?: () => void;
}

/** Connects to the host of one endpoint file and makes sure that it answers. Throws `host.unreachable` or `cancelled`. */
export async function connectPlainly(endpoint: EndpointFile, options: PlainOptions): Promise<HostClient> {
  const client = speakPlainly(endpoint, options);
  const limits = { signal: options.signal, timeoutMs: options.timeoutMs ?? 5000 };
  const { version, damaged } = await client.host.getStatus({}, limits);
  return { ...client, version, damaged };
}

/** The same for whoever finds out by a first call whether the host answers. What it says of itself is what its file says. */
export function speakPlainly(endpoint: EndpointFile, options: PlainOptions): HostClient {
  requireKnownProtocol(endpoint);
  const closing = new AbortController();
  let streaming: Promise<HostClient> | undefined;
  const wire: PlainWire = {
    endpoint,
    options,
    closed: closing.signal,
    streaming: async () =>
      await (streaming ??= import('./hostClient.js').then(({ connectEndpoint }) =>
        connectEndpoint(endpoint, { ...options, signal: closing.signal }),
      )),
  };
  const services = {
    host: serviceOver<HostServices['host']>('muster.v1.HostService', 'host', wire),
    projects: serviceOver<HostServices['projects']>('muster.v1.ProjectService', 'projects', wire),
    threads: serviceOver<HostServices['threads']>('muster.v1.ThreadService', 'threads', wire),
    reviews: serviceOver<HostServices['reviews']>('muster.v1.ReviewService', 'reviews', wire),
    runs: serviceOver<HostServices['runs']>('muster.v1.RunService', 'runs', wire),
    merges: serviceOver<HostServices['merges']>('muster.v1.MergeService', 'merges', wire),
    worktrees: serviceOver<HostServices['worktrees']>('muster.v1.WorktreeService', 'worktrees', wire),
    sandboxes: serviceOver<HostServices['sandboxes']>('muster.v1.SandboxService', 'sandboxes', wire),
    images: serviceOver<HostServices['images']>('muster.v1.ImageService', 'images', wire),
    volumes: serviceOver<HostServices['volumes']>('muster.v1.VolumeService', 'volumes', wire),
    events: serviceOver<HostServices['events']>('muster.v1.EventService', 'events', wire),
    models: serviceOver<HostServices['models']>('muster.v1.ModelService', 'models', wire),
    access: serviceOver<HostServices['access']>('muster.v1.AccessService', 'access', wire),
    variables: serviceOver<HostServices['variables']>('muster.v1.VariableService', 'variables', wire),
    questions: serviceOver<HostServices['questions']>('muster.v1.QuestionService', 'questions', wire),
    schedules: serviceOver<HostServices['schedules']>('muster.v1.ScheduleService', 'schedules', wire),
    topics: serviceOver<HostServices['topics']>('muster.v1.TopicService', 'topics', wire),
    notebooks: serviceOver<HostServices['notebooks']>('muster.v1.NotebookService', 'notebooks', wire),
  };
  return {
    endpoint,
    version: endpoint.version,
    damaged: [],
    ...services,
    dispose() {
      closing.abort();
      void streaming?.then(
        client => client.dispose(),
        () => undefined,
      );
    },
  };
}

interface PlainWire {
  readonly endpoint: EndpointFile;
  readonly options: PlainOptions;
  /** Aborted when the client is disposed. */
  readonly closed: AbortSignal;
  /** The client for streams, connected at the first one. */
  readonly streaming: () => Promise<HostClient>;
}

/** One service: every method that has one answer is a plain call, every other one a stream. */
function serviceOver<T extends object>(type: string, name: keyof HostServices, wire: PlainWire): T {
  const calls = ownValue(unaryCalls, type) ?? {};
  const nothing: T = Object.create(null);
  return new Proxy(nothing, {
    get(_, method) {
      if (typeof method !== 'string') return undefined;
      const call = ownValue(calls, method);
      if (call) {
        const [wireName, answer] = call;
        return async (request: unknown, options: CallOptions = {}) =>
          readMessage(answer, await callPlainly(`/${type}/${wireName}`, { wire, request, options }));
      }
      return async function* (request: unknown, options: CallOptions = {}) {
        const service = (await wire.streaming())[name];
        const start: unknown = Reflect.get(service, method);
        const stream: unknown =
          typeof start === 'function' ? Reflect.apply(start, service, [request, options]) : undefined;
        if (isAsyncIterable(stream)) yield* stream;
      };
    },
  });
}

async function callPlainly(
  path: string,
  { wire, request, options }: { readonly wire: PlainWire; readonly request: unknown; readonly options: CallOptions },
): Promise<unknown> {
  const { endpoint, options: connection, closed } = wire;
  const { signal, timeoutMs = connection.callTimeoutMs } = options;
  const limit = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  try {
    const answer = await callOverSocket({
      socket: endpoint.socket,
      path,
      headers: {
        'Authorization': `Bearer ${endpoint.token}`,
        'Connect-Protocol-Version': '1',
        ...(connection.runId && { [runHeader]: connection.runId }),
        ...(timeoutMs !== undefined && { 'Connect-Timeout-Ms': String(Math.ceil(timeoutMs)) }),
      },
      body: writeMessage(request),
      signals: [closed, ...(signal ? [signal] : []), ...(limit ? [limit] : [])],
    });
    if (answer.damaged) connection.onDamage?.();
    const value = jsonValue(answer.body);
    if (answer.status === 200 && value !== undefined) return value;
    throw errorOf(answer, value, endpoint.socket);
  } catch (error) {
    throw isAnyAppError(error) ? error : failureOf(error, { signal, limit, socket: endpoint.socket });
  }
}

/** The error that an answer is: the host's own, or what it says about whoever answers there. */
function errorOf({ status, body }: PlainAnswer, value: unknown, socket: string): AppError {
  const code = textField(value, 'code');
  const rawMessage = textField(value, 'message');
  const details: unknown = fieldOf(value, 'details');
  const list: readonly unknown[] = Array.isArray(details) ? details : [];
  const detail = list.find(each => textField(each, 'type') === 'muster.v1.ErrorDetail');
  const shown = fieldOf(detail, 'debug');
  const sent = sentError(
    { code: textField(shown, 'code'), message: textField(shown, 'message'), data: textField(shown, 'data') },
    { rawMessage, cause: body },
  );
  if (sent) return sent;
  const reason = rawMessage.replace(/\.$/, '') || `it answered with HTTP status ${status}`;
  // What knows neither the call nor the protocol answers with this status.
  if (code === 'unimplemented' || (code === '' && status === 404)) return unknownCall(reason, body);
  const timedOut = code === 'deadline_exceeded';
  return unreachable({ socket, reason: describeWireCode(code) ?? reason, cause: body, timedOut });
}

/** The error of a call that got no answer. */
function failureOf(
  error: unknown,
  call: { readonly signal: AbortSignal | undefined; readonly limit: AbortSignal | undefined; readonly socket: string },
): AppError {
  if (call.signal?.aborted) return new AppError('cancelled', 'The call was cancelled.', {}, { cause: error });
  const timedOut = call.limit?.aborted === true;
  const reason = timedOut
    ? 'it did not answer in time'
    : (describeSystemCode(systemCode(error)) ?? (errorMessage(error).replace(/\.$/, '') || 'the connection broke'));
  return unreachable({ socket: call.socket, reason, cause: error, timedOut });
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
