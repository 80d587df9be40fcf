import { createHash } from 'node:crypto';
import { availableParallelism, totalmem } from 'node:os';
import { within } from '../base/async.js';
import type { Clock } from '../base/clock.js';
import type { DisposableStore } from '../base/lifecycle.js';
import { ProviderRegistries } from '../core/agents/providerRegistries.js';
import { CandidateVerifier } from '../core/merges/candidateVerifier.js';
import { MergeService } from '../core/merges/mergeService.js';
import { ApplyProject } from '../core/projects/applyProject.js';
import { UpdateService } from '../core/merges/updateService.js';
import { UndoService } from '../core/merges/undoService.js';
import { storedLandings } from '../core/merges/storedLandings.js';
import { ProjectService } from '../core/projects/projectService.js';
import { TakeDownProject } from '../core/projects/takeDownProject.js';
import { ScheduleService } from '../core/schedules/scheduleService.js';
import { Scheduler } from '../core/schedules/scheduler.js';
import { ReviewService } from '../core/reviews/reviewService.js';
import { DirectoryRunSupervisor } from '../core/runs/directoryRunSupervisor.js';
import { RunCommits } from '../core/runs/runCommits.js';
import { RunLifecycle } from '../core/runs/runLifecycle.js';
import { machineRunLimit, type RunLimit } from '../core/runs/runLimit.js';
import { RunStarter } from '../core/runs/runStarter.js';
import { DispatchService } from '../core/threads/dispatchService.js';
import { RecoverThreads } from '../core/threads/recoverThreads.js';
import { ThreadService } from '../core/threads/threadService.js';
import { ThreadSettler } from '../core/threads/threadSettler.js';
import { WorkspaceService } from '../core/workspaces/workspaceService.js';
import type { RescueDriver } from '../core/workspaces/rescueDriver.js';
import { retentionPolicy, type RetentionSettings } from '../core/retention/garbage.js';
import { RetentionService } from '../core/retention/retentionService.js';
import { RescueService } from '../core/workspaces/rescueService.js';
import type { WorktreeDriver } from '../core/workspaces/worktreeDriver.js';
import { createDiskStateFiles } from '../drivers/files/diskStateFiles.js';
import { createCandidateCheckouts } from '../drivers/git/merge/candidateCheckout.js';
import { createGitMergeDriver } from '../drivers/git/merge/gitMergeDriver.js';
import { createGitRescueDriver } from '../drivers/git/rescue/gitRescueDriver.js';
import { createGitWorktreeDriver } from '../drivers/git/worktree/gitWorktreeDriver.js';
import { createCommandShell } from '../drivers/process/commandShell.js';
import { createProcessSandbox, type ProcessSandbox } from '../drivers/process/createProcessSandbox.js';
import { HostComposeReader } from './compose/hostComposeReader.js';
import { SecretKeys } from '../node/secretDigests.js';
import { AgentProblems } from './environment/agentProblems.js';
import { ComposeSecrets } from './environment/composeSecrets.js';
import { hostPlaceholders } from './environment/hostPlaceholders.js';
import { HostRunEnvironment } from './environment/hostRunEnvironment.js';
import { LoginShell } from './environment/loginShell.js';
import type { HostState } from './openState.js';
import { cronTimes } from './schedules/cronTimes.js';
import { HostRunSecrets } from './secrets/hostRunSecrets.js';
import { DiskLeftovers } from './state/diskLeftovers.js';
import { keyedDigest, machineKey } from './state/machineKey.js';

/** How long an ending host waits for each thing that is still at work, in ms. What it leaves, the next one takes up. */
const longestGoodbyeMs = 5_000;

/** The orchestrator on this machine: the services of `core` with their drivers. */
export interface HostCore extends HostState {
  readonly sandbox: ProcessSandbox;
  readonly runSecrets: HostRunSecrets;
  readonly recovery: RecoverThreads;
  readonly worktrees: WorktreeDriver;
  readonly rescueDriver: RescueDriver;
  readonly rescues: RescueService;
  readonly retention: RetentionService;
  readonly shell: LoginShell;
  readonly secrets: ComposeSecrets;
  readonly providers: ProviderRegistries;
  readonly problems: AgentProblems;
  readonly settler: ThreadSettler;
  readonly merges: MergeService;
  readonly undos: UndoService;
  readonly updates: UpdateService;
  readonly runs: RunLifecycle;
  readonly limit: RunLimit;
  readonly threads: ThreadService;
  readonly reviews: ReviewService;
  readonly dispatcher: DispatchService;
  readonly schedules: ScheduleService;
  readonly scheduler: Scheduler;
  readonly applying: ApplyProject;
  readonly takingDown: TakeDownProject;
}

/** What a host is started with. */
interface CoreOptions {
  readonly distDir: string;
  readonly maxRuns?: number;
  readonly retention?: RetentionSettings;
}

/** Builds the services; each uses only what stands above it. Nothing is begun here but the question to the login shell. */
export function buildCore(
  state: HostState,
  { distDir, maxRuns, retention: limits = {} }: CoreOptions,
  resources: DisposableStore,
): HostCore {
  const { store, clock, ids, log, redactor } = state;
  const common = { store, clock, ids, log };
  const stateDir = state.directory.path;

  const shell = new LoginShell(log);
  void shell.environment();
  const key = machineKey(stateDir);
  const runSecrets = new HostRunSecrets({ store, log, stateDir, keys: new SecretKeys(key) });
  const sandbox = resources.add(createProcessSandbox({ stateDir, maskOf: run => runSecrets.maskOf(run), clock, log }));
  sandbox.prepare();
  const person = (): LoginShell['known'] => shell.known;
  const worktrees = createGitWorktreeDriver({ stateDir, clock, log, person });
  const rescueDriver = createGitRescueDriver({ stateDir, clock, log });
  const mergeDriver = createGitMergeDriver({ stateDir, clock, log, person, journal: storedLandings(store) });
  const verifier = new CandidateVerifier({
    ...common,
    checkouts: createCandidateCheckouts({ stateDir, clock, log }),
    shell: createCommandShell({ environment: () => shell.environment(), redact: text => redactor.redact(text) }),
  });
  const providers = new ProviderRegistries();
  const workspaces = new WorkspaceService({ ...common, driver: worktrees, worktreesDir: state.directory.worktrees });
  const rescues = new RescueService({ ...common, driver: rescueDriver, workspaces });
  const retention = new RetentionService({
    ...common,
    policy: retentionPolicy(limits),
    files: createDiskStateFiles({ stateDir }),
    directory: sandbox.directory,
    driver: rescueDriver,
    workspaces,
  });
  const secretDigest = keyedDigest(key);
  const secrets = new ComposeSecrets({ digest: secretDigest, redactor });
  const environment = new HostRunEnvironment({
    stateDir,
    worktreesDir: state.directory.worktrees,
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
  const supervisor = new DirectoryRunSupervisor({ ...sandbox, clock, log });

  // Given back in reverse: preparations end before the supervisor leaves, and ends that it still tells are settled after.
  const settler = resources.add(new ThreadSettler({ ...common, driver: worktrees, supervisor, secrets: runSecrets }));
  const merges = resources.add(new MergeService({ ...common, driver: mergeDriver, verifier, settler }));
  const undos = new UndoService({ ...common, driver: mergeDriver });
  const updates = new UpdateService({ ...common, driver: mergeDriver, settler, workspaces });
  resources.add(supervisor);
  const starter = new RunStarter({
    ...common,
    providers,
    workspaces,
    directory: sandbox.directory,
    environment,
    placeholders: hostPlaceholders(distDir),
  });
  const limit: RunLimit =
    maxRuns === undefined
      ? machineRunLimit({ cores: availableParallelism(), memoryBytes: totalmem() })
      : { runs: maxRuns, chosen: true };
  const runs = new RunLifecycle({
    ...common,
    directory: sandbox.directory,
    supervisor,
    starter,
    commits: new RunCommits(common),
    secrets: runSecrets,
    settler,
    limit,
  });
  resources.add({ dispose: () => patiently(runs.dispose(), clock) });
  const threads = new ThreadService({ ...common, runs, settler, workspaces, rescues, driver: worktrees });
  const leftovers = new DiskLeftovers({ stateDir, worktreesDir: state.directory.worktrees });
  const recovery = new RecoverThreads({ ...common, workspaces, driver: worktrees, runs, leftovers });
  const reviews = new ReviewService({ ...common, settler, driver: worktrees, digest: sha256 });
  const dispatcher = new DispatchService({ ...common, providers, workspaces, environment, runs });
  const schedules = new ScheduleService({ ...common, times: cronTimes, dispatcher });
  const scheduler = new Scheduler({ ...common, clock, schedules });
  resources.add({ dispose: () => patiently(scheduler.dispose(), clock) });
  const projects = new ProjectService(common);
  const applying = new ApplyProject({ reader: new HostComposeReader({ shell, secrets, secretDigest }), projects });
  const takingDown = new TakeDownProject({ store, projects, threads });

  return {
    ...state,
    sandbox,
    runSecrets,
    recovery,
    worktrees,
    rescueDriver,
    rescues,
    retention,
    shell,
    secrets,
    providers,
    problems,
    settler,
    merges,
    undos,
    updates,
    runs,
    limit,
    threads,
    reviews,
    dispatcher,
    schedules,
    scheduler,
    applying,
    takingDown,
  };
}

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Waits for what is at work when the host ends, but not for ever. */
export async function patiently(work: Promise<void>, clock: Clock): Promise<void> {
  await within(work, { ms: longestGoodbyeMs, clock });
}
