import { AppError } from '../../base/errors.js';
import type { ProjectId } from '../../base/ids.js';
import type { AgentSpec, BoxliteSpec, ProjectSpec } from '../../compose/projectSpec.js';
import { startedDrivers } from '../../base/startedDrivers.js';

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
  /** What a person agreed to; in the form of `consent.ts`. */
  readonly consent?: string;
  readonly removedAt?: number;
}

/** An agent that asks for a sandbox is not run on the bare machine instead. Errors: `request.invalid`. */
export function requireDriver(agent: AgentSpec): void {
  const { driver } = agent;
  if (startedDrivers.includes(driver.name)) {
    if (driver.name !== 'process') requireImage(agent);
    if (driver.name !== 'process' && driver.name !== 'docker') requirePulled(agent);
    if (driver.name === 'boxlite') requireBoxlite(agent, driver);
    return;
  }
  throw new AppError(
    'request.invalid',
    `Agent ${agent.name} runs in ${agent.driver.name}, which this version does not start yet. Write driver: {docker: {}} for a container, or driver: {process: {}} to run it as a process of this machine.`,
    { field: `agents.${agent.name}.driver`, reason: 'not supported yet' },
  );
}

function requireImage(agent: AgentSpec): void {
  const { driver } = agent;
  if (agent.image !== undefined || agent.build || (driver.name === 'boxlite' && driver.rootfs !== undefined)) return;
  throw new AppError(
    'request.invalid',
    `Agent ${agent.name} runs in ${driver.name} and names no image. Write image: with one that has the CLI of ${agent.provider} (muster-guest:latest has it, made by muster image build), or driver: {process: {}} to run it as a process of this machine.`,
    { field: `agents.${agent.name}.image`, reason: 'no image' },
  );
}

/** What BoxLite's package takes otherwise, or not. */
function requireBoxlite({ name, volumes }: AgentSpec, { kernel, rootfs }: BoxliteSpec): void {
  const refuse = (field: string, reason: string, text: string): never => {
    throw new AppError('request.invalid', `Agent ${name} runs in boxlite, ${text}`, {
      field: `agents.${name}.${field}`,
      reason,
    });
  };
  if (kernel !== undefined)
    refuse('driver.boxlite.kernel', 'no other kernel', 'whose package takes no other kernel. Leave kernel: out.');
  if (rootfs?.startsWith('/') === false)
    refuse('driver.boxlite.rootfs', 'not absolute', 'and its rootfs: is not an absolute path.');
  if (volumes.length > 0)
    refuse('volumes', 'no volumes', 'whose machines take no more folders than those of a run. Leave volumes: out.');
}

/** What runtimes of virtual machines and clusters cannot: build. */
function requirePulled({ name, driver, build }: AgentSpec): void {
  if (!build) return;
  throw new AppError(
    'request.invalid',
    `Agent ${name} runs in ${driver.name}, which takes images from registries alone. Build it with Docker, push it to one, and write image: with its name there.`,
    { field: `agents.${name}.build`, reason: 'not built' },
  );
}

/** True for an agent that runs a command of the file's own: no permission mode means anything to that. */
export function isUserDefined(spec: ProjectSpec, agentName: string): boolean {
  const agent = spec.agents.find(candidate => candidate.name === agentName);
  return spec.providers.some(({ name }) => name === agent?.provider);
}

function usualPermissions({ driver, provider }: AgentSpec): 'confined' | 'ask' | 'auto' {
  if (driver.name !== 'process') return 'auto';
  return asking.has(provider) ? 'ask' : 'confined';
}

/** CLIs whose questions reach a person; of Gemini's input tokens those from a cache are not told apart then. */
const asking: ReadonlySet<string> = new Set(['claude', 'codex', 'gemini', 'opencode']);

/**
 * The permission mode an agent runs with: its own, its user-defined provider's, else `auto` inside a sandbox, and outside `ask` where its CLI can
 * ask and `confined` where it cannot.
 */
export function permissionsOf(spec: ProjectSpec, agentName: string): 'confined' | 'ask' | 'auto' {
  const agent = spec.agents.find(candidate => candidate.name === agentName);
  if (agent?.permissions) return agent.permissions;
  const usual = agent === undefined ? 'confined' : usualPermissions(agent);
  return spec.providers.find(provider => provider.name === agent?.provider)?.permissions ?? usual;
}

/** True when the file itself says how the agent asks; else what is usual holds, as far as this machine can. */
export function saysPermissions(spec: ProjectSpec, agentName: string): boolean {
  const agent = spec.agents.find(candidate => candidate.name === agentName);
  const provider = spec.providers.find(candidate => candidate.name === agent?.provider);
  return (agent?.permissions ?? provider?.permissions) !== undefined;
}
