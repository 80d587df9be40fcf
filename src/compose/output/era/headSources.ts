import { mountOf } from '../../normalize/mounts.js';
import { skillName } from '../../normalize/skills.js';
import { interpolatedAt } from '../../normalize/interpolate.js';
import { itemsOf, textAt } from '../../normalize/normalizeContext.js';
import { cleanAbsolutePath, cleanRelativePath } from '../../normalize/paths.js';
import type { ComposeNode } from '../../source/composeNode.js';
import type { CanonicalObject } from '../canonicalValue.js';
import { filled } from '../canonicalValue.js';
import type { EraInput } from './eraInput.js';

/** Undefined for the providers that only we have. */
export function headWorkspace(
  input: EraInput,
  node: ComposeNode,
  name: string | undefined,
): CanonicalObject | undefined {
  const written = textAt(node, 'provider')?.toLowerCase();
  const provider = written === 'local' ? 'file' : written;
  if (provider !== 'file' && provider !== 'git') return undefined;
  const isFile = provider === 'file';
  const target = textAt(node, 'target') ?? (isFile ? undefined : textAt(node, 'path'));
  return filled({
    name,
    provider,
    url: textAt(node, 'url'),
    ref: textAt(node, 'ref') ?? textAt(node, 'branch'),
    path: isFile ? cleanRelativePath(textAt(node, 'path') ?? '.') : undefined,
    ...credentials(input, node),
    target: cleanRelativePath(target ?? '.'),
  });
}

/** A folder of the project is named by its absolute path. */
export function headSkill(input: EraInput, node: ComposeNode): CanonicalObject {
  const at = (key: string): string | undefined => interpolatedAt(input.context, node, key);
  const provider = at('provider')?.toLowerCase();
  const path = at('path');
  return filled({
    name: at('name') ?? skillName(at('url'), path),
    provider,
    url: at('url'),
    ref: at('ref'),
    path: path !== undefined && provider === 'file' ? cleanAbsolutePath(input.folder, path) : path,
    format: at('format')?.toLowerCase(),
    ...credentials(input, node),
  });
}

/** What the file says: references, never what is behind them. */
function credentials(input: EraInput, node: ComposeNode): CanonicalObject {
  return filled({
    username: textAt(node, 'username'),
    password: textAt(node, 'password'),
    token: textAt(node, 'token'),
  });
}

/** In the order of the file. */
export function headMounts(
  input: EraInput,
  node: ComposeNode | undefined,
  volumeNames: ReadonlySet<string>,
): readonly CanonicalObject[] {
  return itemsOf(node)
    .map(item => mountOf(input.context, item, volumeNames))
    .filter(mount => mount !== undefined)
    .map(({ type, source, target, readOnly }) => ({ type, source, target, ...(readOnly && { read_only: true }) }));
}
