import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isId, type RunId, type SandboxId } from '../../base/ids.js';
import { JsonFields } from '../../base/jsonFields.js';
import { makePrivateDirectory } from '../../node/privateDirectory.js';
import { glanceInto } from '../../node/looks.js';
import { writeWhole } from '../../node/runFiles.js';
import { sandboxFolder } from '../guests/guestFolders.js';
import { labels } from './containerOptions.js';

/** What a host has to know of a container that an earlier one started. */
export interface StartedContainer {
  readonly sandbox: SandboxId | undefined;
  /** Missing: people are in it. */
  readonly run: RunId | undefined;
  /** On this machine. */
  readonly workspace: string | undefined;
  readonly readOnly: boolean;
  /** Ports of this machine that it reaches. */
  readonly ports: readonly number[];
  /** Hosts that it reaches through this machine. */
  readonly allowed: readonly string[];
  /** Where that is not among those of runs. */
  readonly directory?: string | undefined;
  /** Bytes that it may write; an engine elsewhere looks to that itself. */
  readonly diskBytes?: number;
}

type Labels = Readonly<Record<string, string>>;

/** As its labels have it, which an engine of this machine is believed. */
export function containerOfLabels(own: Labels): StartedContainer {
  const words = (text = ''): readonly string[] => text.split(' ').filter(word => word !== '');
  return {
    ...namesOf(own),
    workspace: own[labels.workspace],
    readOnly: own[labels.readOnly] !== undefined,
    ports: words(own[labels.doors])
      .filter(port => /^\d{1,5}$/.test(port))
      .map(Number),
    allowed: words(own[labels.allowed]),
    directory: own[labels.directory],
    diskBytes: Number(own[labels.disk]),
  };
}

/** Names alone: they are found here, or nowhere. */
function namesOf(own: Labels): Pick<StartedContainer, 'run' | 'sandbox'> {
  const { [labels.run]: run = '', [labels.sandbox]: sandbox = '' } = own;
  return {
    run: isId<'run'>(run) ? run : undefined,
    sandbox: isId<'sandbox'>(sandbox) ? sandbox : undefined,
  };
}

/** A run on an engine elsewhere, as this machine wrote it down. */
export interface SentRun extends StartedContainer {
  readonly sandbox: SandboxId;
  readonly run: RunId;
  readonly workspace: string;
}

const longestRecord = 256 * 1024;

/**
 * Runs that were sent to an engine elsewhere. What such an engine, or others who use it, say in labels decides nothing here: into which
 * folder their files go, and which ports and hosts they reach, stands in a file of this machine.
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

  /** The run of a container; undefined for one that this machine did not send, or that has come back. */
  of(own: Labels): SentRun | undefined {
    const { run, sandbox } = namesOf(own);
    if (run === undefined || sandbox === undefined) return undefined;
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
