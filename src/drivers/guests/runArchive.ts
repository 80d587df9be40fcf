import { realpath } from 'node:fs/promises';
import type { RunId } from '../../base/ids.js';
import type { SandboxSpec } from '../../core/sandboxes/sandboxDriver.js';
import { runPath } from '../../node/runFiles.js';
import { guestPaths } from './guestPaths.js';
import { packDirectory, packFolder, type Owner } from './packFolder.js';
import { packing, type Packed } from './packing.js';

export interface ArchivedRun {
  readonly run: RunId;
  readonly spec: SandboxSpec;
  /** Whose the files are there. */
  readonly owner: Owner;
  readonly stateDir: string;
  readonly programsFolder: string;
  /** The home folder, as this machine has it; missing: it is there already, or begins empty. */
  readonly home?: string | undefined;
  /** Files of its own in folders that are not made by it: `control/launch`. */
  readonly files?: Readonly<Record<string, string>>;
  /** A volume of its own is where the worktree goes: that folder is there, and nobody's to change. */
  readonly hasWorkspace?: boolean;
  /** Missing: nothing of it. */
  readonly there?: ThereAlready | undefined;
}

/** What is there already: all that the git directory borrows, and these. */
export interface ThereAlready {
  /** Of the worktree, by paths relative to it. */
  readonly files: ReadonlySet<string>;
  readonly index: boolean;
}

/** Programs that run inside; the others are the host's. */
export const isGuestProgram = (path: string): boolean => /^demo\w*\.js$/i.test(path);

/** All that a run needs elsewhere: worktree, git directory with the objects that it borrows, the run's directory, programs. */
export function runArchive(archived: ArchivedRun): Packed {
  const { run, spec, owner, stateDir, programsFolder, home, hasWorkspace = false, there } = archived;
  return packing(async archive => {
    const { workspace } = spec;
    const folders = ['home', ...(hasWorkspace ? [] : ['workspace']), 'runs', 'programs', 'git', 'objects'];
    for (const name of folders) await packDirectory(archive, name, owner);
    for (const [name, text] of Object.entries(archived.files ?? {}))
      archive.entry({ ...owner, name, mode: 0o600 }, text);
    if (home !== undefined) await packFolder({ archive, folder: home, as: 'home/', owner });
    const isFile = (path: string): boolean => path !== '.git';
    await packFolder({
      archive,
      folder: workspace.folder,
      as: 'workspace/',
      owner,
      isWanted: path => isFile(path) && there?.files.has(path) !== true,
      isEntered: isFile,
    });
    if (workspace.git) {
      archive.entry({ ...owner, name: 'workspace/.git', mode: 0o644 }, `gitdir: ${guestPaths.gitDir}\n`);
      const isSent = (path: string): boolean => path !== 'index' || there?.index !== true;
      await packFolder({ archive, folder: workspace.git.gitDir, as: 'git/', owner, isWanted: isSent });
      for (const [index, folder] of workspace.git.objects.entries()) {
        await packDirectory(archive, `objects/${index}`, owner);
        if (!there) await packFolder({ archive, folder, as: `objects/${index}/`, owner });
      }
    }
    await packDirectory(archive, `runs/${run}`, owner);
    await packFolder({ archive, folder: runPath(stateDir, run), as: `runs/${run}/`, owner });
    const programs = { archive, folder: await realpath(programsFolder), as: 'programs/', owner };
    await packFolder({ ...programs, isWanted: isGuestProgram, isEntered: () => false });
  });
}
