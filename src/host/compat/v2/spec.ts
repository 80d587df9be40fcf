import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ProjectSpecSchema, TriggerSpecSchema } from '../../../protocol/gen/agentcompose/v2/spec_pb.js';
import { TriggerKind } from '../../../protocol/gen/agentcompose/v2/spec_pb.js';
import type { Agent, Project, Trigger } from '../../../protocol/gen/muster/v1/projects_pb.js';

/** What of a project's file a client is shown. Variables and credentials are left out: they may be secret. */
export function specOf({ name, agents }: Project): MessageInitShape<typeof ProjectSpecSchema> {
  return { name, agents: agents.map(agentSpec) };
}

function agentSpec(agent: Agent) {
  return {
    name: agent.name,
    provider: agent.provider,
    model: agent.model,
    image: agent.image,
    driver: { name: agent.driver },
    enabled: true,
    sandbox: { stoppedRuntimePolicy: agent.stoppedRuntimePolicy },
    ...(agent.hasScheduler && {
      scheduler: { enabled: agent.schedulerEnabled, triggers: agent.triggers.map(triggerSpec) },
    }),
  };
}

/** A trigger of the file. */
export function triggerSpec({
  name,
  kind,
  schedule,
  timezone,
  prompt,
}: Trigger): MessageInitShape<typeof TriggerSpecSchema> {
  const common = { name, prompt, timezone };
  switch (kind) {
    case 'cron':
      return { ...common, kind: TriggerKind.CRON, cron: schedule };
    case 'interval':
      return { ...common, kind: TriggerKind.INTERVAL, interval: schedule };
    case 'timeout':
      return { ...common, kind: TriggerKind.TIMEOUT, timeout: schedule };
    default:
      return { ...common, kind: TriggerKind.EVENT, event: { topic: schedule } };
  }
}
