import { join } from 'node:path';
import type { DisposableStore } from '../base/lifecycle.js';
import type { ProviderRegistries } from '../core/agents/providerRegistries.js';
import { CandidateVerifier } from '../core/merges/candidateVerifier.js';
import { SandboxService } from '../core/sandboxes/sandboxService.js';
import { WorkspaceService } from '../core/workspaces/workspaceService.js';
import { type RetentionSettings, retentionPolicy } from '../core/retention/garbage.js';
import { RetentionService } from '../core/retention/retentionService.js';
import { WarmPool } from '../core/workspaces/warmPool.js';
import { WorkspacePreparer } from '../core/workspaces/workspacePreparer.js';
import { createDiskStateFiles } from '../drivers/files/diskStateFiles.js';
import { createSpareDriver } from '../drivers/git/worktree/spareWorktree.js';
import { createCandidateCheckouts } from '../drivers/git/merge/candidateCheckout.js';
import { createCommandShell } from '../drivers/process/commandShell.js';
import { freePorts } from '../drivers/process/freePorts.js';
import type { HostDrivers } from './buildDrivers.js';
import { AgentProblems } from './environment/agentProblems.js';
import { ComposeSecrets } from './environment/composeSecrets.js';
import { HostRunEnvironment } from './environment/hostRunEnvironment.js';
import { FileHostVariables } from './environment/hostVariables.js';
import type { HostState } from './openState.js';

/** How places are made, where people chose. */
export interface PlaceOptions {
  readonly branchPrefix?: string | undefined;
  /** Worktrees to keep ready for each repository. Default: 1. */
  readonly warmWorktrees?: number | undefined;
  readonly limits: RetentionSettings;
}

/** Where agents work, what runs there besides them, and for how long it is kept. */
export function buildPlaces(state: HostState, drivers: HostDrivers, how: PlaceOptions, resources: DisposableStore) {
  const { branchPrefix, warmWorktrees = 1, limits } = how;
  const { store, clock, ids, log, directory } = state;
  const common = { store, clock, ids, log };
  const { shell, sandbox, worktrees, rescueDriver } = drivers;
  const stateDir = directory.path;
  const commands = createCommandShell({
    environment: () => shell.environment(),
    redact: text => state.redactor.redact(text),
    endMarked: sandbox.endMarked,
  });
  const verifier = new CandidateVerifier({
    ...common,
    checkouts: createCandidateCheckouts({ stateDir, clock, log, git: drivers.git }),
    shell: commands,
  });
  const { worktrees: worktreesDir } = directory;
  const warm = resources.add(
    new WarmPool({
      ...common,
      driver: createSpareDriver({ stateDir, clock, log, git: drivers.git }),
      folder: join(stateDir, 'ready'),
      size: warmWorktrees,
    }),
  );
  const workspaces = new WorkspaceService({ ...common, driver: worktrees, worktreesDir, branchPrefix, warm });
  const preparer = new WorkspacePreparer({ ...common, shell: commands, ports: freePorts, driver: worktrees });
  const retention = new RetentionService({
    ...common,
    policy: retentionPolicy(limits),
    warm,
    files: createDiskStateFiles({ stateDir }),
    directory: sandbox.directory,
    driver: rescueDriver,
    workspaces,
  });
  const sandboxes = new SandboxService({
    ...common,
    machine: sandbox.driver,
    drivers: drivers.sandboxDrivers,
    git: drivers.guestGit,
    stateDir,
  });
  return { verifier, workspaces, preparer, retention, sandboxes, warm };
}

/** What runs get in their environment, and what keeps agents from working. */
export function buildEnvironment(state: HostState, drivers: HostDrivers & { readonly providers: ProviderRegistries }) {
  const { clock, redactor, directory } = state;
  const { shell, runSecrets, providers } = drivers;
  const secrets = new ComposeSecrets({ digest: drivers.secretDigest, redactor });
  const hostVariables = new FileHostVariables(directory.path);
  const environment = new HostRunEnvironment({
    hostVariables,
    stateDir: directory.path,
    worktreesDir: directory.worktrees,
    shell,
    redactor,
    secrets,
    runSecrets,
  });
  const problems = new AgentProblems({
    shell,
    providers,
    clientPath: () => environment.lastClientPath,
    now: () => clock.awake(),
  });
  return { secrets, environment, problems, hostVariables };
}
