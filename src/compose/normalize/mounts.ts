import type { MountSpec } from '../projectSpec.js';
import { VOLUME_NAME } from '../schema/serverFields.js';
import type { ComposeNode } from '../source/composeNode.js';
import { child } from '../source/composeNode.js';
import type { NormalizeContext } from './normalizeContext.js';
import { compareText, flagAt, itemsOf, optionalWordAt, rawText, refuse, textAt } from './normalizeContext.js';
import { cleanAbsolutePath } from './paths.js';

/** `source:target[:ro]` or a mapping; sorted by target. */
export function mounts(
  context: NormalizeContext,
  node: ComposeNode | undefined,
  volumeNames: ReadonlySet<string>,
): readonly MountSpec[] {
  const seen = new Set<string>();
  const found: MountSpec[] = [];
  for (const item of itemsOf(node)) {
    const mount = mountOf(context, item, volumeNames);
    if (!mount) continue;
    const targetNode = child(item, 'target') ?? item;
    if (seen.has(mount.target)) {
      const text = `duplicate volume target "${mount.target}"`;
      refuse(context, { code: 'compose.duplicateName', path: targetNode.path, span: targetNode.span, text });
    }
    seen.add(mount.target);
    found.push(mount);
  }
  return found.sort((a, b) => compareText(a.target, b.target));
}

/** One of them, its target without `.`, `..` and doubled slashes. */
export function mountOf(
  context: NormalizeContext,
  item: ComposeNode,
  volumeNames: ReadonlySet<string>,
): MountSpec | undefined {
  const written = item.kind === 'mapping' ? longMount(item) : shortMount(context, item);
  if (!written) return undefined;
  const { source, target, readOnly } = written;
  const type = written.type ?? inferredType(source, volumeNames);
  const sourceNode = child(item, 'source') ?? item;
  const targetNode = child(item, 'target') ?? item;
  if (type === 'volume' && !new RegExp(VOLUME_NAME, 'u').test(source)) {
    const text = `volume source "${source}" must be a name that matches ${VOLUME_NAME}, or a path that begins with / or .`;
    refuse(context, { path: sourceNode.path, span: sourceNode.span, text });
  }
  if (!target.startsWith('/')) {
    const text = `volume target "${target}" must be an absolute path`;
    refuse(context, { path: targetNode.path, span: targetNode.span, text });
  }
  return { type, source, target: cleanAbsolutePath('', target), readOnly };
}

interface WrittenMount {
  readonly type: MountSpec['type'] | undefined;
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

function longMount(node: ComposeNode): WrittenMount | undefined {
  const source = textAt(node, 'source');
  const target = textAt(node, 'target');
  if (source === undefined || target === undefined) return undefined;
  const type = optionalWordAt(node, 'type', ['volume', 'bind']);
  return { type, source, target, readOnly: flagAt(node, 'read_only', false) };
}

const MODES: Readonly<Record<string, { readonly readOnly: boolean }>> = {
  'ro': { readOnly: true },
  'readonly': { readOnly: true },
  'rw': { readOnly: false },
  '': { readOnly: false },
};

function shortMount(context: NormalizeContext, node: ComposeNode): WrittenMount | undefined {
  const written = rawText(node).trim();
  if (written === '') return undefined;
  const parts = /^([^:]+|[A-Za-z]:[\\/][^:]*):([^:]+)(?::([^:]*))?$/.exec(written);
  const mode = (parts?.[3] ?? '').trim().toLowerCase();
  const source = parts?.[1]?.trim() ?? '';
  const target = parts?.[2]?.trim() ?? '';
  const how = Object.hasOwn(MODES, mode) ? MODES[mode] : undefined;
  if (source === '' || target === '' || !how) {
    const text = `volume "${written}" must be source:target or source:target:ro`;
    refuse(context, { path: node.path, span: node.span, text });
    return undefined;
  }
  return { type: undefined, source, target, readOnly: how.readOnly };
}

function inferredType(source: string, volumeNames: ReadonlySet<string>): MountSpec['type'] {
  if (volumeNames.has(source)) return 'volume';
  return /^([/.~]|[A-Za-z]:[\\/])/.test(source) ? 'bind' : 'volume';
}
