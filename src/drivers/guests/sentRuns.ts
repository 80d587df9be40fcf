import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RunId, SandboxId } from '../../base/ids.js';
import { JsonFields } from '../../base/jsonFields.js';
import { glanceInto } from '../../node/looks.js';
import { makePrivateDirectory } from '../../node/privateDirectory.js';
import { writeWhole } from '../../node/runFiles.js';
import { sandboxFolder } from './guestFolders.js';

/** A run elsewhere, as this machine wrote it down. */
export interface SentRun {
  readonly sandbox: SandboxId;
  readonly run: RunId;
  /** On this machine. */
  readonly workspace: string;
  readonly readOnly: boolean;
  /** Ports of this machine that it reaches. */
  readonly ports: readonly number[];
  /** Hosts that it reaches through this machine. */
  readonly allowed: readonly string[];
  /** What its files may come to; missing in what an earlier version wrote. */
  readonly diskBytes?: number | undefined;
  /** In a cluster, the number of the one pod that its files were sent to; missing until they were. */
  readonly pod?: string | undefined;
  /** What a person is told of how it was sent, below what it complains of. */
  readonly note?: string | undefined;
}

const longestRecord = 256 * 1024;

/**
 * Runs that were sent elsewhere. What an engine or a cluster, or others who use it, say in labels decides nothing here: into which folder
 * their files go, and which ports and hosts they reach, stands in a file of this machine.
 */
export class SentRuns {
  readonly #stateDir: string;

  constructor(stateDir: string) {
    this.#stateDir = stateDir;
  }

  write({ sandbox, run, ...record }: SentRun): void {
    makePrivateDirectory(this.#folder(sandbox));
    writeWhole(this.#file({ sandbox, run }), JSON.stringify(record));
  }

  /** Undefined for one that this machine did not send, or that has come back. */
  find({ sandbox, run }: Pick<SentRun, 'sandbox' | 'run'>): SentRun | undefined {
    const file = glanceInto(this.#file({ sandbox, run }), { maxBytes: longestRecord });
    if (file?.kind !== 'file' || file.truncated) return undefined;
    const fields = JsonFields.parse(file.bytes.toString('utf8'));
    const ports = fields.value('ports');
    return {
      sandbox,
      run,
      workspace: fields.text('workspace') ?? '',
      readOnly: fields.flag('readOnly') ?? true,
      ports: Array.isArray(ports) ? ports.filter(port => Number.isInteger(port)) : [],
      allowed: fields.texts('allowed'),
      diskBytes: fields.number('diskBytes'),
      pod: fields.text('pod'),
      note: fields.text('note'),
    };
  }

  forget(sent: Pick<SentRun, 'sandbox' | 'run'>): void {
    rmSync(this.#file(sent), { force: true });
  }

  #folder(sandbox: SandboxId): string {
    return join(sandboxFolder(this.#stateDir, sandbox), 'elsewhere');
  }

  #file({ sandbox, run }: Pick<SentRun, 'sandbox' | 'run'>): string {
    return join(this.#folder(sandbox), `${run}.json`);
  }
}
