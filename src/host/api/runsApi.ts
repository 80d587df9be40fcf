import { create } from '@bufbuild/protobuf';
import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import { defined } from '../../base/defined.js';
import { assertNever } from '../../base/exhaustive.js';
import { AppError } from '../../base/errors.js';
import { isId, type RunId } from '../../base/ids.js';
import type { AgentEvent } from '../../core/agents/agentEvent.js';
import type { ProviderRegistries } from '../../core/agents/providerRegistries.js';
import { eventReader } from '../../core/agents/eventReader.js';
import { TextJoiner, type PlacedEvent } from '../../core/agents/textJoiner.js';
import type { LiveInputs } from '../../core/runs/liveInput.js';
import { isRunEnded, isRunSettling, type Run } from '../../core/runs/run.js';
import type { OutputLine, RunOutput } from '../../core/runs/runOutput.js';
import { findProjectOfHistory } from '../../core/projects/projectService.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import { findThread } from '../../core/threads/threadLookup.js';
import {
  RunDetailSchema,
  TranscriptItemSchema,
  type ListRunsRequest,
  type RunDetail,
  type RunService,
  type TranscriptItem,
} from '../../protocol/gen/muster/v1/runs_pb.js';
import { readRunLog } from '../feed/runLog.js';
import { pulledLines } from '../feed/pulledLines.js';
import type { SecretMask } from '../../node/secretMask.js';
import type { HostRunSecrets } from '../secrets/hostRunSecrets.js';
import { fail, given, oneOf } from './requestFields.js';
import { terminalSize } from './terminalSize.js';
import { listUsage } from './usageCall.js';
import { safeNumber, wireRun } from './wire.js';

/** A page that is written within some milliseconds. */
const maxPage = 500;
const defaultPage = 100;

export interface RunsApiOptions {
  readonly store: Store<Stores>;
  readonly output: RunOutput;
  readonly providers: ProviderRegistries;
  readonly runSecrets: Pick<HostRunSecrets, 'hide' | 'maskOf'>;
  /** Absolute path of a run's directory. */
  readonly directoryOf: (run: RunId) => string;
  readonly inputs: Pick<LiveInputs, 'of' | 'leave'>;
}

export function runsApi(options: RunsApiOptions): ServiceImpl<typeof RunService> {
  const { store, runSecrets, directoryOf, inputs } = options;
  return {
    async getRun({ runId }) {
      const run = findRun(store, runId);
      return { run: wireRun(run), detail: store.read(stores => detailOf(options, stores, run)) };
    },

    async listRuns(request) {
      return store.read(stores => {
        const runs = listedRuns(stores, request);
        return { runs: runs.map(run => wireRun(run)), details: runs.map(run => detailOf(options, stores, run)) };
      });
    },

    async listUsage(request) {
      return { usage: [...listUsage(store, request)] };
    },

    async *readTranscript(request, context) {
      const run = findRun(store, request.runId);
      const eventsOf = readerOf(options, run);
      const joiner = new TextJoiner();
      // Asked for with the first word: the run may be given its secrets while somebody is waiting to read it.
      let mask: SecretMask | undefined;
      // A text that came in pieces may hold what none of them held.
      const hidden = ({ event, end }: PlacedEvent): PlacedEvent =>
        event.kind === 'text'
          ? { event: { ...event, text: (mask ??= runSecrets.maskOf(run.id)).hideIn(event.text) }, end }
          : { event, end };
      for await (const lines of outputLines(
        options,
        run,
        { from: safeNumber(request.from, 'from'), follow: request.follow },
        context,
      )) {
        const events = lines.flatMap(line => eventsOf(line.text).flatMap(event => joiner.add(event, line.end)));
        const items = [...events, ...joiner.pause()].map(hidden).flatMap(toItem);
        if (items.length > 0) yield { items };
      }
      const rest = joiner.flush().map(hidden).flatMap(toItem);
      if (rest.length > 0) yield { items: rest };
    },

    async *readLog(request, context) {
      const run = findRun(store, request.runId);
      const stream = oneOf(['stdout', 'stderr'], request.stream, 'stream') ?? 'stdout';
      const ended = endOf(store, run.id);
      try {
        yield* readRunLog({
          file: `${directoryOf(run.id)}/${stream === 'stdout' ? 'stdout.ndjson' : 'stderr.log'}`,
          from: safeNumber(request.from, 'from'),
          tailBytes: safeNumber(request.tailBytes, 'tail_bytes'),
          follow: request.follow,
          pieces: request.pieces,
          ended: ended.signal,
          signal: context.signal,
          maskOf: () => runSecrets.maskOf(run.id),
        });
      } finally {
        await ended.dispose();
      }
    },

    async writeInput({ runId, data, end, rows, columns }, { signal }) {
      const run = findRun(store, runId);
      if (isRunEnded(run.status)) {
        inputs.leave(run.id);
        return {};
      }
      const input = inputs.of(run.id);
      if (!input) throw fail('run_id', 'nobody gives this run its input');
      const size = rows > 0 && columns > 0 ? terminalSize({ rows, columns }) : undefined;
      await input.give({ data, end, ...defined({ size }) }, signal);
      return {};
    },
  };
}

function listedRuns(stores: Stores, { threadId, project, agent, limit }: ListRunsRequest): readonly Run[] {
  if (project === '') return stores.runs.ofThread(findThread(stores, threadId).thread.id);
  const filter = { limit: Math.min(maxPage, limit > 0 ? limit : defaultPage), ...defined({ agent: given(agent) }) };
  return stores.runs.ofProject(findProjectOfHistory(stores, project).id, filter).toReversed();
}

function detailOf({ directoryOf }: RunsApiOptions, stores: Stores, run: Run): RunDetail {
  const thread = stores.threads.get(run.threadId);
  const project = thread && stores.projects.get(thread.projectId);
  const agent = project?.spec.agents.find(candidate => candidate.name === run.agent);
  return create(RunDetailSchema, {
    runId: run.id,
    prompt: stores.messages.get(run.messageId)?.body ?? '',
    projectId: project?.id ?? '',
    projectName: project?.name ?? '',
    driver: agent?.driver.name ?? '',
    image: agent?.image ?? '',
    directory: directoryOf(run.id),
    workspace: thread?.worktree ?? '',
  });
}

/** A run whose id is, or uniquely begins with, the text. Errors: `run.unknown`. */
function findRun(store: Store<Stores>, id: string): Run {
  const text = id.toLowerCase();
  const run = store.read(stores => {
    if (isId<'run'>(text)) return stores.runs.get(text);
    const matches = /^[0-9a-z]{2,12}$/.test(text) ? stores.runs.withPrefix(text) : [];
    const [only] = matches;
    return matches.length === 1 && only !== undefined ? stores.runs.get(only) : undefined;
  });
  if (!run)
    throw new AppError('run.unknown', `There is no run ${JSON.stringify(id.slice(0, 60))}.`, { run: id.slice(0, 60) });
  return run;
}

function readerOf({ store, providers }: RunsApiOptions, run: Run): (line: string) => readonly AgentEvent[] {
  const { thread, project } = store.read(stores => {
    const found = stores.threads.get(run.threadId);
    return { thread: found, project: found && stores.projects.get(found.projectId) };
  });
  if (!project) throw new AppError('run.unknown', `Run ${run.id} belongs to no project.`, { run: run.id });
  const place = { thread: run.threadId, ...defined({ worktree: thread?.worktree }) };
  return eventReader(providers.of(project.spec).get(run.provider), place);
}

/** The run's lines; with `follow` until the run has ended and everything was handed over. */
async function* outputLines(
  { store, output }: RunsApiOptions,
  run: Run,
  { from, follow }: { readonly from: number; readonly follow: boolean },
  context: HandlerContext,
): AsyncGenerator<readonly OutputLine[]> {
  const ended = endOf(store, run.id);
  if (!follow) ended.now();
  try {
    yield* pulledLines(output, { run: run.id, from, until: ended.signal, signal: context.signal });
  } finally {
    await ended.dispose();
  }
}

interface RunEndSignal {
  readonly signal: AbortSignal;
  now(): void;
  dispose(): void | Promise<void>;
}

/** A signal that aborts when the run has ended and its work is committed: whoever reads along may then use it. */
function endOf(store: Store<Stores>, id: RunId): RunEndSignal {
  const controller = new AbortController();
  const check = (): void => {
    const run = store.read(stores => stores.runs.get(id));
    if (!run || (isRunEnded(run.status) && !isRunSettling(run))) controller.abort();
  };
  const subscription = store.onDidCommit(events => {
    if (events.some(({ event }) => event.kind === 'run_changed' && event.runId === id)) check();
  });
  check();
  return { signal: controller.signal, now: () => controller.abort(), dispose: () => subscription.dispose() };
}

function toItem({ event, end }: PlacedEvent): TranscriptItem[] {
  const item = itemOf(event);
  return item ? [create(TranscriptItemSchema, { end: BigInt(end), item })] : [];
}

function itemOf(event: AgentEvent): TranscriptItem['item'] | undefined {
  switch (event.kind) {
    case 'conversation':
      return undefined;
    case 'text':
      return init({
        case: 'text',
        value: { text: event.text, delta: event.delta ?? false, plain: event.plain ?? false },
      });
    case 'thinking':
    case 'result':
    case 'raw':
      return init({ case: event.kind, value: { text: event.text } });
    case 'tool_call':
      return init({
        case: 'toolCall',
        value: {
          callId: event.callId,
          tool: event.tool,
          category: event.category,
          title: event.title,
          input: event.input,
          path: event.path ?? '',
        },
      });
    case 'tool_result':
      return init({
        case: 'toolResult',
        value: { callId: event.callId, ok: event.ok, output: event.output, exitCode: event.exitCode },
      });
    case 'usage':
      return init({
        case: 'usage',
        value: {
          total: event.total,
          inputTokens: event.inputTokens === undefined ? undefined : BigInt(Math.round(event.inputTokens)),
          outputTokens: event.outputTokens === undefined ? undefined : BigInt(Math.round(event.outputTokens)),
          costUsd: event.costUsd,
        },
      });
    case 'error':
      return init({ case: 'error', value: { message: event.message, reason: event.reason } });
    default:
      return assertNever(event);
  }
}

type ItemInit = NonNullable<Parameters<typeof create<typeof TranscriptItemSchema>>[1]>['item'];

function init(item: ItemInit): TranscriptItem['item'] {
  return create(TranscriptItemSchema, { item }).item;
}
