import { isId, type RunId, type SandboxId } from '../../base/ids.js';
import type { SentRun, SentRuns } from '../guests/sentRuns.js';
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

/** The run of a container, as this machine sent it. */
export function sentRunOf(sent: SentRuns, own: Labels): SentRun | undefined {
  const { run, sandbox } = namesOf(own);
  return run === undefined || sandbox === undefined ? undefined : sent.find({ run, sandbox });
}
