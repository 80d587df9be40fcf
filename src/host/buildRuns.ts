import { findCommand } from '../drivers/process/findCommand.js';
import { sha256 } from './buildReviews.js';
import type { DisposableStore } from '../base/lifecycle.js';
import type { ProviderRegistries } from '../core/agents/providerRegistries.js';
import { CellService } from '../core/notebooks/cellService.js';
import type { NotebookService } from '../core/notebooks/notebookService.js';
import type { SandboxService } from '../core/sandboxes/sandboxService.js';
import { RunMail } from '../core/mail/runMail.js';
import { QuestionService } from '../core/questions/questionService.js';
import type { DirectoryRunSupervisor } from '../core/runs/directoryRunSupervisor.js';
import { RunCommits } from '../core/runs/runCommits.js';
import type { LiveInputs } from '../core/runs/liveInput.js';
import { RunLifecycle } from '../core/runs/runLifecycle.js';
import type { RunModels } from '../core/models/runModels.js';
import type { RunLimit } from '../core/runs/runLimit.js';
import { RunStarter } from '../core/runs/runStarter.js';
import { FreshStart } from '../core/threads/freshStart.js';
import type { ThreadSettler } from '../core/threads/threadSettler.js';
import type { WorkspaceService } from '../core/workspaces/workspaceService.js';
import type { WorkspacePreparer } from '../core/workspaces/workspacePreparer.js';
import type { HostDrivers } from './buildDrivers.js';
import { hostPlaceholders } from './environment/hostPlaceholders.js';
import type { HostRunEnvironment } from './environment/hostRunEnvironment.js';
import type { HostState } from './openState.js';

/** What a run goes through, from its place in the queue until it is settled, and what it asks meanwhile. */
export function buildRuns(
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
    readonly inputs: LiveInputs;
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
    freshStart: new FreshStart({ ...common, driver: parts.worktrees }),
    models: parts.runModels,
    placeholders: hostPlaceholders(parts.distDir),
    digest: text => sha256(Buffer.from(text)),
    hasCommand: (command, env) => findCommand(command, { env, cwd: '/' }) !== undefined,
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
    sandboxes: parts.sandboxes,
    commits,
    models: parts.runModels,
    secrets,
    mail,
    inputs: parts.inputs,
    settler,
    limit,
  });
  return { runs, questions, mail, limit };
}
