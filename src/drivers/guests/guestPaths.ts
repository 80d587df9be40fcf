import { posix, relative, sep } from 'node:path';
import type { RunId } from '../../base/ids.js';
import type { Guest, GuestAddress, GuestFacade, SandboxSpec } from '../../core/sandboxes/sandboxDriver.js';
import { isInside } from '../../node/isInside.js';

/** Where things are inside a container or virtual machine, whatever they are called on this machine. */
export const guestPaths = {
  top: '/muster',
  workspace: '/workspace',
  /** The file that says where the git directory is; it is mounted over the one of the worktree. */
  gitFile: '/workspace/.git',
  gitDir: '/muster/git',
  home: '/muster/home',
  runs: '/muster/runs',
  programs: '/muster/programs',
  doors: '/muster/doors',
} as const;

/** How this machine looks from inside the sandbox. */
export function isolatedGuest(
  spec: SandboxSpec,
  options: {
    readonly programs: string;
    readonly asRoot: boolean;
    readonly hasMail: boolean;
    readonly hasPipes: boolean;
    readonly reach: (port: number) => GuestAddress;
    readonly facade?: GuestFacade | undefined;
  },
): Guest {
  const places = [
    { here: spec.workspace.folder, inside: guestPaths.workspace },
    { here: options.programs, inside: guestPaths.programs },
  ];
  return {
    isolated: true,
    hasMail: options.hasMail,
    hasPipes: options.hasPipes,
    asRoot: options.asRoot,
    runDir: guestRunDir,
    place(path) {
      const found = places.find(({ here }) => isInside(here, path));
      return found ? posix.join(found.inside, relative(found.here, path).split(sep).join('/')) : path;
    },
    reach: options.reach,
    ...(options.facade && { facade: options.facade }),
  };
}

/** Object directories of the user's repository, to read. */
export function guestObjects(index: number): string {
  return `/muster/objects/${index}`;
}

export function guestRunDir(run: RunId): string {
  return `${guestPaths.runs}/${run}`;
}

/** The folder of this machine that a path of the workspace is inside; undefined for any other path. */
export function hostFolder(spec: SandboxSpec, inside: string): string | undefined {
  const within = posix.relative(guestPaths.workspace, inside);
  return within === '..' || within.startsWith('../') ? undefined : posix.join(spec.workspace.folder, within);
}
