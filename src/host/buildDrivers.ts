import { join } from 'node:path';
import { AppError } from '../base/errors.js';
import type { SandboxId } from '../base/ids.js';
import type { DisposableStore } from '../base/lifecycle.js';
import type { CapacityLook } from '../core/sandboxes/placeCapacity.js';
import type { PlaceCheck } from '../core/sandboxes/placeCheck.js';
import type { SandboxDriver } from '../core/sandboxes/sandboxDriver.js';
import type { ImageDriver } from '../core/images/imageDriver.js';
import type { VolumeDriver } from '../core/volumes/volumeDriver.js';
import type { GuestGitDriver } from '../core/workspaces/guestGitDriver.js';
import type { HandMergeDriver } from '../core/merges/handMerge.js';
import type { MergeDriver } from '../core/merges/mergeDriver.js';
import { storedLandings } from '../core/merges/storedLandings.js';
import type { RepositoryDriver } from '../core/workspaces/repositoryDriver.js';
import type { RescueDriver } from '../core/workspaces/rescueDriver.js';
import type { WorktreeDriver } from '../core/workspaces/worktreeDriver.js';
import { GitCommand } from '../drivers/git/command/gitCommand.js';
import { createGitGuestDriver } from '../drivers/git/guest/gitGuestDriver.js';
import { createHistoryDriver } from '../drivers/git/guest/guestHistory.js';
import { createHandMergeDriver } from '../drivers/git/merge/handMerge.js';
import { createGitMergeDriver } from '../drivers/git/merge/gitMergeDriver.js';
import { createGitRepositoryDriver } from '../drivers/git/repository/gitRepositoryDriver.js';
import { createGitRescueDriver } from '../drivers/git/rescue/gitRescueDriver.js';
import { createGitWorktreeDriver } from '../drivers/git/worktree/gitWorktreeDriver.js';
import { JupyterServerDriver } from '../drivers/jupyter/jupyterServerDriver.js';
import { createProcessSandbox, type ProcessSandbox } from '../drivers/process/createProcessSandbox.js';
import { SecretKeys } from '../node/secretDigests.js';
import { LoginShell } from './environment/loginShell.js';
import type { FarFacades } from '../core/models/farFacade.js';
import type { DriverSpec } from '../compose/projectSpec.js';
import type { HostState } from './openState.js';
import { DockerOnDemand } from './sandboxes/dockerOnDemand.js';
import { KubernetesOnDemand } from './sandboxes/kubernetesOnDemand.js';
import { MicrovmOnDemand } from './sandboxes/microvmOnDemand.js';
import { HostRunSecrets } from './secrets/hostRunSecrets.js';
import { keyedDigest, machineKey } from './state/machineKey.js';

/** What the services of `core` reach the machine through. */
export interface HostDrivers {
  readonly shell: LoginShell;
  readonly sandbox: ProcessSandbox;
  /** Where runs execute beside this machine, by the name that compose files say. */
  readonly sandboxDrivers: Partial<Readonly<Record<DriverSpec['name'], SandboxDriver>>>;
  /** Those of them that can say what they lack. */
  readonly placeChecks: Partial<Readonly<Record<DriverSpec['name'], PlaceCheck>>>;
  /** Those of them that can say what room they have. */
  readonly capacityLooks: Partial<Readonly<Record<DriverSpec['name'], CapacityLook>>>;
  /** Facades in clusters. */
  readonly farFacades: FarFacades;
  /** Of the engines that those of containers are on. */
  readonly images: ImageDriver;
  readonly volumes: VolumeDriver;
  readonly guestGit: GuestGitDriver;
  readonly runSecrets: HostRunSecrets;
  /** What all drivers of git run it with. */
  readonly git: GitCommand;
  readonly worktrees: WorktreeDriver;
  readonly rescueDriver: RescueDriver;
  readonly mergeDriver: MergeDriver;
  readonly handMerges: HandMergeDriver;
  readonly repositoryDriver: RepositoryDriver;
  readonly notebookServers: JupyterServerDriver;
  /** Of a compose file's literal secrets, keyed for this machine. */
  readonly secretDigest: ReturnType<typeof keyedDigest>;
  /** What the signatures of sessions are derived from. */
  readonly loginKey: Buffer;
}

/** Makes them. The question to the login shell is begun here, because it takes longest. */
export function buildDrivers(
  state: HostState,
  { distDir }: { readonly distDir: string },
  resources: DisposableStore,
): HostDrivers {
  const { store, clock, log } = state;
  const stateDir = state.directory.path;
  const shell = new LoginShell(log);
  void shell.environment();
  const key = machineKey(stateDir);
  const runSecrets = new HostRunSecrets({ store, log, stateDir, keys: new SecretKeys(key) });
  const sandbox = resources.add(createProcessSandbox({ stateDir, maskOf: run => runSecrets.maskOf(run), clock, log }));
  sandbox.prepare();
  // Guest servers are started as runs are, and have directories of their own.
  const notebooksDir = join(stateDir, 'notebooks');
  const services = resources.add(
    createProcessSandbox({ stateDir: notebooksDir, maskOf: run => runSecrets.maskOf(run), clock, log }),
  );
  const person = (): LoginShell['known'] => shell.known;
  const git = resources.add(new GitCommand({ clock, pipesFolder: join(stateDir, 'pipes') }));
  git.prepare();
  const place = { stateDir, clock, log, git };
  const worktrees = createGitWorktreeDriver({ ...place, person });
  const rescueDriver = createGitRescueDriver(place);
  const mergeDriver = createGitMergeDriver({ ...place, person, journal: storedLandings(store) });
  const handMerges = createHandMergeDriver({ ...place, person });
  const repositoryDriver = createGitRepositoryDriver(place);
  const guestGit = createGitGuestDriver(place);
  const inGuests = { stateDir, programs: distDir, clock, log };
  const inMachines = { ...inGuests, environment: () => shell.environment() };
  const docker = resources.add(new DockerOnDemand({ ...inGuests, shell }));
  const kubernetes = resources.add(
    new KubernetesOnDemand({ ...inGuests, shell, histories: createHistoryDriver(place) }),
  );
  const sandboxDrivers = {
    docker,
    kubernetes,
    microsandbox: resources.add(new MicrovmOnDemand('microsandbox', inMachines)),
    boxlite: resources.add(new MicrovmOnDemand('boxlite', inMachines)),
  };
  const known: HostDrivers['sandboxDrivers'] = sandboxDrivers;
  const sandboxOf = (id: SandboxId) => {
    const found = store.read(stores => stores.sandboxes.get(id));
    // One of an earlier Muster whose driver this one does not have.
    const driver = found && known[found.driver.name];
    if (!driver) throw new AppError('sandbox.unknown', `There is no sandbox ${id}.`, { sandbox: id });
    return { sandbox: found, driver };
  };
  const notebookServers = resources.add(
    new JupyterServerDriver({
      stateDir: notebooksDir,
      ownEnvironment: join(stateDir, 'jupyter'),
      directory: services.directory,
      machine: services.runs,
      listens: process.platform === 'win32' ? 'port' : 'socket',
      sandboxOf,
      clock,
    }),
  );
  const places = { worktrees, rescueDriver, mergeDriver, handMerges, repositoryDriver, guestGit };
  return {
    shell,
    sandbox,
    sandboxDrivers,
    placeChecks: { kubernetes },
    capacityLooks: { docker, kubernetes },
    farFacades: kubernetes,
    images: docker.images,
    volumes: docker.volumes,
    runSecrets,
    git,
    ...places,
    notebookServers,
    secretDigest: keyedDigest(key),
    loginKey: key,
  };
}
