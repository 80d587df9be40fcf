import { AppError } from '../../base/errors.js';
import type { ProjectId } from '../../base/ids.js';
import type { AgentSpec, ProjectSpec } from '../../compose/projectSpec.js';

/** An applied compose file. Its identity is the file's path; the name is for people. Times are ms since the epoch. */
export interface Project {
  readonly id: ProjectId;
  readonly name: string;
  /** Absolute folder of the compose file: where agents' paths start and where git is looked for. */
  readonly folder: string;
  readonly file: string;
  readonly revision: number;
  readonly specHash: string;
  readonly spec: ProjectSpec;
  readonly appliedAt: number;
  /** What a person agreed to; compared with {@link consentKey} of the present spec. */
  readonly consent?: string;
  readonly removedAt?: number;
}

/** What a person must agree to before agents of this spec may run, one sentence each; empty when nothing. */
export function consentReasons(spec: ProjectSpec): readonly string[] {
  const reasons: string[] = [];
  for (const provider of spec.providers) {
    reasons.push(`Provider ${provider.name} runs the command \`${[provider.command, ...provider.args].join(' ')}\`.`);
  }
  for (const agent of spec.agents) {
    if (agent.driver.name === 'process' && permissionsOf(spec, agent.name) === 'auto') {
      reasons.push(
        `Agent ${agent.name} (${agent.provider}) runs on this machine with permissions: auto. It may run any command and change any file that you can.`,
      );
    }
  }
  return reasons;
}

/** One text that changes when what is consented to changes. */
export function consentKey(spec: ProjectSpec): string {
  return consentReasons(spec).join('\n');
}

/** True when nothing needs consent or a person gave it to exactly this. */
export function isConsented(spec: ProjectSpec, consent: string | undefined): boolean {
  const key = consentKey(spec);
  return key === '' || key === consent;
}

/** An agent that asks for a container is not run on the bare machine instead. Errors: `request.invalid`. */
export function requireDriver(agent: AgentSpec): void {
  if (agent.driver.name === 'process') return;
  throw new AppError(
    'request.invalid',
    `Agent ${agent.name} runs in ${agent.driver.name}, which this version does not start yet. Write driver: {process: {}} to run it as a process of this machine.`,
    { field: `agents.${agent.name}.driver`, reason: 'not supported yet' },
  );
}

/** The permission mode an agent runs with: its own, its user-defined provider's, else `confined`. */
export function permissionsOf(spec: ProjectSpec, agentName: string): 'confined' | 'ask' | 'auto' {
  const agent = spec.agents.find(candidate => candidate.name === agentName);
  if (agent?.permissions) return agent.permissions;
  return spec.providers.find(provider => provider.name === agent?.provider)?.permissions ?? 'confined';
}
