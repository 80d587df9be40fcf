import { randomBytes } from 'node:crypto';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { within } from '../base/async.js';
import type { ThreadId } from '../base/ids.js';
import type { Clock } from '../base/clock.js';
import type { DisposableStore } from '../base/lifecycle.js';
import { AccessTokenService, type TokenTexts } from '../core/access/accessTokenService.js';
import { ImageService } from '../core/images/imageService.js';
import { ProviderRegistries } from '../core/agents/providerRegistries.js';
import { CandidateVerifier } from '../core/merges/candidateVerifier.js';
import { ConflictPredictor } from '../core/merges/conflictPredictor.js';
import { HandMergeService } from '../core/merges/handMergeService.js';
import { MergeResumer } from '../core/merges/mergeResumer.js';
import { MergeService } from '../core/merges/mergeService.js';
import { CellService } from '../core/notebooks/cellService.js';
import { NotebookService } from '../core/notebooks/notebookService.js';
import { ApplyProject } from '../core/projects/applyProject.js';
import { UpdateService } from '../core/merges/updateService.js';
import { UndoService } from '../core/merges/undoService.js';
import { MovedRepositories } from '../core/projects/movedRepositories.js';
import { ProjectService } from '../core/projects/projectService.js';
import { TakeDownProject } from '../core/projects/takeDownProject.js';
import { SandboxControl } from '../core/sandboxes/sandboxControl.js';
import { SandboxService } from '../core/sandboxes/sandboxService.js';
import type { ChangesService } from '../core/reviews/changesService.js';
import type { CommentService } from '../core/reviews/commentService.js';
import type { SuggestionService } from '../core/reviews/suggestionService.js';
import type { RequestChanges } from '../core/reviews/requestChanges.js';
import { RunMail } from '../core/mail/runMail.js';
import { BatchService } from '../core/batches/batchService.js';
import { QuestionService } from '../core/questions/questionService.js';
import type { ReviewService } from '../core/reviews/reviewService.js';
import { DirectoryRunSupervisor } from '../core/runs/directoryRunSupervisor.js';
import { RunCommits } from '../core/runs/runCommits.js';
import { RunLifecycle } from '../core/runs/runLifecycle.js';
import type { RunModels } from '../core/models/runModels.js';
import { machineRunLimit, type RunLimit } from '../core/runs/runLimit.js';
import { RunStarter } from '../core/runs/runStarter.js';
import { DispatchService } from '../core/threads/dispatchService.js';
import { RetryThread } from '../core/threads/retryThread.js';
import { RecoverThreads } from '../core/threads/recoverThreads.js';
import { ThreadService } from '../core/threads/threadService.js';
import { ThreadSettler } from '../core/threads/threadSettler.js';
import { WorkspaceService } from '../core/workspaces/workspaceService.js';
import type { RescueDriver } from '../core/workspaces/rescueDriver.js';
import { retentionPolicy, type RetentionSettings } from '../core/retention/garbage.js';
import { RetentionService } from '../core/retention/retentionService.js';
import { RescueService } from '../core/workspaces/rescueService.js';
import { WarmPool } from '../core/workspaces/warmPool.js';
import { WorkspacePreparer } from '../core/workspaces/workspacePreparer.js';
import type { WorktreeDriver } from '../core/workspaces/worktreeDriver.js';
import { createDiskStateFiles } from '../drivers/files/diskStateFiles.js';
import { createSpareDriver } from '../drivers/git/worktree/spareWorktree.js';
import { createCandidateCheckouts } from '../drivers/git/merge/candidateCheckout.js';
import { createCommandShell } from '../drivers/process/commandShell.js';
import { freePorts } from '../drivers/process/freePorts.js';
import type { ProcessSandbox } from '../drivers/process/createProcessSandbox.js';
import { buildDrivers, type HostDrivers } from './buildDrivers.js';
import { guestImage } from './sandboxes/guestImage.js';
import { buildModels, type HostModels } from './buildModels.js';
import { buildReviews, sha256 } from './buildReviews.js';
import { buildSchedules, type HostSchedules } from './buildSchedules.js';
import { buildWorktrees, type HostWorktrees } from './buildWorktrees.js';
import { HostComposeReader } from './compose/hostComposeReader.js';
import { AgentProblems } from './environment/agentProblems.js';
import { ComposeSecrets } from './environment/composeSecrets.js';
import { hostPlaceholders } from './environment/hostPlaceholders.js';
import { HostRunEnvironment } from './environment/hostRunEnvironment.js';
import type { TextGeneration } from './facade/textGeneration.js';
import type { LoginShell } from './environment/loginShell.js';
import type { HostState } from './openState.js';
import type { HostRunSecrets } from './secrets/hostRunSecrets.js';
import { DiskLeftovers } from './state/diskLeftovers.js';

/** How long an ending host waits for each thing that is still at work, in ms. What it leaves, the next one takes up. */
const longestGoodbyeMs = 5_000;

/** The orchestrator on this machine: the services of `core` with their drivers. */
export interface HostCore extends HostState, HostModels, HostSchedules, HostWorktrees {
  readonly sandbox: ProcessSandbox;
  readonly runSecrets: HostRunSecrets;
  readonly environment: HostRunEnvironment;
  readonly recovery: RecoverThreads;
  readonly moves: MovedRepositories;
  readonly worktrees: WorktreeDriver;
  readonly rescueDriver: RescueDriver;
  readonly notebookServers: HostDrivers['notebookServers'];
  readonly rescues: RescueService;
  readonly preparer: WorkspacePreparer;
  readonly retention: RetentionService;
  readonly warm: WarmPool;
  readonly shell: LoginShell;
  readonly secrets: ComposeSecrets;
  readonly providers: ProviderRegistries;
  readonly problems: AgentProblems;
  readonly settler: ThreadSettler;
  readonly verifier: CandidateVerifier;
  readonly merges: MergeService;
  readonly conflicts: ConflictPredictor;
  readonly undos: UndoService;
  readonly updates: UpdateService;
  readonly handMerges: HandMergeService;
  readonly resumer: MergeResumer;
  readonly runs: RunLifecycle;
  readonly sandboxControl: SandboxControl;
  readonly images: ImageService;
  readonly questions: QuestionService;
  readonly mail: RunMail;
  readonly limit: RunLimit;
  readonly threads: ThreadService;
  readonly reviews: ReviewService;
  readonly comments: CommentService;
  readonly changes: ChangesService;
  readonly suggestions: SuggestionService;
  readonly requestChanges: RequestChanges;
  readonly dispatcher: DispatchService;
  readonly batches: BatchService;
  readonly retries: RetryThread;
  readonly notebooks: NotebookService;
  readonly applying: ApplyProject;
  readonly takingDown: TakeDownProject;
  readonly accessTokens: AccessTokenService;
}

/** What a host is started with. */
interface CoreOptions {
  readonly distDir: string;
  readonly maxRuns?: number;
  readonly branchPrefix?: string;
  /** Worktrees to keep ready for each repository. Default: 1. */
  readonly warmWorktrees?: number;
  readonly retention?: RetentionSettings;
}

/** Builds the services; each uses only what stands above it. Nothing is begun here but the question to the login shell. */
export function buildCore(
  state: HostState,
  { distDir, maxRuns, branchPrefix, warmWorktrees, retention: limits = {} }: CoreOptions,
  resources: DisposableStore,
): HostCore {
  const { store, clock, ids, log } = state;
  const common = { store, clock, ids, log };
  const drivers = buildDrivers(state, { distDir }, resources);
  const { sandbox, runSecrets, worktrees, rescueDriver, mergeDriver } = drivers;
  const providers = new ProviderRegistries();
  const how = { branchPrefix, warmWorktrees, limits };
  const { verifier, workspaces, preparer, sandboxes, retention, warm } = buildPlaces(state, drivers, how, resources);
  const { secrets, environment, problems } = buildEnvironment(state, { ...drivers, providers });
  const notebooks = resources.add(new NotebookService({ ...common, driver: drivers.notebookServers, environment }));
  const guests = { endOf: endAll([notebooks, sandboxes]) };
  const rescues = new RescueService({ ...common, driver: rescueDriver, workspaces, notebooks: guests });
  const models = buildModels(state, { ...drivers, environment }, resources);
  const supervisor = new DirectoryRunSupervisor({ ...sandbox, drivers: sandboxes, clock, log });

  // Given back in reverse: preparations end before the supervisor leaves, and ends that it still tells are settled after.
  const settling = { ...common, driver: worktrees, supervisor, sandboxes, secrets: runSecrets };
  const settler = resources.add(new ThreadSettler(settling));
  const merges = resources.add(new MergeService({ ...common, driver: mergeDriver, verifier, settler }));
  const conflicts = resources.add(new ConflictPredictor({ ...common, driver: worktrees }));
  const undos = new UndoService({ ...common, driver: mergeDriver });
  const updates = new UpdateService({ ...common, driver: mergeDriver, settler, workspaces });
  const handMerges = new HandMergeService({ store, driver: drivers.handMerges, settler, workspaces });
  const resumer = resources.add(new MergeResumer({ store, log, merges }));
  resources.add(supervisor);
  const places = { workspaces, preparer, sandboxes, environment, notebooks, providers, supervisor, settler };
  const options = { runModels: models.runModels, distDir, limit: runLimit(maxRuns) };
  const life = buildRuns(state, { ...drivers, ...places, ...options }, resources);
  const { runs } = life;
  resources.add({ dispose: () => patiently(runs.dispose(), clock) });
  const built = { ...drivers, settler, runs, workspaces, rescues, preparer, providers, environment, secrets, distDir };
  const { textGeneration } = models;

  return {
    ...state,
    ...drivers,
    ...models,
    environment,
    notebooks,
    rescues,
    preparer,
    retention,
    warm,
    secrets,
    providers,
    problems,
    settler,
    verifier,
    merges,
    conflicts,
    undos,
    updates,
    handMerges,
    resumer,
    ...life,
    sandboxControl: new SandboxControl({ store, sandboxes }),
    images: new ImageService({ store, driver: drivers.images, guest: guestImage(distDir) }),
    ...buildSurface(state, { ...built, textGeneration }, resources),
  };
}

type EndOf = (thread: ThreadId) => Promise<void>;

/** Ends all that works in a thread's worktree. */
function endAll(services: readonly { readonly endOf: EndOf }[]): EndOf {
  return async thread => {
    await Promise.all(services.map(service => service.endOf(thread)));
  };
}

/** Where agents work, what runs there besides them, and for how long it is kept. */
function buildPlaces(
  state: HostState,
  drivers: HostDrivers,
  how: Pick<CoreOptions, 'branchPrefix' | 'warmWorktrees'> & { readonly limits: RetentionSettings },
  resources: DisposableStore,
) {
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
function buildEnvironment(state: HostState, drivers: HostDrivers & { readonly providers: ProviderRegistries }) {
  const { clock, redactor, directory } = state;
  const { shell, runSecrets, providers } = drivers;
  const secrets = new ComposeSecrets({ digest: drivers.secretDigest, redactor });
  const environment = new HostRunEnvironment({
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
  return { secrets, environment, problems };
}

/** What a run goes through, from its place in the queue until it is settled, and what it asks meanwhile. */
function buildRuns(
  state: HostState,
  parts: HostDrivers & {
    readonly workspaces: WorkspaceService;
    readonly preparer: WorkspacePreparer;
    readonly sandboxes: SandboxService;
    readonly environment: HostRunEnvironment;
    readonly notebooks: NotebookService;
    readonly providers: ProviderRegistries;
    readonly supervisor: DirectoryRunSupervisor;
    readonly settler: ThreadSettler;
    readonly runModels: RunModels;
    readonly distDir: string;
    readonly limit: RunLimit;
  },
  resources: DisposableStore,
) {
  const { store, clock, ids, log } = state;
  const common = { store, clock, ids, log };
  const { sandbox, supervisor, settler, limit } = parts;
  const { directory } = sandbox;
  const starter = new RunStarter({
    ...common,
    ...parts,
    directory,
    models: parts.runModels,
    placeholders: hostPlaceholders(parts.distDir),
  });
  const questions = new QuestionService(common);
  const cells = new CellService({ notebooks: parts.notebooks, driver: parts.notebookServers, log });
  const mail = resources.add(new RunMail({ ...common, mailbox: sandbox.mailbox, questions, supervisor, cells }));
  const commits = new RunCommits(common);
  const secrets = parts.runSecrets;
  const runs = new RunLifecycle({
    ...common,
    directory,
    supervisor,
    starter,
    commits,
    secrets,
    mail,
    settler,
    limit,
  });
  return { runs, questions, mail, limit };
}

/** What a person chose, else what the machine takes. */
function runLimit(maxRuns: number | undefined): RunLimit {
  if (maxRuns !== undefined) return { runs: maxRuns, chosen: true };
  return machineRunLimit({ cores: availableParallelism(), memoryBytes: totalmem() });
}

/** What the services for people and schedules stand on. */
interface Foundation extends HostDrivers {
  readonly settler: ThreadSettler;
  readonly runs: RunLifecycle;
  readonly workspaces: WorkspaceService;
  readonly rescues: RescueService;
  readonly preparer: WorkspacePreparer;
  readonly providers: ProviderRegistries;
  readonly environment: HostRunEnvironment;
  readonly secrets: ComposeSecrets;
  readonly distDir: string;
  readonly textGeneration: TextGeneration;
}

/** The services that calls, and the clock, come in through. */
function buildSurface(state: HostState, built: Foundation, resources: DisposableStore) {
  const { store, clock, ids, log, directory } = state;
  const common = { store, clock, ids, log };
  const { worktrees, rescueDriver, settler, runs, workspaces, rescues, preparer, providers, environment } = built;
  const threads = new ThreadService({ ...common, runs, settler, workspaces, rescues, preparer, driver: worktrees });
  const leftovers = new DiskLeftovers({ stateDir: directory.path, worktreesDir: directory.worktrees });
  const recovery = new RecoverThreads({ ...common, workspaces, driver: worktrees, rescueDriver, runs, leftovers });
  const dispatcher = new DispatchService({ ...common, providers, workspaces, environment, runs });
  const reviewing = buildReviews(state, { worktrees, settler, dispatcher }, resources);
  const { end, ...scheduling } = buildSchedules(state, { ...built, dispatcher, threads }, resources);
  resources.add({ dispose: () => patiently(end(), clock) });
  const batches = new BatchService({ ...common, dispatcher, threads });
  const projects = new ProjectService(common);
  const moves = new MovedRepositories({ ...common, driver: built.repositoryDriver, workspaces });
  const reader = new HostComposeReader({ ...built, scripts: scheduling.scriptEngine, scratch: directory.path });
  const applying = new ApplyProject({ reader, projects, moves });
  const takingDown = new TakeDownProject({ store, projects, threads });
  const accessTokens = new AccessTokenService({ ...common, texts: tokenTexts });

  return {
    accessTokens,
    threads,
    ...buildWorktrees(state, { ...built, threads }),
    recovery,
    ...reviewing,
    retries: new RetryThread({ store, dispatcher }),
    dispatcher,
    batches,
    ...scheduling,
    moves,
    applying,
    takingDown,
  };
}
/** Recognisable at a glance, and to scanners for secrets that somebody committed. */
const tokenTexts: TokenTexts = {
  next: () => `muster_${randomBytes(32).toString('hex')}`,
  digest: text => sha256(Buffer.from(text)),
};

/** Waits for what is at work when the host ends, but not for ever. */
export async function patiently(work: Promise<void>, clock: Clock): Promise<void> {
  await within(work, { ms: longestGoodbyeMs, clock });
}
