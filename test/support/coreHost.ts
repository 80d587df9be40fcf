import { UpdateService } from '../../src/core/merges/updateService.js';
import { UndoService } from '../../src/core/merges/undoService.js';
import { createHash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { IdSource, RunId } from '../../src/base/ids.js';
import { silentLog } from '../../src/base/log.js';
import type { ProjectSpec } from '../../src/compose/projectSpec.js';
import type { Provider } from '../../src/core/agents/provider.js';
import { ProviderRegistries } from '../../src/core/agents/providerRegistries.js';
import type { RunLimit } from '../../src/core/runs/runLimit.js';
import type { MergeDriver } from '../../src/core/merges/mergeDriver.js';
import type { CommandShell } from '../../src/core/commands/commandShell.js';
import { CandidateVerifier, type CandidateCheckouts } from '../../src/core/merges/candidateVerifier.js';
import { MergeService } from '../../src/core/merges/mergeService.js';
import { agreeTo } from '../../src/core/projects/consent.js';
import type { Project } from '../../src/core/projects/project.js';
import { ProjectService } from '../../src/core/projects/projectService.js';
import { DirectoryRunSupervisor } from '../../src/core/runs/directoryRunSupervisor.js';
import type { Run } from '../../src/core/runs/run.js';
import type { RunEnvironment } from '../../src/core/runs/runEnvironment.js';
import { BatchService } from '../../src/core/batches/batchService.js';
import { RunMail } from '../../src/core/mail/runMail.js';
import type { CellService } from '../../src/core/notebooks/cellService.js';
import { QuestionService } from '../../src/core/questions/questionService.js';
import { RunCommits } from '../../src/core/runs/runCommits.js';
import { RunLifecycle } from '../../src/core/runs/runLifecycle.js';
import { LiveInputs } from '../../src/core/runs/liveInput.ts';
import type { RunModels } from '../../src/core/models/runModels.js';
import { RunStarter } from '../../src/core/runs/runStarter.js';
import type { SandboxDriver } from '../../src/core/sandboxes/sandboxDriver.js';
import { SandboxService } from '../../src/core/sandboxes/sandboxService.js';
import { DispatchService, type Dispatch, type Dispatched } from '../../src/core/threads/dispatchService.js';
import { ReviewService } from '../../src/core/reviews/reviewService.js';
import { FreshStart } from '../../src/core/threads/freshStart.js';
import { ThreadService } from '../../src/core/threads/threadService.js';
import { ThreadSettler } from '../../src/core/threads/threadSettler.js';
import type { GuestGitDriver } from '../../src/core/workspaces/guestGitDriver.js';
import { RescueService } from '../../src/core/workspaces/rescueService.js';
import { WorkspacePreparer } from '../../src/core/workspaces/workspacePreparer.js';
import { WorkspaceService } from '../../src/core/workspaces/workspaceService.js';
import type { SqliteStore } from '../../src/drivers/sqlite/sqliteStore.js';
import { FakeClock, settle } from './clock.js';
import { FakeGit } from './fakes/fakeGit.js';
import { FakeMergeDriver } from './fakes/fakeMergeDriver.js';
import { FakeRescueDriver } from './fakes/fakeRescueDriver.js';
import { FakeSandbox, fakeCommand } from './fakes/fakeSandbox.js';
import { FakeWorktreeDriver } from './fakes/fakeWorktreeDriver.js';
import { countingIds } from './ids.js';
import { specOf } from './projectSpecs.js';
import { openTestStore } from './sqliteStore.js';

/** What outlives a host: the database, git, run directories and processes. */
export interface CoreWorld {
  readonly store: SqliteStore;
  readonly clock: FakeClock;
  readonly ids: IdSource;
  readonly git: FakeGit;
  readonly worktrees: FakeWorktreeDriver;
  readonly rescuing: FakeRescueDriver;
  readonly merging: FakeMergeDriver;
  readonly sandbox: FakeSandbox;
  readonly project: Project;
}

/** The services of one host on such a world. */
export interface CoreHost {
  readonly dispatcher: DispatchService;
  readonly batches: BatchService;
  readonly threads: ThreadService;
  readonly reviews: ReviewService;
  readonly rescues: RescueService;
  readonly merges: MergeService;
  readonly undos: UndoService;
  readonly updates: UpdateService;
  readonly runs: RunLifecycle;
  readonly questions: QuestionService;
  readonly mail: RunMail;
  readonly supervisor: DirectoryRunSupervisor;
  readonly settler: ThreadSettler;
  readonly inputs: LiveInputs;
  dispatch(more?: Partial<Dispatch>): Promise<Dispatched>;
  /** Takes up what an earlier host left, as a starting host does. */
  takeUp(): Promise<void>;
  /** Ends in the order in which a host ends. */
  end(): Promise<void>;
}

/** An agent `dev` that goes on until the test ends it. */
export const waitingAgent = JSON.stringify({
  providers: { mine: { command: fakeCommand, args: ['[{"wait":true}]'], output: { format: 'text' } } },
  agents: { dev: { provider: 'mine' } },
});

/** A repository `/shop` with one file and an applied project in it. */
export function coreWorld(spec: ProjectSpec = specOf(waitingAgent)): CoreWorld {
  const opened = openTestStore();
  onTestFinished(() => opened.dispose());
  const ids = countingIds();
  const git = new FakeGit('/shop', { 'readme.md': 'one\n' });
  const project: Project = {
    id: ids.next(),
    name: spec.name,
    folder: '/shop',
    file: '/shop/agent-compose.yml',
    revision: 1,
    specHash: 'sha256:1',
    spec,
    appliedAt: 1,
    consent: agreeTo(spec, 'sha256:1'),
  };
  opened.store.transact(stores => stores.projects.save(project));
  return {
    store: opened.store,
    clock: new FakeClock(),
    ids,
    git,
    worktrees: new FakeWorktreeDriver(git),
    rescuing: new FakeRescueDriver(git),
    merging: new FakeMergeDriver(git),
    sandbox: new FakeSandbox(),
    project,
  };
}

const noGuestGit: GuestGitDriver = {
  lend: () => Promise.reject(new Error('No sandbox was expected')),
  bringHome: () => Promise.reject(new Error('No sandbox was expected')),
};

/** A folder named after the commit. */
const fakeCheckouts: CandidateCheckouts = {
  make: async (_, commit) => ({ path: `/verify/${commit}`, remove: async () => undefined }),
  left: async () => [],
  discard: async () => undefined,
};
const noShell: CommandShell = {
  run: () => Promise.reject(new Error('No verify command was expected')),
  endLeftovers: async () => undefined,
};

/** Starts services on a world; `merging` replaces its merge driver. */
export function coreHost(
  world: CoreWorld,
  {
    merging = world.merging,
    shell = noShell,
    environment = {},
    cells = { execute: () => Promise.reject(new Error('No cell was expected')) },
    limit = { runs: 10, chosen: false },
    decorate = provider => provider,
    docker,
    git = noGuestGit,
  }: {
    merging?: MergeDriver;
    /** Runs verify commands. */
    shell?: CommandShell;
    environment?: Partial<RunEnvironment>;
    /** Executes what agents ask for. */
    cells?: Pick<CellService, 'execute'>;
    limit?: RunLimit;
    /** Puts something between the services and every provider. */
    decorate?: (provider: Provider) => Provider;
    /** What agents in containers are in. */
    docker?: SandboxDriver;
    git?: GuestGitDriver;
  } = {},
): CoreHost {
  const { store, clock, ids, worktrees, sandbox } = world;
  const log = silentLog;
  const common = { store, clock, ids, log };
  const { directory, output } = sandbox;
  const sandboxes = new SandboxService({
    ...common,
    machine: sandbox.driver,
    drivers: docker ? { docker } : {},
    git,
    stateDir: '/state',
  });
  const supervisor = new DirectoryRunSupervisor({ directory, output, drivers: sandboxes, clock, log });
  const secrets = { keep: () => undefined, hide: (_: RunId, text: string) => text, blot: async () => undefined };
  const settler = new ThreadSettler({ ...common, secrets, driver: worktrees, supervisor, sandboxes });
  const workspaces = new WorkspaceService({ ...common, driver: worktrees, worktreesDir: '/state/worktrees' });
  const rescues = new RescueService({
    ...common,
    driver: world.rescuing,
    workspaces,
    notebooks: { endOf: async () => undefined },
  });
  const providers = new ProviderRegistries(decorate);
  const runEnvironment = {
    resolve: async () => ({ variables: { PATH: '/bin' }, searched: [], secrets: [], machine: {} }),
    ofThread: async () => ({ variables: { PATH: '/bin' }, searched: [] }),
    remember: () => undefined,
    inherit: () => undefined,
    ...environment,
  };
  const preparer = new WorkspacePreparer({ ...common, shell, driver: worktrees, ports: { areFree: async () => true } });
  const inputs = new LiveInputs({
    make: async () => {
      throw new Error('no command has an input here');
    },
  });
  inputs.follow(store);
  const models: RunModels = {
    open: async ({ environment: { variables } }) => ({ variables }),
    lastCalls: () => undefined,
  };
  const starter = new RunStarter({
    ...common,
    inputs,
    freshStart: new FreshStart({ ...common, driver: worktrees }),
    providers,
    workspaces,
    preparer,
    directory,
    environment: runEnvironment,
    placeholders: { fill: argv => ({ argv, env: {} }) },
    models,
    sandboxes,
    digest: sha256,
    hasCommand: () => true,
  });
  const commits = new RunCommits(common);
  const questions = new QuestionService(common);
  const mail = new RunMail({ ...common, mailbox: sandbox.mailbox, questions, supervisor, cells });
  const runs = new RunLifecycle({
    ...common,
    secrets,
    directory,
    supervisor,
    starter,
    sandboxes,
    commits,
    models,
    mail,
    inputs,
    settler,
    limit,
  });
  // Ids count up, so that branches are told apart by their words.
  let dispatches = 0;
  const undos = new UndoService({ ...common, driver: merging });
  const updates = new UpdateService({ ...common, driver: merging, settler, workspaces });
  const verifier = new CandidateVerifier({ ...common, checkouts: fakeCheckouts, shell });
  const merges = new MergeService({ ...common, driver: merging, verifier, settler });
  const threads = new ThreadService({ ...common, runs, settler, driver: worktrees, workspaces, rescues, preparer });
  const reviews = new ReviewService({ ...common, settler, driver: worktrees, digest: sha256 });
  const dispatcher = new DispatchService({
    ...common,
    providers,
    workspaces,
    environment: runEnvironment,
    inputs,
    runs,
  });
  return {
    dispatcher,
    batches: new BatchService({ ...common, dispatcher, threads }),
    threads,
    reviews,
    rescues,
    merges,
    undos,
    updates,
    runs,
    questions,
    mail,
    supervisor,
    settler,
    inputs,
    async dispatch(more = {}) {
      const project = store.read(stores => stores.projects.get(world.project.id)) ?? world.project;
      const task = { project, agent: 'dev', prompt: `Fix ${++dispatches}`, context: [], environment: {}, ...more };
      const dispatched = await dispatcher.dispatch(task);
      await settle();
      return dispatched;
    },
    async takeUp() {
      await runs.takeUp();
      await rescues.recover();
      runs.takeUpSettling();
      merges.recover();
      await threads.recover();
      runs.queued();
      await settle();
    },
    async end() {
      await runs.dispose();
      mail.dispose();
      await supervisor.dispose();
      await merges.dispose();
      await settler.dispose();
    },
  };
}

/** Hexadecimal SHA-256. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** The run as it is stored now. */
export function runNow({ store }: CoreWorld, { id }: Pick<Run, 'id'>): Run {
  const run = store.read(stores => stores.runs.get(id));
  if (!run) throw new Error(`No run ${id}`);
  return run;
}

/** The agent does its work (a file in its worktree) and ends. */
export async function finishRun(world: CoreWorld, { thread, run }: Dispatched, text = 'two\n'): Promise<void> {
  const worktree = world.store.read(stores => stores.threads.get(thread.id))?.worktree;
  if (worktree === undefined) throw new Error('The run has no worktree');
  world.git.write(`${worktree}/readme.md`, text);
  world.sandbox.exit(run.id, { code: 0 });
  await settle();
}

/** A `ProjectService` on the world's database. */
export function projectService({ store, clock, ids }: CoreWorld): ProjectService {
  return new ProjectService({ store, clock, ids });
}
