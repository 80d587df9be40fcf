import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../base/errors.js';
import type { SandboxLaunch, SandboxSpec } from '../../core/sandboxes/sandboxDriver.js';
import { makePrivateDirectory } from '../../node/privateDirectory.js';
import { runPath, writeWhole } from '../../node/runFiles.js';
import { guestObjects, guestPaths, guestRunDir, hostFolder } from './guestPaths.js';

/** A folder or file of this machine, and where it is inside. */
export interface GuestMount {
  readonly here: string;
  readonly inside: string;
  readonly readOnly: boolean;
}

/** `<state>/sandboxes/<id>`: the home folder and what else belongs to one sandbox alone. */
export function sandboxFolder(stateDir: string, sandbox: SandboxSpec['id']): string {
  return join(stateDir, 'sandboxes', sandbox);
}

/** Makes what belongs to a sandbox alone, again if parts of it are gone. */
export function makeGuestFolders(spec: SandboxSpec, stateDir: string): string {
  const own = sandboxFolder(stateDir, spec.id);
  for (const folder of ['home', 'tmp']) makePrivateDirectory(join(own, folder));
  chmodSync(join(own, 'tmp'), 0o1777);
  if (spec.workspace.git) writeWhole(join(own, 'gitfile'), `gitdir: ${guestPaths.gitDir}\n`);
  return own;
}

/** What everything in a sandbox has of this machine: workspace, home, `/tmp`, Muster's programs, its own git directory. */
export function guestMounts(
  { id, workspace }: Pick<SandboxSpec, 'id' | 'workspace'>,
  { stateDir, programs }: { readonly stateDir: string; readonly programs: string },
): readonly GuestMount[] {
  const own = sandboxFolder(stateDir, id);
  const { git } = workspace;
  return [
    guestMount(workspace.folder, guestPaths.workspace, workspace.readOnly === true ? 'read' : 'write'),
    guestMount(join(own, 'home'), guestPaths.home),
    guestMount(join(own, 'tmp'), '/tmp'),
    guestMount(programs, guestPaths.programs, 'read'),
    ...(git === undefined
      ? []
      : [
          guestMount(join(own, 'gitfile'), guestPaths.gitFile, 'read'),
          guestMount(git.gitDir, guestPaths.gitDir),
          ...git.objects.map((folder, index) => guestMount(folder, guestObjects(index), 'read')),
        ]),
  ];
}

/** What belongs to one run alone. */
export function guestRunMounts(
  { run, directory, folders = [] }: SandboxLaunch,
  stateDir: string,
): readonly GuestMount[] {
  return [
    guestMount(directory ?? runPath(stateDir, run), guestRunDir(run)),
    ...folders.map(({ here, inside }) => guestMount(here, inside)),
  ];
}

export function guestMount(here: string, inside: string, access: 'read' | 'write' = 'write'): GuestMount {
  return { here, inside, readOnly: access === 'read' };
}

/** Errors: `internal`: a run of this machine itself. */
export function requireSpec({ run, sandbox }: SandboxLaunch): SandboxSpec {
  if (sandbox) return sandbox;
  throw new AppError('internal', `Run ${run} has no sandbox to start in.`, { detail: 'launch without sandbox' });
}

/** A runtime would make a missing folder, or tell nobody which it is. Errors: `worktree.missing`. */
export function requireFolder(spec: SandboxSpec, cwd: string): void {
  const folder = hostFolder(spec, cwd);
  for (const path of [spec.workspace.folder, ...(folder === undefined ? [] : [folder])]) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) continue;
    throw new AppError('worktree.missing', `The run was to work in ${path}, which is not there any more.`, { path });
  }
}
