import { randomBytes } from 'node:crypto';
import { availableParallelism, totalmem } from 'node:os';
import { within } from '../base/async.js';
import type { ThreadId } from '../base/ids.js';
import type { Clock } from '../base/clock.js';
import type { DisposableStore } from '../base/lifecycle.js';
import { AccessTokenService, type TokenTexts } from '../core/access/accessTokenService.js';
import type { HostVariables } from '../core/access/hostVariable.js';
import { LoginService } from '../core/access/loginService.js';
import { LoginThrottle } from '../core/access/loginThrottle.js';
import { ImageService } from '../core/images/imageService.js';
import { VolumeService } from '../core/volumes/volumeService.js';
import { ProviderRegistries } from '../core/agents/providerRegistries.js';
import type { CandidateVerifier } from '../core/merges/candidateVerifier.js';
import { NotebookService } from '../core/notebooks/notebookService.js';
import { ApplyProject } from '../core/projects/applyProject.js';
import { MovedRepositories } from '../core/projects/movedRepositories.js';
import { ProjectService } from '../core/projects/projectService.js';
import { TakeDownProject } from '../core/projects/takeDownProject.js';
import { Capacities } from '../core/sandboxes/placeCapacity.js';
import { PlaceChecker } from '../core/sandboxes/placeCheck.js';
import { SandboxControl } from '../core/sandboxes/sandboxControl.js';
import type { ChangesService } from '../core/reviews/changesService.js';
import type { AllChanges } from '../core/reviews/allChanges.js';
import type { CommentService } from '../core/reviews/commentService.js';
import type { StagingService } from '../core/reviews/stagingService.js';
import type { SuggestionService } from '../core/reviews/suggestionService.js';
import type { RequestChanges } from '../core/reviews/requestChanges.js';
import type { RunMail } from '../core/mail/runMail.js';
import { BatchService } from '../core/batches/batchService.js';
import type { QuestionService } from '../core/questions/questionService.js';
import type { MergePusher } from '../core/merges/mergePusher.js';
import type { PullRequestService } from '../core/merges/pullRequestService.js';
import type { ReviewService } from '../core/reviews/reviewService.js';
import { DirectoryRunSupervisor } from '../core/runs/directoryRunSupervisor.js';
import type { RunLifecycle } from '../core/runs/runLifecycle.js';
import { LiveInputs } from '../core/runs/liveInput.js';
import { type RunLimit, machineRunLimit } from '../core/runs/runLimit.js';
import { DispatchService } from '../core/threads/dispatchService.js';
import { RetryThread } from '../core/threads/retryThread.js';
import { RecoverThreads } from '../core/threads/recoverThreads.js';
import { ThreadService } from '../core/threads/threadService.js';
import { ThreadSettler } from '../core/threads/threadSettler.js';
import type { WorkspaceService } from '../core/workspaces/workspaceService.js';
import type { RescueDriver } from '../core/workspaces/rescueDriver.js';
import type { RetentionSettings } from '../core/retention/garbage.js';
import type { RetentionService } from '../core/retention/retentionService.js';
import { RescueService } from '../core/workspaces/rescueService.js';
import type { WarmPool } from '../core/workspaces/warmPool.js';
import type { WorkspacePreparer } from '../core/workspaces/workspacePreparer.js';
import type { WorktreeDriver } from '../core/workspaces/worktreeDriver.js';
import type { ProcessSandbox } from '../drivers/process/createProcessSandbox.js';
import { type HostDrivers, buildDrivers } from './buildDrivers.js';
import { guestImage } from './sandboxes/guestImage.js';
import { type HostModels, buildModels } from './buildModels.js';
import { buildReviews, sha256 } from './buildReviews.js';
import { ScryptDigests } from './secrets/passwordDigests.js';
import { type HostSchedules, buildSchedules } from './buildSchedules.js';
import { type HostWorktrees, buildWorktrees } from './buildWorktrees.js';
import { HostComposeReader } from './compose/hostComposeReader.js';
import type { AgentProblems } from './environment/agentProblems.js';
import type { ComposeSecrets } from './environment/composeSecrets.js';
import type { HostRunEnvironment } from './environment/hostRunEnvironment.js';
import type { TextGeneration } from './facade/textGeneration.js';
import type { LoginShell } from './environment/loginShell.js';
import type { HostState } from './openState.js';
import type { HostRunSecrets } from './secrets/hostRunSecrets.js';
import { DiskLeftovers } from './state/diskLeftovers.js';
import { buildMerges, type HostMerges } from './buildMerges.js';
import { buildEnvironment, buildPlaces, type PlaceOptions } from './buildPlaces.js';
import { buildRuns } from './buildRuns.js';

/** How long an ending host waits for each thing that is still at work, in ms. What it leaves, the next one takes up. */
const longestGoodbyeMs = 5_000;

/** The orchestrator on this machine: the services of `core` with their drivers. */
export interface HostCore extends HostState, HostModels, HostMerges, HostSchedules, HostWorktrees {
  readonly sandbox: ProcessSandbox;
  readonly runSecrets: HostRunSecrets;
  readonly environment: HostRunEnvironment;
  readonly hostVariables: HostVariables;
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
  readonly loginKey: Buffer;
  readonly secrets: ComposeSecrets;
  readonly providers: ProviderRegistries;
  readonly problems: AgentProblems;
  readonly settler: ThreadSettler;
  readonly verifier: CandidateVerifier;
  readonly runs: RunLifecycle;
  readonly sandboxControl: SandboxControl;
  readonly placeChecker: PlaceChecker;
  readonly capacities: Capacities;
  readonly images: ImageService;
  readonly volumes: VolumeService;
  readonly questions: QuestionService;
  readonly mail: RunMail;
  readonly limit: RunLimit;
  readonly inputs: LiveInputs;
  readonly threads: ThreadService;
  readonly reviews: ReviewService;
  readonly comments: CommentService;
  readonly changes: ChangesService;
  readonly allChanges: AllChanges;
  readonly staging: StagingService;
  readonly suggestions: SuggestionService;
  readonly requestChanges: RequestChanges;
  readonly pullRequests: PullRequestService;
  readonly pusher: MergePusher;
  readonly dispatcher: DispatchService;
  readonly batches: BatchService;
  readonly retries: RetryThread;
  readonly notebooks: NotebookService;
  readonly applying: ApplyProject;
  readonly takingDown: TakeDownProject;
  readonly accessTokens: AccessTokenService;
  readonly logins: LoginService;
  readonly distDir: string;
}

/** What a host is started with. */
interface CoreOptions extends Pick<PlaceOptions, 'branchPrefix' | 'warmWorktrees'> {
  readonly distDir: string;
  readonly maxRuns?: number;
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
  const { sandbox, runSecrets, worktrees, rescueDriver } = drivers;
  const providers = new ProviderRegistries();
  const how = { branchPrefix, warmWorktrees, limits };
  const { verifier, workspaces, preparer, sandboxes, retention, warm } = buildPlaces(state, drivers, how, resources);
  const { secrets, environment, problems, hostVariables } = buildEnvironment(state, { ...drivers, providers });
  const beside = { driver: drivers.notebookServers, environment, sandboxes };
  const notebooks = resources.add(new NotebookService({ ...common, ...beside }));
  const guests = { endOf: endAll([notebooks, sandboxes]) };
  const rescues = new RescueService({ ...common, driver: rescueDriver, workspaces, notebooks: guests });
  const models = buildModels(state, { ...drivers, environment }, resources);
  const supervisor = new DirectoryRunSupervisor({ ...sandbox, drivers: sandboxes, clock, log });

  // Given back in reverse: preparations end before the supervisor leaves, and ends that it still tells are settled after.
  const settling = { ...common, driver: worktrees, supervisor, sandboxes, secrets: runSecrets };
  const settler = resources.add(new ThreadSettler(settling));
  const landing = buildMerges(state, { ...drivers, verifier, settler, workspaces }, resources);
  resources.add(supervisor);
  const inputs = new LiveInputs(sandbox.inputPipes);
  resources.add(inputs.follow(store));
  const places = { workspaces, preparer, sandboxes, environment, notebooks, providers, supervisor, settler, inputs };
  const options = { runModels: models.runModels, distDir, limit: runLimit(maxRuns) };
  const life = buildRuns(state, { ...drivers, ...places, ...options }, resources);
  const { runs } = life;
  resources.add({ dispose: () => patiently(runs.dispose(), clock) });
  const built = { ...drivers, ...places, runs, rescues, secrets, distDir };
  const { textGeneration } = models;

  return {
    ...state,
    ...drivers,
    ...models,
    distDir,
    hostVariables,
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
    inputs,
    ...landing,
    ...life,
    sandboxControl: new SandboxControl({ store, sandboxes }),
    placeChecker: new PlaceChecker({ places: drivers.placeChecks, providers, ids, stateDir: state.directory.path }),
    capacities: new Capacities({ store, looks: drivers.capacityLooks }),
    volumes: new VolumeService({ store, driver: drivers.volumes }),
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
  readonly inputs: LiveInputs;
  readonly secrets: ComposeSecrets;
  readonly distDir: string;
  readonly textGeneration: TextGeneration;
}

/** The services that calls, and the clock, come in through. */
function buildSurface(state: HostState, built: Foundation, resources: DisposableStore) {
  const { store, clock, ids, log, directory } = state;
  const common = { store, clock, ids, log };
  const { worktrees, rescueDriver, settler, runs, workspaces, rescues, preparer, providers, environment, inputs } =
    built;
  const threads = new ThreadService({ ...common, runs, settler, workspaces, rescues, preparer, driver: worktrees });
  const leftovers = new DiskLeftovers({ stateDir: directory.path, worktreesDir: directory.worktrees });
  const recovery = new RecoverThreads({ ...common, workspaces, driver: worktrees, rescueDriver, runs, leftovers });
  const dispatcher = new DispatchService({ ...common, providers, workspaces, environment, inputs, runs });
  const reviewing = buildReviews(state, { ...built, dispatcher }, resources);
  const { end, ...scheduling } = buildSchedules(state, { ...built, dispatcher, threads }, resources);
  resources.add({ dispose: () => patiently(end(), clock) });
  const batches = new BatchService({ ...common, dispatcher, threads });
  const projects = new ProjectService(common);
  const moves = new MovedRepositories({ ...common, driver: built.repositoryDriver, workspaces });
  const reader = new HostComposeReader({ ...built, scripts: scheduling.scriptEngine, scratch: directory.path });
  const applying = new ApplyProject({ reader, projects, moves, repositories: workspaces });
  const takingDown = new TakeDownProject({ store, projects, threads });
  const accessTokens = new AccessTokenService({ ...common, texts: tokenTexts });
  const logins = new LoginService({
    ...common,
    texts: sessionTexts,
    tokens: accessTokens,
    passwords: new ScryptDigests(),
    throttle: new LoginThrottle(clock),
    keyed: built.secretDigest,
  });

  return {
    accessTokens,
    logins,
    threads,
    ...buildWorktrees(state, { ...built, threads }, resources),
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

const sessionTexts: TokenTexts = {
  next: () => randomBytes(32).toString('base64url'),
  digest: text => tokenTexts.digest(text),
};

/** Waits for what is at work when the host ends, but not for ever. */
export async function patiently(work: Promise<void>, clock: Clock): Promise<void> {
  await within(work, { ms: longestGoodbyeMs, clock });
}
