import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isId, type RunId, type SandboxId } from '../../base/ids.js';
import { JsonFields } from '../../base/jsonFields.js';
import { glanceInto, glanceNames } from '../../node/looks.js';
import { makePrivateDirectory } from '../../node/privateDirectory.js';
import { writeWhole } from '../../node/runFiles.js';
import { sandboxFolder } from '../guests/guestFolders.js';

/** What the next host has to know of a machine that this one booted. */
export interface VmRecord {
  readonly sandbox: SandboxId;
  readonly run: RunId;
  /** What it may write to on this machine. */
  readonly folders: readonly string[];
  readonly diskBytes: number;
  /** The run's directory. */
  readonly runDir: string;
}

const longestRecord = 256 * 1024;
const mostSandboxes = 100_000;

/**
 * Which machines belong to which sandbox, one file each, out of reach of everything inside. Runtimes keep names alone, and what they
 * keep is in files of their own.
 */
export class VmRecords {
  readonly #stateDir: string;

  constructor(stateDir: string) {
    this.#stateDir = stateDir;
  }

  write({ sandbox, run, ...record }: VmRecord): void {
    makePrivateDirectory(this.#folder(sandbox));
    writeWhole(this.#file(sandbox, run), JSON.stringify(record));
  }

  all(): readonly VmRecord[] {
    return glanceNames(join(this.#stateDir, 'sandboxes'), { most: mostSandboxes }).flatMap(sandbox =>
      isId<'sandbox'>(sandbox) ? this.ofSandbox(sandbox) : [],
    );
  }

  ofSandbox(sandbox: SandboxId): readonly VmRecord[] {
    const names = glanceNames(this.#folder(sandbox), { most: mostSandboxes });
    return names.flatMap(name => {
      const [, run = ''] = /^(\w+)\.json$/.exec(name) ?? [];
      const record = isId<'run'>(run) ? this.#read(sandbox, run) : undefined;
      return record ? [record] : [];
    });
  }

  ofRun(run: RunId): VmRecord | undefined {
    for (const sandbox of glanceNames(join(this.#stateDir, 'sandboxes'), { most: mostSandboxes })) {
      const record = isId<'sandbox'>(sandbox) ? this.#read(sandbox, run) : undefined;
      if (record) return record;
    }
    return undefined;
  }

  forget({ sandbox, run }: Pick<VmRecord, 'sandbox' | 'run'>): void {
    rmSync(this.#file(sandbox, run), { force: true });
  }

  #read(sandbox: SandboxId, run: RunId): VmRecord | undefined {
    const file = glanceInto(this.#file(sandbox, run), { maxBytes: longestRecord });
    if (file?.kind !== 'file' || file.truncated) return undefined;
    const fields = JsonFields.parse(file.bytes.toString('utf8'));
    return {
      sandbox,
      run,
      folders: fields.texts('folders'),
      diskBytes: fields.number('diskBytes') ?? Number.NaN,
      runDir: fields.text('runDir') ?? '',
    };
  }

  #folder(sandbox: SandboxId): string {
    return join(sandboxFolder(this.#stateDir, sandbox), 'machines');
  }

  #file(sandbox: SandboxId, run: RunId): string {
    return join(this.#folder(sandbox), `${run}.json`);
  }
}
