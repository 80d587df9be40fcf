import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { isId, type SandboxId } from '../../base/ids.js';
import type { AgentsPlace, Capacities } from '../../core/sandboxes/placeCapacity.js';
import type { PlaceChecker, PlaceFinding } from '../../core/sandboxes/placeCheck.js';
import type { SandboxControl, SandboxView } from '../../core/sandboxes/sandboxControl.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import { findThread } from '../../core/threads/threadLookup.js';
import {
  PlaceCapacitySchema,
  PlaceFindingSchema,
  SandboxSchema,
  SandboxUsageSchema,
  type PlaceCapacity,
  type Sandbox,
  type SandboxService,
} from '../../protocol/gen/muster/v1/sandboxes_pb.js';
import { fail, given } from './requestFields.js';
import { stepsOf } from './stepsOf.js';

export interface SandboxesApiOptions {
  readonly store: Store<Stores>;
  readonly sandboxControl: SandboxControl;
  readonly placeChecker: PlaceChecker;
  readonly capacities: Capacities;
  /** Counts open streams: a host does not end while it looks. */
  readonly onWatch: () => { dispose(): void };
}

export function sandboxesApi({
  store,
  sandboxControl,
  placeChecker,
  capacities,
  onWatch,
}: SandboxesApiOptions): ServiceImpl<typeof SandboxService> {
  return {
    async listSandboxes({ threadId, usage }) {
      const text = given(threadId);
      const thread = text === undefined ? undefined : store.read(stores => findThread(stores, text)).thread.id;
      const views = await sandboxControl.list({ thread, usage });
      return { sandboxes: views.map(wireSandbox) };
    },
    async stopSandbox({ id }) {
      return { sandbox: wireSandbox(await sandboxControl.stop(sandboxId(id))) };
    },
    async removeSandbox({ id }) {
      await sandboxControl.remove(sandboxId(id));
      return {};
    },
    async enterSandbox({ id }, { signal }) {
      const { command, terminal } = await sandboxControl.enter(sandboxId(id), signal);
      return { command: [...command], terminal: [...terminal] };
    },
    async listCapacity({ projectIds }) {
      const projects = projectIds.map(text => {
        if (isId<'project'>(text)) return text;
        throw fail('project_ids', 'not the id of a project');
      });
      return { places: (await capacities.list(projects)).map(wireCapacity) };
    },
    async *checkPlace({ projectId, agent, fix }, { signal }) {
      const project = isId<'project'>(projectId) ? store.read(stores => stores.projects.get(projectId)) : undefined;
      if (!project) throw fail('project_id', 'there is no such project');
      const watching = onWatch();
      try {
        const findings = stepsOf<PlaceFinding, void>(onFinding =>
          placeChecker.check(project, agent, { fix, onFinding, signal }),
        );
        for await (const next of findings) if ('step' in next) yield create(PlaceFindingSchema, next.step);
      } finally {
        watching.dispose();
      }
    },
  };
}

function sandboxId(text: string): SandboxId {
  if (isId<'sandbox'>(text)) return text;
  throw fail('id', 'not the id of a sandbox');
}

function wireSandbox(view: SandboxView): Sandbox {
  const { sandbox, inspection, usage, problem, progress = '', happenings = [] } = view;
  return create(SandboxSchema, {
    id: sandbox.id,
    threadId: sandbox.threadId,
    agent: sandbox.agent,
    driver: sandbox.driver.name,
    image: sandbox.image,
    state: stateWord({ sandbox, ...(inspection && { inspection }) }),
    problem: problem ?? sandbox.problem ?? '',
    progress,
    node: inspection?.node ?? '',
    phase: inspection?.phase ?? '',
    happenings: [...happenings],
    createdAt: BigInt(sandbox.createdAt),
    usedAt: BigInt(sandbox.usedAt),
    runtimeIds: [...(inspection?.runtimeIds ?? [])],
    ...(usage && {
      usage: create(SandboxUsageSchema, {
        cpus: usage.cpus,
        memoryBytes: BigInt(Math.round(usage.memoryBytes)),
        memoryLimitBytes: BigInt(Math.round(usage.memoryLimitBytes ?? 0)),
        processes: usage.processes,
      }),
    }),
  });
}

function wireCapacity({ driver, agents, capacity }: AgentsPlace): PlaceCapacity {
  const { name, machines, cpus, memoryBytes, atWork, waiting, unknown = '' } = capacity;
  const bytes = (number: number | undefined): bigint | undefined =>
    number === undefined ? undefined : BigInt(Math.round(number));
  return create(PlaceCapacitySchema, {
    driver: driver.name,
    name,
    agents: agents.map(({ project, agent }) => ({ projectId: project, agent })),
    ...(machines && { machines: machines.all, machinesReady: machines.ready }),
    cpus: cpus?.has,
    cpusAsked: cpus?.asked,
    memoryBytes: bytes(memoryBytes?.has),
    memoryAskedBytes: bytes(memoryBytes?.asked),
    atWork,
    waiting: waiting.length,
    waitsFor: [...new Set(waiting)],
    unknown,
  });
}

/** What was stored says whether it was made; the runtime says what is there now. */
function stateWord({ sandbox, inspection }: Pick<SandboxView, 'sandbox' | 'inspection'>): string {
  if (!inspection) return 'unknown';
  return inspection.state === 'ready' ? sandbox.state : inspection.state;
}
