import { join } from 'node:path';
import { AppError } from '../../base/errors.js';
import type { SandboxLaunch, SandboxSpec } from '../../core/sandboxes/sandboxDriver.js';
import { runFiles, runIdVariable } from '../../node/runFiles.js';
import { shellWrapper } from '../../node/shellWrapper.js';
import { proxyVariables } from '../guests/egress.js';
import { sandboxFolder } from '../guests/guestFolders.js';
import { guestPaths, guestRunDir } from '../guests/guestPaths.js';
import { sent } from '../guests/packing.js';
import { runArchive, type ThereAlready } from '../guests/runArchive.js';
import { trusting } from '../guests/trusting.js';
import { runInside, startInside } from './insidePod.js';
import { unavailable } from './clusterSources.js';
import { keeperOf, type PodPlace, type RunPod } from './podContainer.js';
import { lacks, launchFile, launchScript, lookAround } from './podScripts.js';
import { podUser } from './runJob.js';

interface SentLaunch {
  readonly launch: SandboxLaunch;
  readonly spec: SandboxSpec;
  readonly pod: RunPod;
  /** It reaches ports of this machine. */
  readonly relay: boolean;
  readonly there?: ThereAlready | undefined;
}

/** Errors: `provider.missing`; `sandbox.unavailable` for an image that lacks what Muster needs; the signal's reason. */
export async function requirePrograms(
  place: PodPlace,
  { launch, spec, pod, relay, signal }: SentLaunch & { readonly signal: AbortSignal },
): Promise<void> {
  const [command = ''] = launch.argv;
  const image = spec.image?.name ?? '';
  const looked = lookAround({ command, path: launch.env['PATH'], relay });
  const program = await startInside(keeperOf(place, pod), looked, 'output', signal);
  program.output.resume();
  const { code } = await program.ended;
  program.end();
  signal.throwIfAborted();
  if (code === 0) return;
  if (code === lacks.command) {
    const fix = `Use an image that has ${command}, or add it to this one.`;
    throw new AppError('provider.missing', `The command "${command}" is not in the image ${image}. ${fix}`, {
      provider: launch.provider?.name ?? command,
      command,
      fix,
    });
  }
  if (code === lacks.tools)
    throw unavailable(`The image ${image} has no tar or no setsid, which Muster works with. Add them.`, 'no tools');
  if (code === lacks.relay)
    throw unavailable(
      `The image ${image} has no node, which leads the agent to its model through this machine. Add it.`,
      'no relay',
    );
  throw unavailable(`The image ${image} was asked for ${command} and ended with ${code}.`, `probe ${code}`);
}

/** Brings all that a run needs into its pod. Errors: `sandbox.unavailable`, what its files cannot be read for, the signal's reason. */
export async function sendRun(
  place: PodPlace & { readonly stateDir: string; readonly programsFolder: string },
  { launch, spec, pod, relay, there, signal }: SentLaunch & { readonly signal: AbortSignal },
): Promise<void> {
  const { run } = launch;
  const { stateDir, programsFolder } = place;
  const files = runArchive({
    run,
    spec,
    owner: { uid: podUser, gid: podUser },
    stateDir,
    programsFolder,
    home: join(sandboxFolder(stateDir, spec.id), 'home'),
    files: { [launchFile]: scriptOf(launch, spec, relay) },
    hasWorkspace: true,
    there,
  });
  const ends = AbortSignal.any([signal, files.abortSignal]);
  const keeper = keeperOf(place, pod);
  // Bytes of a tar, which the stream has as such.
  const input = files.archive;
  await sent(files, () => runInside(keeper, ['tar', '-xpf', '-', '-C', guestPaths.top], { input, signal: ends }));
}

function scriptOf(
  { run, argv, through = [], env, cwd, stdin }: SandboxLaunch,
  spec: SandboxSpec,
  relay: boolean,
): string {
  const inside = guestRunDir(run);
  const input = stdin === 'prompt' ? `${inside}/${runFiles.prompt}` : '/dev/null';
  const mark = `${runIdVariable}=${run}`;
  return launchScript({
    mark,
    env: trusting({ HOME: guestPaths.home, ...proxyVariables(spec), ...env, [runIdVariable]: run }),
    cwd,
    waitsForRelay: relay,
    wrapper: shellWrapper,
    wrapped: [inside, input, ...through, ...argv],
  });
}
