import type { RunId } from '../../base/ids.js';
import type { SandboxSpec } from '../../core/sandboxes/sandboxDriver.js';
import { runPath } from '../../node/runFiles.js';
import { packingContainer, type ContainerSettings } from './containerOptions.js';
import type { DockerEngine } from './dockerEngine.js';
import { guestPaths } from '../guests/guestPaths.js';
import { packDirectory, packFolder, type Owner } from './packFolder.js';
import { packing, sent, type Packed } from './packing.js';

interface PackedRun {
  readonly run: RunId;
  readonly spec: SandboxSpec;
  readonly settings: ContainerSettings;
  readonly stateDir: string;
  readonly programsFolder: string;
}

/** Programs that run inside; the others are the host's. */
const isGuestProgram = (path: string): boolean => /^demo\w*\.js$/i.test(path);

/** Brings all that a run needs into its volumes on an engine elsewhere. Errors: those of the engine. */
export async function packRun(engine: DockerEngine, packed: PackedRun): Promise<void> {
  const { run, spec, settings } = packed;
  const container = await engine.call(() => engine.docker.createContainer(packingContainer(run, spec, settings)));
  try {
    const files = archiveOf(packed);
    const { archive, abortSignal } = files;
    await sent(files, () => engine.call(() => container.putArchive(archive, { path: guestPaths.top, abortSignal })));
  } finally {
    await engine.call(() => container.remove({ force: true }));
  }
}

function archiveOf({ run, spec, settings, stateDir, programsFolder }: PackedRun): Packed {
  const [uid = 0, gid = 0] = settings.user.split(':').map(Number);
  const owner: Owner = { uid, gid };
  return packing(async archive => {
    const { workspace } = spec;
    for (const name of ['home', 'workspace', 'runs', 'programs', 'git', 'objects'])
      await packDirectory(archive, name, owner);
    const isFile = (path: string): boolean => path !== '.git';
    await packFolder({
      archive,
      folder: workspace.folder,
      as: 'workspace/',
      owner,
      isWanted: isFile,
      isEntered: isFile,
    });
    if (workspace.git) {
      archive.entry({ ...owner, name: 'workspace/.git', mode: 0o644 }, `gitdir: ${guestPaths.gitDir}\n`);
      await packFolder({ archive, folder: workspace.git.gitDir, as: 'git/', owner });
      for (const [index, folder] of workspace.git.objects.entries()) {
        await packDirectory(archive, `objects/${index}`, owner);
        await packFolder({ archive, folder, as: `objects/${index}/`, owner });
      }
    }
    await packDirectory(archive, `runs/${run}`, owner);
    await packFolder({ archive, folder: runPath(stateDir, run), as: `runs/${run}/`, owner });
    const programs = { archive, folder: programsFolder, as: 'programs/', owner };
    await packFolder({ ...programs, isWanted: isGuestProgram, isEntered: () => false });
  });
}
