import type { Sandbox } from '../../protocol/gen/muster/v1/sandboxes_pb.js';

/** A container of an agent, as `--json` prints it. */
export function sandboxJson(sandbox: Sandbox) {
  const { usage } = sandbox;
  return {
    sandbox: sandbox.id,
    thread_id: sandbox.threadId,
    agent: sandbox.agent,
    driver: sandbox.driver,
    image: sandbox.image,
    state: sandbox.state,
    ...(sandbox.problem !== '' && { problem: sandbox.problem }),
    ...(sandbox.progress !== '' && { progress: sandbox.progress }),
    ...(sandbox.node !== '' && { node: sandbox.node }),
    ...(sandbox.phase !== '' && { phase: sandbox.phase }),
    ...(sandbox.happenings.length > 0 && { happenings: sandbox.happenings }),
    created_at: new Date(Number(sandbox.createdAt)).toISOString(),
    used_at: new Date(Number(sandbox.usedAt)).toISOString(),
    runtime_ids: sandbox.runtimeIds,
    ...(usage && {
      usage: {
        cpus: usage.cpus,
        memory_bytes: Number(usage.memoryBytes),
        memory_limit_bytes: Number(usage.memoryLimitBytes),
        processes: usage.processes,
      },
    }),
  };
}
