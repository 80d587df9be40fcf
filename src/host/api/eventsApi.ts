import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import type { ThreadStatus } from '../../core/threads/threadStatus.js';
import { WatchResponseSchema, type EventService } from '../../protocol/gen/muster/v1/events_pb.js';
import type { AgentProblems } from '../environment/agentProblems.js';
import { FeedReader, type Dirty, type FeedEntry } from '../feed/changeFeed.js';
import { SharedAnswers } from '../feed/sharedAnswers.js';
import { wireProject } from './wireProject.js';
import { safeNumber, wireThread } from './wire.js';

/** Proxies and laptops close what is silent for a minute or half. */
const heartbeatMs = 15_000;
/** As many as the views show of what is over. */
const doneInSnapshot = 200;
/** What is open is shown whole; nobody has that many. */
const maxOpenInSnapshot = 10_000;

const done: readonly ThreadStatus[] = ['merged', 'closed', 'failed', 'abandoned'];
const notDone: readonly ThreadStatus[] = ['needs_you', 'queued', 'working', 'ready', 'merging'];

type Response = MessageInitShape<typeof WatchResponseSchema>;

export interface EventsApiOptions {
  readonly store: Store<Stores>;
  readonly problems: AgentProblems;
  /** Counts open streams, for the idle exit and `muster status`. */
  readonly onWatch: () => { dispose(): void };
}

export function eventsApi(options: EventsApiOptions): ServiceImpl<typeof EventService> {
  const { store, onWatch } = options;
  const make = (entry: FeedEntry) => create(WatchResponseSchema, toResponse(options, entry));
  const answers = new SharedAnswers(make, () => performance.now());
  return {
    async *watch(request, context) {
      const watching = onWatch();
      const reader = new FeedReader(store);
      const asJson = /\bjson\b/.test(context.requestHeader.get('content-type') ?? '');
      try {
        const from = { epoch: request.epoch, since: safeNumber(request.since, 'since') };
        for await (const entry of reader.read(from, heartbeatMs, context.signal)) {
          const { message, written } = answers.of(entry);
          yield asJson ? message : written;
        }
      } finally {
        watching.dispose();
        await reader.dispose();
      }
    },
  };
}

function toResponse(options: EventsApiOptions, entry: FeedEntry): Response {
  const { store } = options;
  const head = { epoch: store.epoch, sequence: BigInt(entry.sequence) };
  switch (entry.kind) {
    case 'heartbeat':
      return { ...head, update: { case: 'heartbeat', value: {} } };
    case 'snapshot':
      return { ...head, update: { case: 'snapshot', value: store.read(stores => snapshot(options, stores)) } };
    case 'changes':
      return {
        ...head,
        update: { case: 'changes', value: store.read(stores => changes(options, stores, entry.dirty)) },
      };
  }
}

function snapshot({ store, problems }: EventsApiOptions, stores: Stores) {
  const views = [
    ...stores.threads.page({ statuses: notDone, limit: maxOpenInSnapshot }).threads,
    ...stores.threads.page({ statuses: done, limit: doneInSnapshot }).threads,
  ];
  return {
    projects: stores.projects.list().map(project => wireProject(store, problems, project)),
    threads: views.map(wireThread),
  };
}

function changes({ store, problems }: EventsApiOptions, stores: Stores, dirty: Dirty) {
  // What changed in a part has changed in its thread.
  const threads = new Set([...dirty.threads].map(id => stores.parts.of(id)?.whole ?? id));
  const views = [...threads].flatMap(id => stores.threads.view(id) ?? []);
  // A run that began or ended changes the load of its project's agents.
  const projects = new Set([...dirty.projects, ...views.map(view => view.thread.projectId)]);
  return {
    projects: [...projects]
      .flatMap(id => stores.projects.get(id) ?? [])
      .map(project => wireProject(store, problems, project)),
    threads: views.map(wireThread),
    runIds: [...dirty.runs],
  };
}
