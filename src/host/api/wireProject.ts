import { create } from '@bufbuild/protobuf';
import { formatDuration } from '../../compose/duration.js';
import { referencedNames } from '../../compose/normalize/interpolate.js';
import type { AgentSpec, ProjectSpec, SchedulerSpec, TriggerSpec } from '../../compose/projectSpec.js';
import { consentQuestion, isConsented } from '../../core/projects/consent.js';
import { breakerState } from '../../core/runs/breaker.js';
import { isUserDefined, type Project } from '../../core/projects/project.js';
import { declaredTriggers, isSameTrigger, type DeclaredTrigger, type Trigger } from '../../core/schedules/trigger.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import { ProjectSchema, type Project as WireProject } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { AgentProblems } from '../environment/agentProblems.js';

/** A project with the load of its agents and what keeps them from working. */
export function wireProject(
  store: Store<Stores>,
  problems: Pick<AgentProblems, 'of' | 'permissions'>,
  project: Project,
): WireProject {
  const load = new Map(store.read(stores => stores.runs.load(project.id)).map(each => [each.agent, each]));
  const { spec } = project;
  const declared = declaredTriggers(project);
  const stored = declared.length === 0 ? [] : store.read(stores => stores.schedules.ofProject(project.id));
  const breakers = new Map(store.read(stores => stores.breakers.all()).map(each => [each.provider, each]));
  const now = Date.now();
  const { reasons, changed } = consentQuestion(spec, project.consent);
  return create(ProjectSchema, {
    id: project.id,
    name: project.name,
    folder: project.folder,
    file: project.file,
    revision: project.revision,
    specHash: project.specHash,
    appliedAt: BigInt(project.appliedAt),
    consented: isConsented(spec, project.consent),
    consentReasons: [...reasons],
    consentChanged: changed,
    concurrency: spec.limits.concurrency ?? 0,
    removed: project.removedAt !== undefined,
    mergeTarget: spec.merge.target ?? '',
    environmentNames: [...environmentNames(project)],
    agents: inFileOrder(spec)
      .filter(agent => agent.enabled)
      .map(agent => ({
        name: agent.name,
        provider: agent.provider,
        model: agent.model ?? '',
        description: agent.description ?? '',
        timeoutS: Math.round((agent.timeoutMs ?? 0) / 1000),
        driver: agent.driver.name,
        permissions: isUserDefined(spec, agent.name) ? 'unconfined' : problems.permissions(spec, agent),
        concurrency: agent.concurrency ?? 0,
        workspace: agent.workspace.provider,
        problem: problems.of(spec, agent),
        queued: load.get(agent.name)?.queued ?? 0,
        active: load.get(agent.name)?.active ?? 0,
        image: agent.image ?? '',
        hasScheduler: agent.scheduler !== undefined,
        schedulerEnabled: agent.scheduler?.enabled ?? false,
        triggerCount: triggersOf(agent.scheduler).length,
        stoppedRuntimePolicy: agent.sandbox.stoppedRuntimePolicy,
        handoffTo: [...(agent.handoff?.onResponse ?? [])],
        handoffDepth: agent.handoff?.maxDepth ?? 0,
        circuit: breakerState(breakers.get(agent.provider), now),
        circuitFailures: breakers.get(agent.provider)?.failures ?? 0,
        triggers: triggersOf(agent.scheduler).map(trigger => {
          const known = declared.find(each => each.agent === agent.name && each.spec === trigger);
          return wireTrigger(trigger, known, known && stored.find(each => isSameTrigger(each, known)));
        }),
      })),
  });
}

/** Agents as a person wrote them down; an order that was kept of an earlier revision leaves nobody out. */
function inFileOrder({ agents, agentOrder = [] }: ProjectSpec): readonly AgentSpec[] {
  const places = new Map(agentOrder.map((name, index) => [name, index]));
  const placeOf = ({ name }: AgentSpec): number => places.get(name) ?? agentOrder.length;
  return agents.toSorted((a, b) => placeOf(a) - placeOf(b));
}

/** Those of the file, then those that its script registers. */
function triggersOf(scheduler: SchedulerSpec | undefined): readonly TriggerSpec[] {
  return [...(scheduler?.triggers ?? []), ...(scheduler?.registered?.triggers ?? [])];
}

function wireTrigger(trigger: TriggerSpec, declared: DeclaredTrigger | undefined, stored: Trigger | undefined) {
  const { name = '', kind, prompt = '' } = trigger;
  const timezone = (trigger.kind === 'cron' ? trigger.timezone : undefined) ?? '';
  return {
    name,
    key: declared?.name ?? '',
    kind,
    schedule: scheduleOf(trigger),
    timezone,
    prompt,
    automatic: declared !== undefined,
    switchedOff: stored?.enabled === false,
    nextFireAt: BigInt(stored?.nextFireAt ?? 0),
    lastFiredAt: BigInt(stored?.lastFiredAt ?? 0),
  };
}

function scheduleOf(trigger: TriggerSpec): string {
  switch (trigger.kind) {
    case 'cron':
      return trigger.cron;
    case 'interval':
      return formatDuration(trigger.intervalMs);
    case 'timeout':
      return formatDuration(trigger.timeoutMs);
    case 'event':
      return trigger.topic;
  }
}

/** The variables that secrets of the file refer to: clients send those that they have. */
function environmentNames({ spec }: Project): readonly string[] {
  const entries = [
    ...spec.variables,
    ...spec.providers.flatMap(provider => provider.env),
    ...spec.agents.flatMap(agent => agent.env),
  ];
  return [...new Set(entries.flatMap(entry => (entry.secret ? referencedNames(entry.template) : [])))];
}
