import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import type { Clock } from '../../base/clock.js';
import { AppError } from '../../base/errors.js';
import { defined } from '../../base/defined.js';
import { findProject, findProjectOfHistory, projectOfFolder } from '../../core/projects/projectService.js';
import type { Project } from '../../core/projects/project.js';
import type { FireService } from '../../core/schedules/fireService.js';
import {
  pruneStatuses,
  type PruneCounts,
  type PruneFires,
  type PruneRequest,
  type PruneStatus,
} from '../../core/schedules/pruneFires.js';
import { findDeclared } from '../../core/schedules/findDeclared.js';
import type { ScheduleService as CoreScheduleService } from '../../core/schedules/scheduleService.js';
import {
  declaredTriggers,
  type DeclaredTrigger,
  type RecordedFire,
  type Trigger,
} from '../../core/schedules/trigger.js';
import type { ScriptEngine } from '../../core/scripts/scriptEngine.js';
import type { ScriptService } from '../../core/scripts/scriptService.js';
import { checkScript } from '../schedules/registerScripts.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import {
  FireSchema,
  ScheduledTriggerSchema,
  type Fire as WireFire,
  type PruneFiresRequest,
  type ScheduledTrigger,
  type ScheduleService,
  type SimulateTriggersRequest,
} from '../../protocol/gen/muster/v1/schedules_pb.js';
import { absolutePath, fail, given } from './requestFields.js';
import { safeNumber } from './wire.js';
import { wireScriptRun } from './wireScriptRun.js';

/** A page that is written within some milliseconds. */
const maxFires = 500;
const defaultFires = 50;
/** Every moment is computed while nobody else is answered: some milliseconds. */
const maxSimulated = 1_000;
const defaultSimulated = 100;
const dayMs = 86_400_000;

export interface SchedulesApiOptions {
  readonly store: Store<Stores>;
  readonly clock: Clock;
  readonly schedules: CoreScheduleService;
  readonly fires: FireService;
  readonly scripts: ScriptService;
  readonly pruning: PruneFires;
  readonly scriptEngine: ScriptEngine;
}

export function schedulesApi({
  store,
  clock,
  schedules,
  fires: firing,
  scripts,
  pruning,
  scriptEngine: engine,
}: SchedulesApiOptions): ServiceImpl<typeof ScheduleService> {
  return {
    async listTriggers(request) {
      const project = projectOf(store, request);
      return {
        triggers: declaredTriggers(project)
          .filter(({ agent }) => request.agent === '' || agent === request.agent)
          .map(declared => wireTrigger(project, declared, storedTrigger(store, declared))),
      };
    },

    async enableTrigger(request) {
      const project = projectOf(store, request);
      const name = { agent: request.agent, name: given(request.name) };
      const trigger = schedules.enable(project, name, request.enabled);
      return { trigger: wireTrigger(project, findDeclared(project, name), trigger) };
    },

    async fireTrigger(request) {
      const project = projectOf(store, request);
      const name = { agent: request.agent, name: given(request.name) };
      const resumed = request.resume === '' ? undefined : requireWorkflowRun(store, request.resume, project);
      const payload = payloadOf(request.payload) ?? resumed?.payload;
      const fired = await firing.byHand(project, name, { payload, origin: resumed?.origin });
      return { threadId: fired.threadId ?? '', runId: fired.runId ?? '', scriptRunId: fired.scriptRunId ?? '' };
    },

    async listScriptRuns(request) {
      const { id: projectId } = projectOf(store, request, 'history');
      const limit = Math.min(maxFires, request.limit > 0 ? request.limit : defaultFires);
      const filter = { projectId, agent: request.agent, limit, ...defined({ trigger: given(request.trigger) }) };
      return { runs: store.read(stores => stores.scripts.list(filter)).map(run => wireScriptRun(run, [])) };
    },

    async getScriptRun({ id, wait }) {
      const found = requireScriptRun(store, id);
      if (wait) await scripts.ended(found.id);
      const read = (stores: Stores) => wireScriptRun(stores.scripts.get(id) ?? found, stores.scripts.calls(found.id));
      return { run: store.read(read) };
    },

    async checkScript({ text }, { signal }) {
      const fault = text.trim() === '' ? undefined : await checkScript(text, { engine, signal });
      const { message = '', line = 0, column = 0, isWarning: warning = false } = fault ?? {};
      return { message, line, column, warning };
    },

    async cancelScriptRuns(request) {
      await scripts.cancel({ projectId: projectOf(store, request).id, agent: request.agent }, given(request.run));
      return {};
    },

    ...firesApi({ store, clock, schedules, pruning }),
  };
}

type FireCalls = 'listFires' | 'pruneFires' | 'countFires' | 'simulateTriggers';

/** What triggers did, and would do. */
function firesApi({
  store,
  clock,
  schedules,
  pruning,
}: Pick<SchedulesApiOptions, 'store' | 'clock' | 'schedules' | 'pruning'>): Pick<
  ServiceImpl<typeof ScheduleService>,
  FireCalls
> {
  return {
    async listFires(request) {
      const limit = Math.min(maxFires, request.limit > 0 ? request.limit : defaultFires);
      const filter = defined({ agent: given(request.agent), name: given(request.name) });
      return {
        fires: store.read(stores => {
          const { id } = projectOf({ read: work => work(stores) }, request, 'history');
          return stores.schedules.fires({ projectId: id, limit, ...filter }).map(fire => wireFire(stores, fire));
        }),
      };
    },

    async pruneFires(request, { signal }) {
      const wanted = toPrune(request, projectOf(store, request, 'history'));
      const { matched, removed } = await pruning.prune(wanted, signal);
      return { matched: wireCounts(matched), removed: wireCounts(removed) };
    },

    async countFires(request) {
      const { id: projectId } = projectOf(store, request, 'history');
      const since = safeNumber(request.since, 'since');
      const spanMs = request.spanMs === 0n ? dayMs : safeNumber(request.spanMs, 'span_ms');
      if (spanMs < 1_000) throw fail('span_ms', 'it is less than a second');
      return {
        counts: store
          .read(stores => stores.schedules.countFires({ projectId, since, spanMs }))
          .map(count => ({ ...count })),
      };
    },

    async simulateTriggers(request) {
      const project = projectOf(store, request);
      const limit = Math.min(maxSimulated, request.limit > 0 ? request.limit : defaultSimulated);
      // One more than asked for tells whether there are more.
      const fires = schedules.simulate(project, { ...simulated(request, clock.now()), count: limit + 1 });
      return {
        fires: fires.slice(0, limit).map(({ agent, name, at }) => ({ agent, name, at: BigInt(at) })),
        truncated: fires.length > limit,
      };
    },
  };
}

/** Errors: `request.invalid`. */
function simulated(request: SimulateTriggersRequest, now: number) {
  const from = request.from === 0n ? now : safeNumber(request.from, 'from');
  const to = request.to === 0n ? from + dayMs : safeNumber(request.to, 'to');
  if (to < from) throw fail('to', 'it is before the beginning');
  const perTrigger = request.perTrigger > 0 ? request.perTrigger : undefined;
  return { from, to, ...defined({ agent: given(request.agent), name: given(request.name), perTrigger }) };
}

/** Errors: `request.invalid`. */
function toPrune(request: PruneFiresRequest, project: Project): PruneRequest {
  return {
    projectId: project.id,
    statuses: request.statuses.map(pruneStatus),
    olderThanMs: safeNumber(request.olderThanMs, 'older_than_ms'),
    force: request.force,
    ...defined({ agent: given(request.agent), name: given(request.name) }),
  };
}

/** Errors: `request.invalid`. */
function pruneStatus(text: string): PruneStatus {
  const found = pruneStatuses.find(status => status === text);
  if (found === undefined) throw fail('statuses', `they are ${pruneStatuses.join(', ')}`);
  return found;
}

function wireCounts(counts: PruneCounts) {
  return {
    fires: BigInt(counts.fires),
    scriptRuns: BigInt(counts.scriptRuns),
    scriptCalls: BigInt(counts.scriptCalls),
    deliveries: BigInt(counts.deliveries),
    deliveredThreads: BigInt(counts.deliveredThreads),
  };
}

/** Errors: `scriptRun.unknown`. */
function requireScriptRun(store: Store<Stores>, id: string) {
  const found = store.read(stores => stores.scripts.get(id));
  if (found) return found;
  const run = id.slice(0, 40);
  throw new AppError('scriptRun.unknown', `There is no script run ${JSON.stringify(run)}.`, { run });
}

/** Errors: `scriptRun.unknown`, also when it is no run of a workflow of the project. */
function requireWorkflowRun(store: Store<Stores>, id: string, project: Project) {
  const found = requireScriptRun(store, id);
  if (found.origin !== undefined && found.projectId === project.id) return found;
  const run = id.slice(0, 40);
  throw new AppError('scriptRun.unknown', `${JSON.stringify(run)} is no run of a workflow of ${project.name}.`, {
    run,
  });
}

/** Errors: `payload.invalid`. */
function payloadOf(payload: string): string | undefined {
  if (payload === '') return undefined;
  try {
    JSON.parse(payload);
    return payload;
  } catch {
    throw new AppError('payload.invalid', 'The payload is refused: it is no JSON.', { reason: 'it is no JSON' });
  }
}

function projectOf(
  store: Pick<Store<Stores>, 'read'>,
  { project, folder }: { readonly project: string; readonly folder: string },
  what: 'present' | 'history' = 'present',
): Project {
  return store.read(stores => {
    if (project !== '')
      return what === 'history' ? findProjectOfHistory(stores, project) : findProject(stores, project);
    if (folder === '') throw fail('project', 'neither a project nor a folder is named');
    return projectOfFolder(stores, absolutePath(folder, 'folder'));
  });
}

function storedTrigger(store: Store<Stores>, declared: DeclaredTrigger): Trigger | undefined {
  return store.read(stores => stores.schedules.get(declared));
}

function wireTrigger(project: Project, declared: DeclaredTrigger, stored: Trigger | undefined): ScheduledTrigger {
  return create(ScheduledTriggerSchema, {
    projectId: project.id,
    projectName: project.name,
    agent: declared.agent,
    name: declared.name,
    kind: declared.spec.kind,
    source: declared.source,
    prompt: declared.prompt,
    enabled: stored?.enabled ?? true,
    nextFireAt: BigInt(stored?.nextFireAt ?? 0),
    lastFiredAt: BigInt(stored?.lastFiredAt ?? 0),
    fired: BigInt(stored?.fired ?? 0),
    sandboxPolicy: declared.sandboxPolicy,
    concurrencyPolicy: declared.overlap,
    misfire: declared.misfire,
    jitterMs: BigInt(declared.spec.jitterMs ?? 0),
    maxRuns: BigInt(declared.spec.maxRuns ?? 0),
    until: declared.spec.until ?? '',
  });
}

function wireFire(stores: Stores, fire: RecordedFire): WireFire {
  const script = fire.scriptRunId && stores.scripts.get(fire.scriptRunId);
  const run = fire.runId && stores.runs.get(fire.runId);
  return create(FireSchema, {
    agent: fire.agent,
    name: fire.name,
    dueAt: BigInt(fire.dueAt),
    at: BigInt(fire.at),
    missed: BigInt(fire.missed),
    by: fire.by,
    outcome: fire.outcome,
    reason: fire.reason ?? '',
    threadId: fire.threadId ?? '',
    runId: fire.runId ?? '',
    scriptRunId: fire.scriptRunId ?? '',
    sequence: BigInt(fire.sequence),
    attempts: fire.attempts,
    runStatus: script?.status ?? run?.status ?? '',
    runError: script?.error ?? '',
  });
}
