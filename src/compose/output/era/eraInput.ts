import { envEntries } from '../../normalize/interpolate.js';
import type { NormalizeContext } from '../../normalize/normalizeContext.js';
import { entriesOf, rawText, textAt } from '../../normalize/normalizeContext.js';
import type { EnvEntry } from '../../projectSpec.js';
import type { ComposeNode } from '../../source/composeNode.js';
import { child } from '../../source/composeNode.js';
import type { CanonicalObject } from '../canonicalValue.js';
import { REDACTED } from '../redactSpec.js';

/**
 * What the printers of agent-compose's normal forms read: the file itself, which is known to be valid, because those forms
 * keep what ours does not: order, words and durations as they are written.
 */
export interface EraInput {
  /** Its problems were said before. */
  readonly context: NormalizeContext;
  /** Absolute folder of the compose file. */
  readonly folder: string;
  /** Order of the keys of a map, which is not the same in its YAML and its JSON. */
  readonly compareKeys: (a: string, b: string) => number;
  /** Contents of script files by their path as the file has it. */
  readonly scripts?: ReadonlyMap<string, string> | undefined;
}

export function eraVariables(input: EraInput, node: ComposeNode | undefined): readonly CanonicalObject[] {
  return envEntries(input.context, node).map(eraVariable);
}

/** Headers with a reference are hidden, although agent-compose prints them. */
export function eraHeaders(input: EraInput, node: ComposeNode | undefined): readonly CanonicalObject[] {
  return envEntries(input.context, node, { referencesAreSecret: true }).map(eraVariable);
}

export function eraVariable(entry: EnvEntry): CanonicalObject {
  return entry.secret ? { name: entry.name, value: REDACTED, secret: true } : { name: entry.name, value: entry.value };
}

/** A mapping of texts as a mapping. */
export function eraMap(
  input: EraInput,
  node: ComposeNode | undefined,
  read: (value: ComposeNode) => string = rawText,
): CanonicalObject {
  const pairs = entriesOf(node).map(entry => [entry.key.trim(), read(entry.value)] as const);
  return Object.fromEntries(pairs.filter(([key]) => key !== '').sort(([a], [b]) => input.compareKeys(a, b)));
}

/** The runtime that is written, else `docker`, which is the default there. */
export function eraDriver(node: ComposeNode | undefined): CanonicalObject {
  const entry = entriesOf(node).find(({ key }) => key !== 'firecracker');
  if (!entry) return { name: 'docker', docker: {} };
  const options = entriesOf(entry.value).map(({ key }) => [key, textAt(entry.value, key) ?? ''] as const);
  return { name: entry.key, [entry.key]: Object.fromEntries(options.filter(([, text]) => text !== '')) };
}

/** The fields of a trigger that both eras have, in their order; `cron` is followed by what only one of them has. */
export function eraTrigger(node: ComposeNode, afterCron: CanonicalObject = {}): CanonicalObject {
  const kinds = ['cron', 'interval', 'timeout', 'event'] as const;
  const kind = kinds.find(name => child(node, name) !== undefined) ?? 'cron';
  const name = textAt(node, 'name');
  const prompt = rawText(child(node, 'prompt'));
  const written = kind === 'event' ? { topic: textAt(child(node, 'event'), 'topic') ?? '' } : textAt(node, kind);
  return {
    ...(name !== undefined && { name }),
    kind,
    ...(written !== undefined && { [kind]: written }),
    ...(kind === 'cron' && afterCron),
    ...(prompt !== '' && { prompt }),
  };
}
