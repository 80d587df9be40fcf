import type { DisposableStore } from '../base/lifecycle.js';
import type { CandidateVerifier } from '../core/merges/candidateVerifier.js';
import { ConflictPredictor } from '../core/merges/conflictPredictor.js';
import { HandMergeService } from '../core/merges/handMergeService.js';
import { AutoMerger } from '../core/merges/autoMerger.js';
import { TargetWatch } from '../core/merges/targetWatch.js';
import { MergeResumer } from '../core/merges/mergeResumer.js';
import { MergeService } from '../core/merges/mergeService.js';
import { UpdateService } from '../core/merges/updateService.js';
import { UndoService } from '../core/merges/undoService.js';
import type { ThreadSettler } from '../core/threads/threadSettler.js';
import type { WorkspaceService } from '../core/workspaces/workspaceService.js';
import type { HostDrivers } from './buildDrivers.js';
import type { HostState } from './openState.js';

/** How work comes into its target, and out of it again. */
export interface HostMerges {
  readonly merges: MergeService;
  readonly conflicts: ConflictPredictor;
  readonly targets: TargetWatch;
  readonly undos: UndoService;
  readonly updates: UpdateService;
  readonly handMerges: HandMergeService;
  readonly resumer: MergeResumer;
  readonly autoMerger: AutoMerger;
}

export function buildMerges(
  { store, clock, ids, log }: HostState,
  parts: HostDrivers & {
    readonly verifier: CandidateVerifier;
    readonly settler: ThreadSettler;
    readonly workspaces: WorkspaceService;
  },
  resources: DisposableStore,
): HostMerges {
  const { mergeDriver: driver, worktrees, verifier, settler, workspaces } = parts;
  const common = { store, clock, ids, log };
  const merges = resources.add(new MergeService({ ...common, driver, verifier, settler }));
  const conflicts = resources.add(new ConflictPredictor({ ...common, driver: worktrees }));
  return {
    merges,
    conflicts,
    targets: resources.add(new TargetWatch({ ...common, driver: worktrees, predictor: conflicts })),
    undos: new UndoService({ ...common, driver }),
    updates: new UpdateService({ ...common, driver, settler, workspaces }),
    handMerges: new HandMergeService({ ...common, driver: parts.handMerges, settler, workspaces }),
    resumer: resources.add(new MergeResumer({ store, clock, log, merges })),
    autoMerger: resources.add(new AutoMerger({ store, log, merges })),
  };
}
