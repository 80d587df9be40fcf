import { guestPaths } from '../guests/guestPaths.js';
import { sent } from '../guests/packing.js';
import { runArchive, type ArchivedRun } from '../guests/runArchive.js';
import { packingContainer, type ContainerSettings } from './containerOptions.js';
import type { DockerEngine } from './dockerEngine.js';

/** Brings all that a run needs into its volumes on an engine elsewhere. Errors: those of the engine. */
export async function packRun(
  engine: DockerEngine,
  { settings, ...archived }: Omit<ArchivedRun, 'owner' | 'home'> & { readonly settings: ContainerSettings },
): Promise<void> {
  const { run, spec } = archived;
  const container = await engine.call(() => engine.docker.createContainer(packingContainer(run, spec, settings)));
  try {
    const [uid = 0, gid = 0] = settings.user.split(':').map(Number);
    const files = runArchive({ ...archived, owner: { uid, gid } });
    const { archive, abortSignal } = files;
    await sent(files, () => engine.call(() => container.putArchive(archive, { path: guestPaths.top, abortSignal })));
  } finally {
    await engine.call(() => container.remove({ force: true }));
  }
}
