import { parseByteSize } from '../byteSize.js';
import type { CacheSpec, DriverSpec, KubernetesSpec, TolerationSpec } from '../projectSpec.js';
import type { ComposeNode, MappingNode } from '../source/composeNode.js';
import { child, entryOf } from '../source/composeNode.js';
import {
  entriesOf,
  itemsOf,
  numberAt,
  pairsAt,
  refuse,
  textAt,
  textsOf,
  type NormalizeContext,
} from './normalizeContext.js';

/** The first runtime named; without one, containers when there is an image, otherwise processes. */
export function driverOf(context: NormalizeContext, node: MappingNode): DriverSpec {
  const driver = child(node, 'driver');
  const name = entriesOf(driver).find(entry =>
    ['process', 'docker', 'kubernetes', 'boxlite', 'microsandbox'].includes(entry.key),
  )?.key;
  const options = name === undefined ? undefined : child(driver, name);
  switch (name) {
    case 'process':
      return { name };
    case 'docker':
      return docker(context, options);
    case 'kubernetes':
      return kubernetes(options);
    case 'boxlite':
      return { name, kernel: textAt(options, 'kernel'), rootfs: textAt(options, 'rootfs') };
    case 'microsandbox':
      return { name, profile: textAt(options, 'profile') };
    default: {
      const hasImage = textAt(node, 'image') !== undefined || entryOf(node, 'build') !== undefined;
      return hasImage ? { name: 'docker' } : { name: 'process' };
    }
  }
}

function docker(context: NormalizeContext, node: ComposeNode | undefined): DriverSpec {
  const host = textAt(node, 'host');
  const listed = child(node, 'hosts');
  const hosts = [...new Set(textsOf(listed))];
  if (hosts.length === 0) return { name: 'docker', host };
  if (host !== undefined && listed)
    refuse(context, { path: listed.path, span: listed.span, text: 'hosts and host cannot both be given' });
  return { name: 'docker', hosts };
}

/** What is not there is left out, so that it is stored and compared as it was written. */
function kubernetes(node: ComposeNode | undefined): KubernetesSpec {
  const nodeSelector = pairsAt(node, 'node_selector');
  const tolerations = itemsOf(child(node, 'tolerations')).map(toleration);
  const imagePullSecrets = textsOf(child(node, 'image_pull_secrets'));
  return {
    name: 'kubernetes',
    context: textAt(node, 'context'),
    namespace: textAt(node, 'namespace'),
    serviceAccount: textAt(node, 'service_account'),
    nodeSelector: nodeSelector.length > 0 ? nodeSelector : undefined,
    tolerations: tolerations.length > 0 ? tolerations : undefined,
    runtimeClass: textAt(node, 'runtime_class'),
    imagePullSecrets: imagePullSecrets.length > 0 ? imagePullSecrets : undefined,
    facade: textAt(node, 'facade'),
    storage: textAt(node, 'storage'),
    cache: cache(child(node, 'cache')),
  };
}

function cache(node: ComposeNode | undefined): CacheSpec | undefined {
  if (node?.kind !== 'mapping') return undefined;
  const size = textAt(node, 'size');
  return {
    storage: textAt(node, 'storage'),
    sizeBytes: size === undefined ? undefined : parseByteSize(size),
    accessMode: textAt(node, 'access_mode'),
  };
}

function toleration(node: ComposeNode): TolerationSpec {
  return {
    key: textAt(node, 'key'),
    operator: textAt(node, 'operator'),
    value: textAt(node, 'value'),
    effect: textAt(node, 'effect'),
    seconds: numberAt(node, 'seconds'),
  };
}
